#!/bin/sh
# example.sh - measures and draws what README shows, for `make example`.
#
#     example.sh SOURCE PYTHONS REPEAT
#
# Runs in the build tree.  PYTHONS are version prefixes or tags, separated by
# commas; of each, the newest interpreter is measured, and those that are not
# there are left out.  All is made in example/.  Only when it is complete does
# it go to SOURCE/results/example and, as far as README repeats it, into
# SOURCE/README.md, so that the two cannot differ (see fill.awk).
die() {
	echo "make example: $*" >&2
	exit 1
}

[ $# -eq 3 ] || die "expected SOURCE PYTHONS REPEAT"
source=$1
repeat=$3
command -v gnuplot >/dev/null || die "gnuplot is not installed"

tags=
for python in $(echo "$2" | tr ',' ' '); do
	# Keys of cells begin with the tag.
	tag=$(harness/harness run --dry-run --strategy=none --python="$python" |
		cut -d / -f 1 | sort -V | tail -n 1)
	[ -z "$tag" ] || tags=$tags${tags:+,}$tag
done
[ -n "$tags" ] || die "none of $2 is there; name others with EXAMPLE_PYTHONS="

run="harness/harness run --strategy=none,freeze --workload=objectgraph\
 --scale=300000 --workers=8 --requests=4000 --repeat=$repeat\
 --python=$tags --db=example/run.db"
plot="harness/harness plot --figure=memory,copies --format=svg --out=example\
 --db=example/run.db"
compare="harness/harness compare none freeze --db=example/run.db"

rm -rf example
mkdir example || exit 1
{
	echo "$run" | sed 's/ --workers/ \\\n   &/; s/ --python/ \\\n   &/'
	echo "$plot"
	echo "$compare"
} >example/command.txt
# Nothing in these lines needs quoting.
$run >example/table.txt || die "the run failed; nothing was changed"
$plot >/dev/null && [ -s example/memory.svg ] && [ -s example/copies.svg ] ||
	die "the figures could not be drawn; nothing was changed"
$compare >example/compare.txt || die "compare failed; nothing was changed"
awk -v dir=example -f "$source/results/fill.awk" "$source/README.md" \
	>example/README.md ||
	die "README.md lacks a marker (see results/fill.awk); nothing was changed"

cd example && cp command.txt table.txt compare.txt memory.svg copies.svg \
	"$source/results/example/" && cp README.md "$source/README.md" ||
	die "cannot write to $source; what was made is in example/"
