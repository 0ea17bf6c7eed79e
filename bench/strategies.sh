#!/bin/sh
# strategies.sh HARNESS DB TAG... - what the strategies that bring copied pages
# back leave of freeze's memory, and what they cost: one run per interpreter,
# kept in DB.  Settings come from the environment, or are those below:
#   BENCH_SCALE BENCH_WORKERS BENCH_REQUESTS BENCH_REPEAT   of the workload
#   BENCH_STACKS    to compare, a comma between two; `freeze` is one of them
# Figures are means over repeats; behind each stands its ratio to freeze in the
# same run.  No setting of the host is changed, so ksm merges at the pace at which
# its scanner is set, if it runs at all; a cell lasts seconds, a server days.
harness=$1 db=$2
shift 2
: "${BENCH_SCALE:=150000}" "${BENCH_WORKERS:=4}" "${BENCH_REQUESTS:=3000}"
: "${BENCH_REPEAT:=3}"
: "${BENCH_STACKS:=none,freeze,freeze+reshare,freeze+immortal,\
freeze+immortal+reshare,freeze+ksm}"
here=$(dirname "$0")
ksm=/sys/kernel/mm/ksm
scans() { cat $ksm/full_scans 2>/dev/null; }

for tag; do
	before=$(scans)
	"$harness" run --db="$db" --python="$tag" --baseline=freeze \
		--strategy="$BENCH_STACKS" --scale="$BENCH_SCALE" \
		--workers="$BENCH_WORKERS" --requests="$BENCH_REQUESTS" \
		--repeat="$BENCH_REPEAT" --format=csv >/dev/null
	status=$?
	# Not all may be well: the table or the harness says what.
	case $status in
	0 | 3 | 4 | 5 | 124) ;;
	*) exit $status ;;
	esac
	"$harness" export --db="$db" --format=tsv |
		awk -v stacks="$BENCH_STACKS" -f "$here/strategies.awk" || exit 1
	# Where it does not run, the table has said so.
	if [ "$(cat $ksm/run 2>/dev/null)" = 1 ]; then
		echo "  ksm: the scanner is set to" \
			"$(cat $ksm/pages_to_scan) pages every" \
			"$(cat $ksm/sleep_millisecs) ms, and went through all" \
			"it had to $(($(scans) - before)) times during this run"
	fi
	echo
done
