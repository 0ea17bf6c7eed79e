#!/bin/sh
# All C files look as .clang-format says.
. "$top_srcdir/tests/static/lib.sh"
need "$CLANG_FORMAT" clang-format 14

cd "$top_srcdir" || exit 99
find harness strategies tests bench build-aux -name '*.[ch]' | sort | while read -r file; do
	"$CLANG_FORMAT" --style=file "$file" | diff -u "$file" - && continue
	echo "$file"
done >"$top_builddir/tests/static/format.diff"
[ -s "$top_builddir/tests/static/format.diff" ] || exit 0
cat "$top_builddir/tests/static/format.diff"
echo "to repair: clang-format -i FILE"
exit 1
