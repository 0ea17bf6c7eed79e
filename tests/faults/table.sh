#!/bin/sh
# README.md has the table of faults that the tests declare, and each test of faults
# declares one at least.
. "$top_srcdir/tests/cli/lib.sh"
folder=$top_srcdir/tests/faults
last="make faults-table"

awk -f "$folder/table.awk" "$folder"/*.sh "$top_srcdir"/tests/cli/*.sh \
	>"$tmp/wanted.md" 2>"$tmp/err" || fail "$(cat "$tmp/err")"
sed -n '/^<!-- table/,/^<!-- end/p' "$folder/README.md" | sed '1d;$d' >"$tmp/got.md"
diff "$tmp/got.md" "$tmp/wanted.md" >"$tmp/out" ||
	fail "tests/faults/README.md is out of date: 'make faults-table' renews it"
for test in "$folder"/*.sh; do
	name=$(basename "$test")
	case $name in
	faultlib.sh | table.sh) ;;
	*) grep -q "| $name |\$" "$tmp/wanted.md" ||
		fail "$name declares no fault" ;;
	esac
done
finish
