#!/bin/sh
# With refork:N the template serves N requests, and its workers share what these
# have loaded.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

cat >"$tmp/lazy.py" <<'END'
"""The first request caches much."""
import gc

cache = []


def warm(scale):
    gc.disable()
    return scale


def request(state, n):
    if not cache:
        cache.extend([i] for i in range(state))
    if n == 3:
        raise RuntimeError("request 3")
END
for stack in freeze refork:1; do
	harness cell "$tag/$stack/w2/n2/c-1/s100000/r1/x1/$tmp/lazy.py"
	expect_status 0
	cp "$tmp/out" "$tmp/$stack.json"
done
# 100000 lists and their items are at least 1500 pages, in each worker or once.
expect_json "$tmp/freeze.json" 'd["worker_new_pages"] > 1500'
expect_json "$tmp/refork:1.json" 'd["worker_new_pages"] < 150'
expect_json "$tmp/refork:1.json" 'd["frozen_objects"] > 100000'

# A request that fails in the template fails the cell, and says so.
harness cell "$tag/refork:5/w2/n2/c-1/s10/r1/x1/$tmp/lazy.py"
expect_status 3
expect_json "$tmp/out" '"the template: rehearsal raised RuntimeError: request 3"
	== d["reason"]'

expect_no_processes
finish
