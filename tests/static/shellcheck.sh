#!/bin/sh
# ShellCheck finds nothing in our scripts.
. "$top_srcdir/tests/static/lib.sh"
need "$SHELLCHECK" shellcheck 0.9

cd "$top_srcdir" || exit 99
{
	find tests bench results paper -name '*.sh'
	ls quickstart .ci/run autogen.sh build-aux/find-pythons \
		build-aux/check-pythons build-aux/install-python build-aux/skip-test
} | sort -u | xargs "$SHELLCHECK" --external-sources
