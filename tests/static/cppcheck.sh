#!/bin/sh
# cppcheck finds nothing but what cppcheck.txt explains.
. "$top_srcdir/tests/static/lib.sh"
need "$CPPCHECK" cppcheck 2.10

# analyse FLAG...: the files on stdin.  It fails when something was found; being in a
# pipeline, it can set no variable.
analyse() {
	"$CPPCHECK" --quiet --std=c11 --enable=warning,performance,portability \
		--suppressions-list="$top_srcdir/tests/static/cppcheck.txt" \
		--include="$top_srcdir/tests/static/cppcheck.h" \
		--error-exitcode=1 -j "$jobs" -I "$top_srcdir/strategies" \
		-I "$top_srcdir/harness" --file-list=- "$@"
}

bad=0
harness | analyse -D__linux__ -D__x86_64__ || bad=1
for version in 0x02071200 0x030D0000; do
	extensions | analyse -D__linux__ -D__x86_64__ -DPY_VERSION_HEX=$version \
		-DPY_MAJOR_VERSION=$((version >> 24)) --library=python || bad=1
done
exit $bad
