#!/bin/sh
# plots.sh - draws all figures of the reference data, for `make plots`.
#
#     plots.sh REFERENCE OUT FORMATS
#
# Runs in the build tree.  The tables in REFERENCE go into OUT/reference.db, and
# the figures into OUT.  The same tables and the same gnuplot give the same
# bytes.
die() {
	echo "make plots: $*" >&2
	exit 1
}

[ $# -eq 3 ] || die "expected REFERENCE OUT FORMATS"
[ -s "$1/run.json" ] ||
	die "there is no reference data in $1; 'make reference' measures it"

mkdir -p "$2" && rm -f "$2/reference.db" || exit 1
harness/harness import "$1" --db="$2/reference.db" >/dev/null &&
	harness/harness plot --db="$2/reference.db" --format="$3" --out="$2" ||
	die "the figures could not be drawn"
