#!/bin/sh
# All Go files look as gofmt says.
. "$top_srcdir/tests/static/lib.sh"
[ -n "$GOFMT" ] || skip "gofmt is missing (Debian: golang-go)"

"$GOFMT" -d "$top_srcdir"/workloads/go/*.go >tests/static/gofmt.diff 2>&1
[ -s tests/static/gofmt.diff ] || exit 0
cat tests/static/gofmt.diff
echo "to repair: gofmt -w FILE"
exit 1
