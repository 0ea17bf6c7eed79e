#!/bin/sh
# make pythonpath says for each interpreter what makes `import gc_freeze` work,
# and for PyPy `import permafrost`.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -C "$top_builddir" pythonpath >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 0
expect_nothing err
expect_same tags "$tags" "$(sed 's/: .*//' "$tmp/out" | grep -v '^pp')"
expect_same "PyPy's tags" "$pypy_tags" "$(sed 's/: .*//' "$tmp/out" | grep '^pp')"
sed -i '/^pp/d' "$tmp/out"
cd / || exit 99
cp "$tmp/out" "$tmp/lines"
while read -r name assignment; do
	last="$name $assignment"
	executable=$(executable_of "${name%:}")
	env "$assignment" "$executable" -B -c 'import gc_freeze, permafrost
before = gc_freeze.get_freeze_count()
gc_freeze.freeze()
after = gc_freeze.get_freeze_count()
gc_freeze.unfreeze()
print(after > before)' >"$tmp/out" 2>"$tmp/err"
	status=$?
	expect_status 0
	expect_nothing err
	expect_line out '^True$'
done <"$tmp/lines"
finish
