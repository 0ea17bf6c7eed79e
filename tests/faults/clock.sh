#!/bin/sh
# The wall clock is set while a run goes on: all durations come from clocks that
# cannot be set.
. "$top_srcdir/tests/faults/faultlib.sh"

# fault: the wall clock jumps by a day between any two readings of it
# when: all phases
# then: no cell times out, no duration is longer than the run or negative; only the
#     times at which a run began and ended are what the clock said
steps=$top_builddir/tests/faults/clocksteps.so
[ -e "$steps" ] || skip "$steps was not built"
first=$(LD_PRELOAD=$steps "$python" -c 'import time
print(int(abs(time.time() - time.time())))') || skip "nothing can be preloaded"
[ "$first" -gt 3600 ] || fail "the clock does not jump"
last="harness run, the clock jumping"
# shellcheck disable=SC2086 # a list of options
PERMAFROST_TEST=$tmp LD_PRELOAD=$steps timeout -s KILL 90 "$HARNESS" run \
	--db="$db" --python="$tag" --baseline=none --strategy=freeze $tiny \
	--format=json --timeout=80 >"$tmp/out" 2>"$tmp/err.all" </dev/null
status=$?
without_warnings
expect_status 0
expect_nothing err
expect_same "states" "2 ok" "$(states)"
cp "$tmp/out" "$tmp/run.json"
expect_metrics "$tmp/run.json"
expect_json "$tmp/run.json" 'all(0 <= c[key] < 90e6 for c in d["cells"]
	for key in ("fork_us", "freeze_us", "request_p50_us", "request_p999_us",
		"gc_pause_max_us", "gc_time_us"))'
expect_json "$tmp/run.json" 'all(0 < c["worker_cpu_ms"] < 90e3 for c in d["cells"])'
expect_nothing_left_behind

# fault: a duration is taken from the wall clock
# when: by source
# then: the only readings of it are the times at which a run began and ended
readings=$(cd "$top_srcdir" && grep -nE \
	'CLOCK_REALTIME|gettimeofday|[^_a-z]time\(|strftime' \
	harness/*.[ch] strategies/*.[ch] | grep -vE ':[[:space:]]*(/?\*|//)' |
	sed 's/:[0-9]*:.*//' | sort -u)
expect_same "files that read the wall clock" "harness/cellsfile.c
harness/storewrite.c" "$readings"
readings=$(cd "$top_srcdir" && grep -nE 'time\.time\(|datetime|import time' \
	workloads/driver.py workloads/describe.py strategies/permafrost/*.py)
expect_same "Python that reads the wall clock" "" "$readings"

finish
