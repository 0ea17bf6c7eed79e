#!/bin/sh
# What a run needs runs out: descriptors, processes, memory.
. "$top_srcdir/tests/faults/faultlib.sh"

# limited COMMAND...: a run of 2 workers under that command.
limited() {
	rm -f "$db"
	last="$* harness run"
	# shellcheck disable=SC2086 # a list of options
	PERMAFROST_TEST=$tmp timeout -s KILL 90 "$@" "$HARNESS" run --db="$db" \
		--python="$tag" --baseline=freeze $tiny --format=json \
		>"$tmp/out" 2>"$tmp/err.all" </dev/null
	status=$?
	without_warnings
}

# expect_told REASON: it worked, or one line says what was lacking, and matches the
# pattern: on stderr, or as the reason of the cell.
expect_told() {
	case $status in
	0) expect_same "states" "1 ok" "$(states)" ;;
	3)
		expect_same "states" "1 failed" "$(states)"
		ask "$tmp/out" 'd["cells"][0]["reason"]' >"$tmp/reason"
		grep -q "$1" "$tmp/reason" && [ "$(wc -l <"$tmp/reason")" -eq 1 ] ||
			fail "the reason is '$(cat "$tmp/reason")'"
		[ -z "$FAULTS" ] || echo "$last: $(cat "$tmp/reason")"
		;;
	1)
		expect_nothing out
		expect_line err "^harness: .*$1"
		[ -z "$FAULTS" ] || echo "$last: $(cat "$tmp/err")"
		;;
	*) fail "exit code $status" ;;
	esac
	expect_nothing_left_behind
}

# fault: out of file descriptors (ulimit -n from 8 on)
# when: planning, start, warm
# then: one line that says so, as the reason of the cell or of the end; 96 are enough
#     for 2 workers
for files in 8 12 16 24 64 70 ${FAULTS:+9 10 11 13 14 18 20 32 48 66 68 72 74 76 80}; do
	limited prlimit --nofile="$files:$files"
	expect_told "\([Tt]oo many open files\|unable to open\|out of memory\)"
done
limited prlimit --nofile=96:96
expect_status 0
# The harness takes what it may; the program keeps the limit that it had.
limited prlimit --nofile=40:4096
expect_status 0

# fault: out of processes (RLIMIT_NPROC, as another user)
# when: planning, start, frozen
# then: one line that says so, as the reason of the cell or of the end
user=61234
as_user="setpriv --reuid=$user --regid=$user --clear-groups"
if [ "$(id -u)" -eq 0 ] && $as_user sh -c "test -x '$HARNESS' &&
	test -r '$top_srcdir/workloads/driver.py' && '$python' -c 0" 2>/dev/null
then
	kept=$db
	chmod 711 "$tmp"
	mkdir "$tmp/theirs"
	chown $user "$tmp/theirs" "$TMPDIR"
	db=$tmp/theirs/new.db
	for processes in 1 2 3 4; do
		# shellcheck disable=SC2086 # words
		limited $as_user prlimit --nproc=$processes:$processes
		[ "$status" -ne 0 ] || fail "$processes processes were enough"
		expect_told "\(Resource temporarily unavailable\|BlockingIOError\)"
	done
	# shellcheck disable=SC2086 # words
	limited $as_user prlimit --nproc=5:5
	expect_status 0
	db=$kept
else
	echo "lack of processes not tested: needs root, and a build tree that" \
		"others may read"
fi

# fault: out of memory in the cell's cgroup (--memory-limit)
# when: serve
# then: the kernel ends processes of that cell alone; it fails, the reason names the
#     limit, and the cgroup is removed
key="$tag/freeze/w2/n5/c2/s500/r1/x1/$workloads/hog.py"
harness cell --memory-limit=48M --timeout=60 "$key"
if ask "$tmp/out" 'd["memory_limit_kib"]' | grep -qx 49152; then
	expect_status 3
	expect_nothing err
	expect_json "$tmp/out" 'd["status"] == "failed" and d["oom_kills"] > 0 and
		"killed by signal 9" in d["reason"] and
		d["reason"].endswith("needs more memory than the 48 MiB of "
			"--memory-limit")'
else
	echo "memory of a cgroup not tested: none can be made here"
fi
expect_nothing_left_behind

# fault: out of address space (RLIMIT_AS of the whole run)
# when: planning to serve
# then: one line that says so, as the reason of the cell or of the end
for mib in 24 32 48 64 ${FAULTS:+16 20 28 40 56 80 96 128 192}; do
	limited prlimit --as=$((mib << 20))
	[ "$status" -ne 127 ] || continue	# no room for its libraries
	expect_told "\([Mm]emory\|MemoryError\|error while loading\|No module\|status 1\)"
done

finish
