#!/bin/sh
# reference.sh - measures the reference data, for `make reference`.
#
#     reference.sh OUT PYTHONS STACKS WORKLOADS WORKERS REQUESTS REPEAT
#
# Runs in the build tree.  The run goes into reference/run.db; a second call
# with the same arguments goes on where the first was interrupted.  Only a
# complete run without failed cells goes as tables into OUT.  Histograms of
# request latencies, more than a third of all, stay in the database: no figure
# and no table shows more of them than their percentiles, which are metrics.
die() {
	echo "make reference: $*" >&2
	exit 1
}

[ $# -eq 7 ] || die "expected OUT PYTHONS STACKS WORKLOADS WORKERS REQUESTS REPEAT"
out=$1
db=reference/run.db
run="harness/harness run --python=$2 --strategy=$3 --workload=$4 --workers=$5\
 --requests=$6 --repeat=$7 --db=$db"
export="harness/harness export --format=tables --no-latencies --db=$db"
commands=$(echo "$run" | sed 's/ --/ \\\n    --/g'
	echo "$export --out=results/reference")

mkdir -p reference || exit 1
if [ -s $db ] && [ "$(cat reference/command.txt 2>/dev/null)" = "$commands" ] &&
	harness/harness run --resume --dry-run --db=$db >/dev/null 2>&1; then
	run="harness/harness run --resume --db=$db"
else
	rm -f $db $db-*
	echo "$commands" >reference/command.txt
fi
# Nothing in these lines needs quoting.
$run >reference/table.txt
case $? in
0) ;;
130) die "interrupted; again, and it goes on" ;;
*) die "the run is not what it should be, see reference/table.txt; nothing was" \
	"changed.  '$export --out=DIR' writes it all the same" ;;
esac
$export --out="$out" && cp reference/command.txt "$out" || die "nothing to show"
du -sk "$out" | sed 's/^\([0-9]*\).*/\1 KiB are in/' | tr '\n' ' '
echo "$out"
