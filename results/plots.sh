#!/bin/sh
# plots.sh - draws all figures of the reference data, for `make plots`.
#
#     plots.sh REFERENCE OUT FORMATS
#
# Runs in the build tree.  The tables in REFERENCE go into OUT/reference.db, and
# the figures into OUT.  The same tables and the same gnuplot give the same
# bytes: a PDF's date is that of the run.
die() {
	echo "make plots: $*" >&2
	exit 1
}

[ $# -eq 3 ] || die "expected REFERENCE OUT FORMATS"
[ -s "$1/run.json" ] ||
	die "there is no reference data in $1; 'make reference' measures it"
started=$(sed -n 's/^ "started": "\(.*\)".*/\1/p' "$1/run.json" | tr -dc 0-9)
[ ${#started} -eq 14 ] || die "$1/run.json does not say when the run started"

mkdir -p "$2" && rm -f "$2/reference.db" || exit 1
harness/harness import "$1" --db="$2/reference.db" >/dev/null &&
	harness/harness plot --db="$2/reference.db" --format="$3" --out="$2" ||
	die "the figures could not be drawn"
# As long as what it replaces, so that offsets stay true.
for pdf in "$2"/*.pdf; do
	[ ! -e "$pdf" ] || LC_ALL=C sed -i \
		"s,/CreationDate (D:[0-9]\{14\},/CreationDate (D:$started," \
		"$pdf" || die "the date in $pdf could not be set"
done
