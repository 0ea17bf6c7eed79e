#!/bin/sh
# What is left behind is seen: each kind of it once, put there by this test.  Without
# this, the other tests of faults would say nothing.
. "$top_srcdir/tests/faults/faultlib.sh"

# fault: the test for leftovers is blind
# when: in the tests
# then: it sees a process by its environment or by a descriptor, a cgroup, a mount, a
#     temporary or unfinished file, a setting of the host
expect_clean() {
	left=$(left_behind)
	[ -z "$left" ] || fail "$1: $left"
}
# A process is seen once it has become its program.
expect_seen() {
	for _ in $(seq 50); do
		left=$(left_behind)
		case $left in
		*"$1"*) return ;;
		esac
		sleep 0.1
	done
	fail "not seen: $1; only: $left"
}

expect_clean "at the beginning"

PERMAFROST_TEST=$tmp sleep 600 9<&- &
expect_seen "process $!: "
kill $!
wait $! 2>/dev/null
env -i sleep 601 &
expect_seen "process $!: "
kill $!
wait $! 2>/dev/null
expect_clean "without processes"

: >"$TMPDIR/any"
expect_seen "temporary file $TMPDIR/any"
rm "$TMPDIR/any"
: >"$tmp/x.svg.unfinished"
expect_seen "file $tmp/x.svg.unfinished"
rm "$tmp/x.svg.unfinished"
expect_clean "without files"

echo before >"$tmp/setting"
settings="$settings $tmp/setting"
host_state >"$tmp/host.before"
echo after >"$tmp/setting"
expect_seen "$tmp/setting:after"
echo before >"$tmp/setting"
expect_clean "as it was"

# While the process of that number lives, nobody removes it; then whoever comes, also
# when nobody has waited for the dead.
parent=/sys/fs/cgroup/memory
[ -d $parent ] || parent=/sys/fs/cgroup
"$python" -B -c 'import os, sys, time
pid = os.fork()
if pid == 0:
    os.execv("/bin/sleep", ["sleep", "602"])
with open(sys.argv[1] + ".new", "w") as f:
    f.write("%d\n" % pid)
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(603)' "$tmp/maker" 9<&- &
waiter=$!
wait_for "$tmp/maker"
maker=$(cat "$tmp/maker")
if mkdir "$parent/permafrost-$maker" 2>/dev/null; then
	expect_clean "a cgroup of somebody else"
	echo "1 $maker" >"$tmp/cells"
	expect_seen "cgroup $parent/permafrost-$maker"
	# shellcheck disable=SC2086 # a list of options
	harness run --db="$db" --python="$tag" --baseline=freeze $tiny
	expect_seen "cgroup $parent/permafrost-$maker"
	kill "$maker"
	# shellcheck disable=SC2086 # a list of options
	harness run --db="$db" --python="$tag" --baseline=freeze $tiny
	expect_clean "without a cgroup"
fi
kill "$maker" $waiter 2>/dev/null
wait $waiter 2>/dev/null

# In a namespace of its own, so that nobody else sees the mount.
cat >"$tmp/mounted" <<'END'
. "$top_srcdir/tests/faults/faultlib.sh"
mkdir "$tmp/mount"
mount -t tmpfs none "$tmp/mount"
left=$(left_behind)
case $left in
*"setting > none $tmp/mount "*) ;;
*) fail "a mount was not seen: $left" ;;
esac
umount "$tmp/mount"
finish
END
if unshare -m true 2>/dev/null; then
	unshare -m sh "$tmp/mounted" || failures=$((failures + 1))
fi

finish
