#!/bin/sh
# The coordinator is killed at random moments, and resumed, until all is done.  The
# moments come from a seed (FAULT_SEED), of which the rest depends on the machine.
. "$top_srcdir/tests/faults/faultlib.sh"

# fault: kill -9 of the coordinator at 20 random moments (5 in `make check`), each
#     followed by `--resume`
# when: any, from planning to printing
# then: every cell is there exactly once; at most the cell that was killed is begun
#     again; what was finished never changes; the database is whole after each
seed=${FAULT_SEED:-20}
moments=5
[ -z "$FAULTS" ] || moments=20
cells=8
: >"$tmp/cells"
echo "$moments moments from seed $seed"

# expect_once: each run has all its cells once, and they are ok unless it is the
# one that goes on.
expect_once() {
	harness list runs --db="$db" --format=json
	expect_status 0
	expect_json "$tmp/out" "all(r['cells'] == $cells and
		r['ok'] + r['pending'] == $cells for r in d['runs'])"
	expect_json "$tmp/out" 'all(r["finished"] or r is d["runs"][-1]
		for r in d["runs"])'
	runs=$(ask "$tmp/out" 'len(d["runs"])')
	expect_intact "$db"
}

# keep: expects that the cells that were finished before are as they were, and
# keeps those that are now.
keep() {
	for run in $(seq "$runs"); do
		harness export --db="$db" --run="$run" --format=csv
		grep ,ok, "$tmp/out"
	done >"$tmp/finished.new"
	if [ -s "$tmp/finished" ]; then
		grep -vxFf "$tmp/finished.new" "$tmp/finished" >"$tmp/changed" &&
			fail "finished cells have changed: $(cat "$tmp/changed")"
	fi
	mv "$tmp/finished.new" "$tmp/finished"
}

# go_on start|harness: begins a run, or goes on with the one that is not finished.
go_on() {
	unfinished=
	if [ -s "$db" ]; then
		harness list runs --db="$db" --format=json
		[ "$status" -ne 0 ] || unfinished=$(ask "$tmp/out" \
			'"" if all(r["finished"] for r in d["runs"]) else "yes"')
	fi
	if [ -n "$unfinished" ]; then
		"$1" run --resume --db="$db" --format=json
	else
		# shellcheck disable=SC2086 # a list of options
		"$1" run --db="$db" --python="$tag" --baseline=freeze \
			--repeat=$cells --workload="$workloads/phases.py" \
			$tiny --format=json
	fi
}

delays=$(awk -v seed="$seed" 'BEGIN {
	srand(seed)
	for (i = 0; i < 500; i++)
		printf "%.3f\n", 1.2 * rand()
}')
kills=0
for delay in $delays; do
	go_on start
	sleep "$delay"
	kill -KILL "$pid" 2>/dev/null
	await 2>"$tmp/shell"
	case $status in
	137) kills=$((kills + 1)) ;;
	0) ;;		# it was faster
	*) fail "exit code $status" ;;
	esac
	expect_nothing_left_behind
	# Killed while it was being made, the database may not hold anything.
	if [ -s "$db" ] && harness list runs --db="$db" && [ "$status" -eq 0 ]; then
		expect_once
		[ "$runs" -eq 0 ] || keep
	fi
	[ "$kills" -lt "$moments" ] || break
	[ "$failures" -eq 0 ] || break
done
expect_same "kills" "$moments" "$kills"

go_on harness
expect_status 0
expect_once
keep
harness list runs --db="$db" --format=json
expect_json "$tmp/out" 'all(r["finished"] and not r["pending"] for r in d["runs"])'
all=$((runs * cells))
expect_same "cells that are ok" "$all" "$(wc -l <"$tmp/finished")"
warmed=$(wc -l <"$tmp/cells")
[ "$warmed" -ge "$all" ] && [ "$warmed" -le $((all + kills)) ] ||
	fail "$warmed cells were begun for $all and $kills kills"
echo "$kills kills, $runs runs of $cells cells, $warmed cells begun"
expect_nothing_left_behind
finish
