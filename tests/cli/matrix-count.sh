#!/bin/sh
# Every supported interpreter must be tested with every strategy.  The numbers
# come from elsewhere than the list under test: from the manifest, from the C
# files themselves, and from what Automake's harness says it runs.
cd "$top_builddir" || exit 99
unset MAKEFLAGS MFLAGS MAKELEVEL TESTS TEST_LOGS

strategies=$({
	sed -n 's/^PERMAFROST_STRATEGY(\(.*\),.*/\1/p' "$srcdir"/strategies/*.c
	grep -l '^purestrategy\.define(' "$srcdir"/strategies/permafrost/*.py |
		sed 's,.*/\(.*\)\.py,\1,'
} | sort)
interpreters=$(grep -c '"supported": true' ext/interpreters.json)
expected=$((interpreters * $(echo "$strategies" | wc -l)))
tests=$(make -s print-tests) || exit 99
# A here-document, not a pipe: the loop counts in this shell.
run=0
for name in $strategies; do
	n=$(echo "$tests" | grep -c "^tests/matrix/[^-]*-$name\$")
	if [ "$n" -ne "$interpreters" ]; then
		echo "$name: $n tests for $interpreters interpreters"
	fi
	run=$((run + n))
done
echo "$run tests of strategies run, $expected expected"
[ "$run" -eq "$expected" ]
