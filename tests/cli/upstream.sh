#!/bin/sh
# What runs the interpreters' own tests tells a test that fails because of the
# stack from one that fails anyway, outlives crashes and hangs, and knows its
# exceptions: on the first interpreter and the last.
. "$top_srcdir/tests/cli/lib.sh"

cat >"$tmp/badtests.py" <<'EOF'
import os, signal, time, unittest
import permafrost
def with_stack():
    return permafrost.load("reshare").statistics()["regions"] > 0
seen = []
class Test(unittest.TestCase):
    def test_1_passes(self):
        seen.append(1)
    def test_2_skipped(self):
        self.skipTest("why")
    def test_3_fails_anyway(self):
        self.fail()
    def test_4_fails(self):
        self.assertFalse(with_stack())
    def test_5_dies(self):
        if with_stack():
            os.kill(os.getpid(), signal.SIGSEGV)
    def test_6_hangs(self):
        if with_stack():
            time.sleep(60)
    def test_7_fails_alone(self):
        self.assertTrue(seen and not with_stack())
    def test_8_ends(self):
        if with_stack():
            os._exit(0)
    def test_9_passes(self):
        pass
EOF

cat >"$tmp/goodtests.py" <<'EOF'
import unittest
class Test(unittest.TestCase):
    def test_1_passes(self):
        pass
EOF

# Runs upstream.py on a module: $tmp/out, and the exit code in $status.
upstream() {
	module=$1
	shift
	last="upstream.py $module $* ($tag)"
	PYTHONPATH=$tmp timeout 100 "$python" -B \
		"$top_srcdir/tests/upstream/upstream.py" \
		"$top_builddir/ext/$tag" --limit=4 --modules="$module" \
		--stack=freeze+reshare:every=1:grow=0:cpu=100% "$@" \
		>"$tmp/out" 2>&1 </dev/null
	status=$?
}

# expects STATUS LINE: exit code, and a line of the output.
expects() {
	[ "$status" -eq "$1" ] && grep -qxF -- "$2" "$tmp/out" && return
	failures=$((failures + 1))
	echo "$last: exit $status, wanted $1 and '$2' in:"
	cat "$tmp/out"
}

tested=
tags=$(sed -n 's/^TAGS = *//p' "$top_builddir/pythons.mk")
for tag in ${tags%% *} ${tags##* }; do
	python=$(sed -n "s/^PYTHON_$tag = *//p" "$top_builddir/pythons.mk")
	upstream badtests
	[ $status -ne 77 ] || continue
	tested=$tag
	expects 1 "badtests        9 run, 2 passed, 0 excepted, 1 skipped, 4 failed, 2 not counted"
	expects 1 "FAILED badtests.Test.test_4_fails"
	expects 1 "FAILED badtests.Test.test_5_dies"
	expects 1 "died of signal 11"
	expects 1 "FAILED badtests.Test.test_6_hangs"
	expects 1 "no end after 4 s"
	expects 1 "ended before its tests did"

	for test in 4_fails 5_dies 6_hangs 8_ends; do
		echo "2.7- reshare badtests.Test.test_$test a reason"
	done >"$tmp/exceptions"
	cat >>"$tmp/exceptions" <<-'EOF'
	2.7- immortal badtests.Test.test_none of another strategy
	2.6,3.2-3.3 reshare badtests.Test.test_none of other versions
	2.7- reshare othertests.Test.test_none of a module that is not run
	EOF
	upstream badtests --exceptions="$tmp/exceptions"
	expects 0 "badtests        9 run, 2 passed, 4 excepted, 1 skipped, 0 failed, 2 not counted"

	echo "2.7- freeze goodtests.Test.test_1_passes may do so" \
		>"$tmp/exceptions"
	upstream goodtests --exceptions="$tmp/exceptions"
	expects 0 "goodtests       1 run, 1 passed, 0 excepted, 0 skipped, 0 failed, 0 not counted"

	echo "2.7,3.4- freeze goodtests.Test.test_none x" >"$tmp/exceptions"
	upstream goodtests --exceptions="$tmp/exceptions"
	expects 1 "FAILED: exceptions names goodtests.Test.test_none, which is no test of this Python"

	echo "2.7- freeze" >"$tmp/exceptions"
	upstream goodtests --exceptions="$tmp/exceptions"
	expects 2 "upstream.py: $tmp/exceptions:1: wanted 'VERSIONS PART TEST REASON'"
done
[ -n "$tested" ] || skip "reshare is unsupported: $(cat "$tmp/out")"
finish
