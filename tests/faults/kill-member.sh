#!/bin/sh
# A process of a cell is killed: that cell fails with the reason, the others go on.
. "$top_srcdir/tests/faults/faultlib.sh"

# expect_failed REASON: the second cell, for a reason that matches the pattern.
expect_failed() {
	release
	await
	expect_status 3
	expect_same "states" "1 failed 2 ok" "$(states)"
	reason=$(ask "$tmp/out" '[c["reason"] for c in d["cells"]
		if c["status"] == "failed"]')
	# shellcheck disable=SC2254 # a pattern
	case $reason in
	$1) ;;
	*) fail "$phase: the reason is '$reason', not '$1'" ;;
	esac
	cp "$tmp/out" "$tmp/run.json"
	expect_metrics "$tmp/run.json"
	harness run --resume --db="$db"
	expect_usage "no unfinished run"
	expect_intact "$db"
	expect_nothing_left_behind
}

# fault: kill -9 of the cell process
# when: start, warm, frozen, serve, exit
# then: that cell fails with this reason, the others go on; the coordinator ends
#     what it has left and removes its cgroup
for phase in start warm frozen serve exit; do
	begin $phase
	kill -KILL "$cell"
	expect_failed "the cell's process was killed by signal 9 (Killed)"
done

# With the last one, nobody comes who would tidy up for it.
waiting=3
begin serve
kill -KILL "$cell"
expect_failed "the cell's process was killed by signal 9 (Killed)"
waiting=2

# fault: SIGTERM to the cell process
# when: serve
# then: it cleans up; the cell fails with this reason, the others go on
begin serve
kill -TERM "$cell"
expect_failed "the cell's process ended with status 130: *interrupted"

# fault: kill -9 of the template
# when: start, warm, frozen, serve, exit
# then: its workers end with it; the cell fails with this reason
for phase in start warm frozen serve exit; do
	begin $phase
	kill -KILL "$template"
	case $phase in
	exit) expect_failed "the template *" ;;
	*) expect_failed "the template was killed by signal 9 (Killed)*" ;;
	esac
done

# fault: kill -9 of a worker
# when: serve, exit
# then: the cell fails with this reason and the requests it had served
begin serve
kill -KILL "$worker"
expect_failed "worker 1 was killed by signal 9 (Killed) after 3 requests"
begin exit
kill -KILL "$worker"
expect_failed "worker 1 was killed by signal 9 (Killed) at its exit"

finish
