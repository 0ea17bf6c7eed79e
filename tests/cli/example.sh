#!/bin/sh
# README shows the table and the commands that are in results/example, which
# only `make example` writes; measures nothing.
. "$(dirname "$0")/lib.sh"
last="make example"

example=$top_srcdir/results/example
awk -v dir="$example" -f "$top_srcdir/results/fill.awk" \
	"$top_srcdir/README.md" >"$tmp/README.md" ||
	fail "README.md lacks a marker, or results/example a file"
diff "$top_srcdir/README.md" "$tmp/README.md" >"$tmp/out" ||
	fail "README.md (<) is not what results/example tells (>)"
for file in $(sed -n 's,.*](\(results/[^)]*\)).*,\1,p' "$top_srcdir/README.md")
do
	[ -s "$top_srcdir/$file" ] || fail "README.md refers to $file, not there"
done

# A tag of the table is one of the command's.
for name in $(sed -n 's/^\(cp[^ ]*\) .*/\1/p' "$example/table.txt"); do
	grep -q -e "--python=.*$name" "$example/command.txt" ||
		fail "command.txt does not measure $name"
done
finish
