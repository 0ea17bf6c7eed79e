#!/bin/sh
# Nothing but the check against the kernel's own account needs privileges.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# Root is not asked to become another user, who may not see the build tree: its
# capabilities are taken away.
without=
if [ "$(id -u)" -eq 0 ]; then
	without="setpriv --bounding-set=-all --inh-caps=-all"
	$without true 2>/dev/null || skip "setpriv cannot take privileges away"
fi
last="$without harness cell"
# shellcheck disable=SC2086 # a list of words
PERMAFROST_TEST=$tmp timeout 60 $without "$HARNESS" cell \
	"$tag/none/w2/n20/c10/s2000/r1/x1/objectgraph" >"$tmp/out" 2>"$tmp/err" \
	</dev/null
status=$?
expect_status 0
expect_nothing err
expect_json "$tmp/out" 'd["cgroup_kib"] is not None or
	d["methods"]["cgroup_kib"] == "none"'
expect_json "$tmp/out" 'd["total_kib"] > 2 * d["worker_private_kib"] > 0'
finish
