# faultlib.sh - what the tests of faults share beyond tests/cli/lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # variables are of lib.sh, or for tests
#
# A test says above each fault what it is, in lines that make the table of
# README.md (see table.awk):
#
#     # fault: what happens, or is done
#     # when: the phase of a cell, or of the run
#     # then: what must hold
#
# A long text goes on behind "#     ".  FAULTS=long asks for the long form of a test.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
workloads=$top_srcdir/tests/faults/workloads
waits=$workloads/phases.py
waiting=2
db=$tmp/new.db
tiny="--scale=500 --workers=2 --requests=5 --parallel=1"

# By an open descriptor a process is found that has wiped its environment.
: >"$tmp/marker"
exec 9<"$tmp/marker"

# Where the harness puts temporary files, if it does.
TMPDIR=$tmp/temporary
mkdir "$TMPDIR"
export TMPDIR

# Settings of the host that no run may change.  In `make check` that of the same-page
# scanner cannot be one: tests/cli/ksm.sh changes it meanwhile, and puts it back.
settings="${FAULTS:+/sys/kernel/mm/ksm/run} /proc/sys/vm/overcommit_memory
	/sys/kernel/mm/transparent_hugepage/enabled /proc/sys/vm/swappiness
	/proc/sys/kernel/core_pattern /proc/sys/kernel/randomize_va_space
	/proc/sys/kernel/numa_balancing"

# The state of the host, as text that must not change; other tests come and go.
host_state() {
	# shellcheck disable=SC2086 # words
	grep -s . $settings
	grep -v "permafrost-test" /proc/self/mounts
	grep -F "$tmp" /proc/self/mounts
}
host_state >"$tmp/host.before"

# Prints the pids of what the harness has started, whatever it has done to itself.
marked() {
	processes
	find /proc/[0-9]*/fd -lname "$tmp/marker" 2>/dev/null |
		sed 's,/proc/\([0-9]*\)/.*,\1,' | grep -vx $$
}

# Prints the cgroups of cells whose processes' pids are in `cells`.
cell_cgroups() {
	find /sys/fs/cgroup -type d -name 'permafrost-*' 2>/dev/null |
		while read -r path; do
			cut -d ' ' -f 2 "$tmp/cells" 2>/dev/null |
				grep -qx "${path##*/permafrost-}" &&
				echo "$path"
		done
}

# Prints what is there and should not be, one thing a line.  To be called in a subshell,
# which without descriptor 9 is none of those things.
left_behind() {
	exec 9<&-
	for left in $(marked | sort -u); do
		[ -d "/proc/$left" ] || continue
		echo "process $left: $(tr '\0' ' ' 2>/dev/null \
			<"/proc/$left/cmdline" | cut -c -100)"
	done
	cell_cgroups | sed 's/^/cgroup /'
	find "$TMPDIR" -mindepth 1 | sed 's/^/temporary file /'
	find "$tmp" -name '*.unfinished' -o -name '*.html.*' | sed 's/^/file /'
	host_state | diff "$tmp/host.before" - | sed -n 's/^[<>]/setting &/p'
}

# expect_nothing_left_behind: after some time to end, nothing of what the test has
# started is there.
expect_nothing_left_behind() {
	comes_to_nothing 100 left_behind || fail "left behind: $left"
}

# sql FILE STATEMENT: with whatever program there is; false without one.
sql() {
	if "$python" -B -c 'import sqlite3' 2>/dev/null; then
		"$python" -B -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for row in db.execute(sys.argv[2]):
    print("|".join("%s" % (value,) for value in row))
db.commit()' "$1" "$2"
	elif [ -n "$SQLITE" ]; then
		"$SQLITE" "$1" "$2"
	else
		return 1
	fi
}

# expect_intact FILE: the database is whole; without a program that can tell, its
# export must do.
expect_intact() {
	intact=$(sql "$1" "PRAGMA integrity_check" 2>&1) || intact=ok
	[ "$intact" = ok ] || fail "$1: $intact"
	expect_no_file "$1-journal" "$1-wal"
}

# begin PHASE [OPTION...]: starts 3 cells of the workload $waits, of which number
# $waiting waits in PHASE.  Sets `pid` to the coordinator's pid, `cell` and `template` to
# those of the waiting cell, and `worker`, when there are any, to that of one.
begin() {
	rm -f "$db" "$db-journal" "$tmp/cells" "$tmp/starts" "$tmp/held"
	echo "$1 $waiting" >"$tmp/hold"
	phase=$1
	shift
	[ "$phase" != start ] || PYTHONPATH=$workloads/site
	export PYTHONPATH
	# shellcheck disable=SC2086 # a list of options
	start run --db="$db" --python="$tag" --baseline=freeze --repeat=3 \
		--workload="$waits" $tiny --format=json "$@"
	unset PYTHONPATH
	wait_for "$tmp/held"
	read -r template parent <"$tmp/held"
	case $phase in
	serve | exit)
		worker=$template
		template=$parent
		;;
	*) worker= ;;
	esac
	cell=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$template/status")
}

# release: lets the cell that waits go on.
release() {
	rm -f "$tmp/hold"
}

# states: how many cells of the run in $tmp/out ended how, as "1 failed 2 ok".
states() {
	ask "$tmp/out" 'sorted(c["status"] for c in d["cells"])' | uniq -c |
		awk '{ printf("%s%s %s", NR > 1 ? " " : "", $1, $2) }'
}

# expect_resumable FINISHED: the run has so many finished cells, and goes on to its
# end without touching them; then each cell is there once.
expect_resumable() {
	harness export --db="$db" --format=csv
	expect_status 0
	grep ,ok, "$tmp/out" >"$tmp/finished"
	expect_same "finished cells" "$1" "$(wc -l <"$tmp/finished")"
	harness run --resume --db="$db" --format=json
	expect_status 0
	expect_nothing err
	expect_same "states" "3 ok" "$(states)"
	expect_json "$tmp/out" 'len(set(c["key"] for c in d["cells"])) == 3 and
		sorted(c["repeat"] for c in d["cells"]) == [1, 2, 3]'
	harness export --db="$db" --format=csv
	grep -qxFf "$tmp/finished" "$tmp/out" || [ "$1" -eq 0 ] ||
		fail "a finished cell has changed"
	expect_intact "$db"
	expect_nothing_left_behind
}
