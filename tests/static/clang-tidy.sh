#!/bin/sh
# clang-tidy, with the checks in .clang-tidy, finds nothing.
. "$top_srcdir/tests/static/lib.sh"
need "$CLANG_TIDY" clang-tidy 14

# analyse FOLDER: the files on stdin, with the flags in that folder.  It fails when
# something was found; being in a pipeline, it can set no variable.
analyse() {
	xargs -P "$jobs" -n 2 "$CLANG_TIDY" --quiet -p "$1" 2>&1
}

bad=0
out=tests/static/clang-tidy.out
{
	harness | analyse tests/static/harness || bad=1
	for folder in $(interpreters); do
		extensions | analyse "$folder" || bad=1
	done
} >$out
grep -v -e 'warnings* generated\.$' -e '^Suppressed' $out
exit $bad
