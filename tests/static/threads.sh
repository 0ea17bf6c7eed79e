#!/bin/sh
# Neither the harness nor an extension makes a thread, which is why nothing but
# bench/sampling is run under ThreadSanitizer.  Should one come to make some, let
# tests/sanitizers/check.sh run it in its build `thread`, then name it here.
. "$top_srcdir/tests/static/lib.sh"
[ -n "$NM" ] || skip "nm is missing (Debian: binutils)"

out=tests/static/threads.out
# shellcheck disable=SC2046 # paths have no spaces; without interpreters there are none
"$NM" -A --undefined-only harness/libharness.a harness/harness \
	$(ls ext/*/permafrost/*.so ext/*/gc_freeze.so 2>/dev/null) >$out || exit 99
# An empty list would prove nothing.
grep -q ' U fork' $out || {
	echo "nm does not tell that the harness forks"
	exit 1
}
if grep -E ' U (pthread_create|thrd_create|clone3?|__clone2?)(@|$)' $out; then
	echo "something makes threads; see $0"
	exit 1
fi
