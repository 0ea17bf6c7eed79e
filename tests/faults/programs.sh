#!/bin/sh
# What programs do to themselves and to others.  Exceptions, exits, output and hangs:
# tests/cli/badworkload.sh.
. "$top_srcdir/tests/faults/faultlib.sh"

# expect_cells TAG: those of the run in $tmp/out ended as `wanted` says, and left
# nothing behind.
expect_cells() {
	expect_outcomes "$1" "$tmp/out"
	expect_nothing_left_behind
	if [ -s "$tmp/daemons" ]; then
		while read -r pid_of; do
			grep -qs '^sleep' "/proc/$pid_of/comm" &&
				fail "$1: the daemon $pid_of is left"
		done <"$tmp/daemons"
		rm "$tmp/daemons"
	fi
}

# run_all TAG OPTION...: the workloads of `wanted`.
run_all() {
	list=$(echo "$wanted" | sed "s,^\([a-z_]*\) .*,$workloads/\1.py," |
		tr '\n' ',')
	each=$1
	shift
	rm -f "$db"
	# shellcheck disable=SC2086 # a list of options
	harness run --db="$db" --python="$each" --baseline=freeze $tiny \
		--workload="$list" --format=json "$@"
}

# fault: a program forks children that it does not wait for, becomes a daemon (double
#     fork, setsid, all descriptors closed, no environment)
# when: warm, serve
# then: the cell is good; all of them are ended with it
wanted="many_children ok: None
daemons ok: None"

# fault: it changes its folder and deletes that; forgets environment, paths, umask,
#     session; takes a misleading process name, clears PDEATHSIG
# when: warm, serve
# then: the cell is good
wanted="$wanted
moves_away ok: None
loses_all ok: None
renamed ok: None"

# fault: it handles all signals and is interrupted all the time; ignores all; has
#     threads at work
# when: warm, serve
# then: the cell is good
wanted="$wanted
handlers ok: None
ignores ok: None
threads ok: None"

# fault: it limits itself to no files, no processes; its CPU time; its memory
# when: serve
# then: the cell is good; fails with the signal; fails with MemoryError
wanted="$wanted
own_limits ok: None
cpu_limit failed: worker 1 was killed by signal * after 3 requests
address_space failed: worker 1: request 3 raised MemoryError: *"

# fault: it closes all descriptors
# when: warm; serve
# then: the cell fails, and the reason says so
wanted="$wanted
closes_fds failed: worker 1 has lost the harness: it closed a descriptor that is not its own
closes_fds_warm failed: the template has lost the harness: it closed a descriptor that is not its own"

# fault: it replaces its streams by what raises, then raises; becomes another program
# when: serve
# then: the cell fails with its exception; with the other program's exit
wanted="$wanted
streams failed: worker 1: request 3 raised ValueError: unheard
executes failed: worker 1 ended with status 0 after 3 requests"

# fault: a worker kills the template; the cell process; its process group
# when: serve
# then: the cell fails, and the reason says what was killed
wanted="$wanted
kills_template failed: the template was killed by signal 9 (Killed)*
kills_cell failed: the cell's process was killed by signal 9 (Killed)
kills_group failed: *was killed by signal 15 (Terminated)*"

chosen=$(echo "$tags" | sed -n '1p;$p' | uniq)
[ -z "$FAULTS" ] || chosen=$tags
for each_tag in $chosen; do
	run_all "$each_tag" --timeout=60
	expect_status 3
	expect_cells "$each_tag"
done

# fault: a worker stops itself (SIGSTOP); a thread keeps it from ending
# when: serve; exit
# then: the cell times out and all of it is ended
wanted="stops_itself timeout: not done within 3 s (--timeout)*
thread_stays timeout: not done within 3 s (--timeout)*"
run_all "$tag" --timeout=3
expect_status 124
expect_cells "$tag"

# fault: kill -9 of the coordinator; of the cell process; the cell's processes not
#     ending with their parents (PDEATHSIG cleared)
# when: serve
# then: they are ended all the same
waits=$workloads/undying.py
for victim in coordinator cell; do
	begin serve
	case $victim in
	coordinator) kill -KILL "$pid" ;;
	cell) kill -KILL "$cell" ;;
	esac
	await 2>"$tmp/shell"
	expect_nothing_left_behind
	release
done
[ -e "$tmp/undying" ] || echo "PDEATHSIG was not cleared: no ctypes"

finish
