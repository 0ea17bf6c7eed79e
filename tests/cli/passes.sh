#!/bin/sh
# What passes of reshare do is in the metrics, per checkpoint and at the end; a
# workload with threads keeps them from it, and the table says so.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

cat >"$tmp/threads.py" <<'END'
"""A worker with a thread besides."""
import threading


def warm(scale):
    return list(map(str, range(scale)))


def request(state, n):
    if threading.active_count() == 1:
        thread = threading.Thread(target=threading.Event().wait)
        thread.daemon = True
        thread.start()
    return state[n]
END

# Cells none and freeze+reshare on the first interpreter.
run_cells() {
	harness run --python="$tag" --workers=2 --requests=40 --scale=5000 \
		--db="$tmp/db" --baseline=none \
		--strategy="freeze+reshare:every=10:grow=0:cpu=100%" "$@"
	expect_status 0
}

run_cells --workload=objectgraph --format=json
expect_metrics "$tmp/out"
expect_json "$tmp/out" '[c["reshare_passes"] for c in d["cells"]] == [None, 4]'
expect_json "$tmp/out" 'd["cells"][1]["reshare_skipped"] == [0, 0, 0]'
expect_json "$tmp/out" '[p["reshare_passes"] for p in d["cells"][1]["curve"]] ==
	[p["requests"] // 10 for p in d["cells"][1]["curve"]]'
expect_json "$tmp/out" '(lambda c: 0 < c["reshare_given_pages"] <
	c["reshare_looked_pages"] and c["reshare_us"] > 0)(d["cells"][1])'
expect_json "$tmp/out" '"reshare_passes" not in d["cells"][0]["curve"][0]'

run_cells --workload="$tmp/threads.py"
expect_match out 'gave little back: workers have other threads'
run_cells --workload="$tmp/threads.py" --format=json
expect_json "$tmp/out" '(d["cells"][1]["reshare_passes"],
	d["cells"][1]["reshare_skipped"][0]) == (0, 4)'

expect_no_processes
finish
