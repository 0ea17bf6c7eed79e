#!/bin/sh
# A run may be stopped or killed at any moment: finished cells are kept, nothing
# stays behind, and --resume runs what is left, each cell once.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
db=$tmp/new.db

# begin: starts 4 cells of which the second waits in a request.
begin() {
	rm -f "$tmp/cells" "$tmp/held" "$db" "$db.lock"
	echo 2 >"$tmp/hold"
	# shellcheck disable=SC2086 # a list of options
	start run --db="$db" --python="$tag" $small --repeat=2 --format=csv \
		--workload="$bad/hold.py"
	wait_for "$tmp/held"
	template=$(tail -n 1 "$tmp/cells")
	cell=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$template/status")
	[ -e "$tmp/hold-in-warm" ] ||
		worker=$(tr ' ' '\n' <"/proc/$template/task/$template/children" | head -n 1)
}

# The run has ended in the second cell.
expect_stopped() {
	expect_nothing out
	expect_no_processes
	harness list runs --db="$db" --format=json
	expect_status 0
	expect_json "$tmp/out" '[[r[k] for k in ("run", "finished", "cells", "ok",
		"failed", "pending")] for r in d["runs"]] == [[1, None, 4, 1, 0, 3]]'
	harness export --db="$db" --format=csv
	expect_status 0
	grep ,ok, "$tmp/out" >"$tmp/finished"
}

# Three cells are left; the second is begun once more.
expect_resumable() {
	rm "$tmp/hold"
	harness run --resume --db="$db" --format=csv
	expect_status 0
	expect_nothing err
	expect_same "cells begun" 5 "$(wc -l <"$tmp/cells")"
	expect_same "states" "4 ok" "$(tail -n +2 "$tmp/out" | cut -d , -f 13 |
		sort | uniq -c | sed 's/^ *//')"
	expect_same "cells" 4 "$(tail -n +2 "$tmp/out" | cut -d , -f 2-12 |
		sort -u | wc -l)"
	grep -qxFf "$tmp/finished" "$tmp/out" || fail "the finished cell changed"
	harness run --resume --db="$db"
	expect_usage "no unfinished run"
	expect_no_processes
}

expect_interrupted() {
	await
	expect_status 130
	expect_line err "^harness: interrupted; finished cells are kept in $db, \
go on with 'run --resume --db=$db'"
	expect_stopped
	expect_resumable
}

begin
kill -INT "-$pid"
expect_interrupted
begin
kill -TERM "$pid"
expect_interrupted
begin
kill -HUP "$pid"
expect_interrupted
begin
kill -INT "-$pid"
kill -INT "-$pid"
expect_interrupted

expect_killed() {
	await 2>"$tmp/shell"
	expect_status 137
	expect_stopped
	expect_resumable
}
begin
kill -KILL "$pid"
expect_killed
# A template that is busy does not notice by itself that nobody listens.
: >"$tmp/hold-in-warm"
begin
kill -KILL "$pid"
expect_killed
begin
kill -INT "-$pid"
expect_interrupted
rm "$tmp/hold-in-warm"

# Other runs do not keep an unfinished one from being resumed.
begin
kill -TERM "$pid"
await
expect_stopped
# shellcheck disable=SC2086 # a list of options
harness run --db="$db" --python="$tag" $small --format=csv
expect_status 0
expect_resumable

# A process of a cell is killed: only that cell fails.
# expect_failed PATTERN: the reason of the second cell.
expect_failed() {
	await
	expect_status 3
	expect_line err "^harness: failed: $tag/[a-z]*/.*/hold\\.py: $1\$"
	expect_same "states" "1 failed
3 ok" "$(tail -n +2 "$tmp/out" | cut -d , -f 13 | sort | uniq -c |
		sed 's/^ *//')"
	harness run --resume --db="$db"
	expect_usage "no unfinished run"
	harness export --db="$db"
	cp "$tmp/out" "$tmp/export.json"
	expect_metrics "$tmp/export.json"
	expect_no_processes
}
begin
kill -KILL "$template"
expect_failed "the template was killed by signal 9 (Killed)"
begin
kill -TERM "$template"
expect_failed "the template was killed by signal 15 (Terminated)"
begin
kill -KILL "$worker"
expect_failed "worker 1 was killed by signal 9 (Killed) after 3 requests"
begin
kill -KILL "$cell"
expect_failed "the cell's process was killed by signal 9 (Killed)"

# To go on with a run dry is refused or runs nothing.
begin
kill -TERM "$pid"
await
rm "$tmp/hold"
harness run --resume --dry-run --db="$db"
expect_same "cells begun" 2 "$(wc -l <"$tmp/cells")"
if [ "$status" -eq 2 ]; then
	expect_usage "--dry-run"
else
	expect_status 0
	expect_same "keys" 3 "$(wc -l <"$tmp/out")"
fi

# fault: SIGTERM to the coordinator
# when: planning
# then: exit code 130 and one line; there is no database yet
mkdir "$tmp/site"
cat >"$tmp/site/sitecustomize.py" <<'END'
import os, time
open(os.path.join(os.environ["PERMAFROST_TEST"], "planning"), "w").close()
time.sleep(30)
END
rm -f "$db"*
PYTHONPATH=$tmp/site
export PYTHONPATH
# shellcheck disable=SC2086 # a list of options
start run --db="$db" --python="$tag" $small --format=csv
unset PYTHONPATH
wait_for "$tmp/planning"
kill -TERM "$pid"
await
expect_status 130
expect_nothing out
expect_line err "^harness: "
expect_no_file "$db"
expect_no_processes

finish
