#!/bin/sh
# What programs read has the agreed shape, and every format tells the same.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
db=$tmp/new.db

harness run --quick --python="$tag" --db="$db" --format=json
expect_status 0
expect_nothing err
expect_match out '^{.*}$'
cp "$tmp/out" "$tmp/run.json"
expect_json "$tmp/run.json" '{"run", "host", "cells"} <= set(d)'
expect_json "$tmp/run.json" 'd["run"] == 1 and d["host"]["cpus"] > 0'
expect_same cells 'freeze ok
none ok' "$(ask "$tmp/run.json" \
	'sorted(c["strategy"] + " " + c["status"] for c in d["cells"])')"
expect_json "$tmp/run.json" 'all({"python", "tag", "strategy", "workload",
	"scale", "workers", "requests", "repeat", "status", "reason", "curve",
	"unavailable"} <= set(c) for c in d["cells"])'
expect_json "$tmp/run.json" "all([c[k] for k in ('tag', 'workload', 'scale',
	'workers', 'requests', 'repeat', 'reason')] == ['$tag', 'objectgraph',
	20000, 2, 200, 1, None] for c in d['cells'])"
expect_json "$tmp/run.json" "all('$tag'.startswith('cp' + c['python'])
	for c in d['cells'])"
expect_metrics "$tmp/run.json"
for key in template_rss_kib worker_private_kib total_kib fork_us request_p50_us \
	worker_cpu_ms; do
	expect_json "$tmp/run.json" "all(c['$key'] > 0 for c in d['cells'])"
done
expect_json "$tmp/run.json" 'all(c["frozen_objects"] > 20000 if
	c["strategy"] == "freeze" else c["frozen_objects"] == 0
	for c in d["cells"])'

# The curve ends with the values of the cell.
expect_json "$tmp/run.json" 'all([p["requests"] for p in c["curve"]] ==
	[0, 1, 2, 5, 10, 20, 50, 100, 125, 150, 175, 200] for c in d["cells"])'
for key in worker_private_kib total_kib worker_minor_faults gc_collections; do
	expect_json "$tmp/run.json" "all(c['curve'][-1]['$key'] == c['$key']
		for c in d['cells'])"
done
expect_json "$tmp/run.json" 'all(a["worker_minor_faults"] <=
	b["worker_minor_faults"] for c in d["cells"]
	for a, b in zip(c["curve"], c["curve"][1:]))'
# The parts make the whole: copies by place and cause, values of each worker,
# faults, and private memory, which is copied pages and new ones.
expect_json "$tmp/run.json" 'all(c["copies"] is None and
	c["methods"]["copies"].startswith("none") or
	abs(sum(sum(row.values()) for row in
	c["copies"].values()) - c["worker_cow_pages"]) < 1e-6
	for c in d["cells"])'
expect_json "$tmp/run.json" 'all(abs(sum(n for row in c["copies"].values()
	for cause, n in row.items() if cause != "nothing") -
	c["worker_floor_pages"]) < 1e-6 for c in d["cells"] if c["copies"])'
expect_json "$tmp/run.json" 'all(len(v) == 2 and abs(sum(v) / 2 - c[k]) < 1e-6
	for c in d["cells"] for k, v in c["per_worker"].items()) and
	all("worker_pss_kib" in c["per_worker"] for c in d["cells"])'
expect_json "$tmp/run.json" 'all(c["gc_faults"] + c["app_faults"] ==
	c["worker_minor_faults"] for c in d["cells"])'
expect_json "$tmp/run.json" 'all(abs((c["worker_cow_pages"] +
	c["worker_new_pages"]) * d["host"]["page_bytes"] / 1024.0 /
	c["worker_private_kib"] - 1) < 0.02 for c in d["cells"])'
# The kernel charges what we say, but for what its figures lag behind.
if [ "$(ask "$tmp/run.json" 'd["cells"][0]["cgroup_kib"] is None')" = False ]; then
	expect_json "$tmp/run.json" 'all(abs(c["total_kib"] - c["cgroup_kib"]) <=
		0.03 * c["cgroup_kib"] + 64 * d["host"]["cpus"] *
		d["host"]["page_bytes"] / 1024 for c in d["cells"])'
else
	echo "totals not compared: $(ask "$tmp/run.json" \
		'd["cells"][0]["unavailable"]["cgroup_kib"]')"
fi
expect_json "$tmp/run.json" 'all(0 <= c["methods"]["environment_bytes"] < 4096
	and c["methods"]["gc_pause"] != "not seen" for c in d["cells"])'
expect_json "$tmp/run.json" 'all(max(x for x in
	c["gc_generation_pause_max_us"] if x) == c["gc_pause_max_us"]
	for c in d["cells"])'

# What workers have started belongs to the total, orphans included.
harness cell "$tag/none/w2/n2/c-1/s50000/r1/x1/$bad/children.py"
expect_status 0
expect_json "$tmp/out" 'd["others_kib"] > 4 * 50000 * 56 / 1024 and
	d["total_kib"] > d["others_kib"]'
expect_json "$tmp/out" 'd["cgroup_kib"] is None or
	abs(d["total_kib"] / d["cgroup_kib"] - 1) < 0.06'

harness run --python="$tag" --db="$tmp/none.db" --baseline=freeze --scale=100 \
	--workers=1 --requests=0 --format=json
expect_status 0
expect_json "$tmp/out" '[p["requests"] for p in d["cells"][0]["curve"]] == [0]'
expect_metrics "$tmp/out"

# One cell prints the same shape.
harness cell "$tag/freeze/w2/n200/c100/s20000/r1/x1/objectgraph"
expect_json "$tmp/run.json" "'${last#* * }' in [c['key'] for c in d['cells']]"
expect_status 0
expect_nothing err
expect_json "$tmp/out" 'd["status"] == "ok" and d["strategy"] == "freeze"'
ask "$tmp/out" "json.dumps({'cells': [d]})" >"$tmp/cell.json"
expect_metrics "$tmp/cell.json"
ask "$tmp/run.json" 'sorted(k for k in d["cells"][0])' >"$tmp/keys"
expect_same "keys of run but not of cell" "" "$(
	ask "$tmp/out" 'sorted(d)' | comm -13 - "$tmp/keys")"

# Exports repeat what run has printed.
harness export --db="$db"
expect_status 0
expect_nothing err
cmp -s "$tmp/out" "$tmp/run.json" || fail "export differs from run"
for format in csv tsv; do
	harness export --db="$db" --format=$format
	expect_status 0
	expect_nothing err
	cp "$tmp/out" "$tmp/run.$format"
done
"$python" -B - "$tmp/run.json" "$tmp/run.csv" "$tmp/run.tsv" \
	"$tmp/metrics.json" >"$tmp/differences" 2>&1 <<'END'
import csv, io, json, sys
with io.open(sys.argv[1], encoding="utf-8") as f:
    cells = json.load(f)["cells"]
with io.open(sys.argv[4], encoding="utf-8") as f:
    metrics = [m["key"] for m in json.load(f)["metrics"]]
rows = list(csv.reader(open(sys.argv[2])))
tabs = [line.rstrip("\n").split("\t") for line in open(sys.argv[3])]
if rows != tabs:
    print("csv and tsv differ")
head = rows.pop(0)
if len(set(head)) != len(head) or set(metrics) - set(head):
    print("columns: %r" % (head,))
if len(rows) != len(cells):
    print("%d rows for %d cells" % (len(rows), len(cells)))
for row, cell in zip(rows, cells):
    if len(row) != len(head):
        print("%d fields under %d columns" % (len(row), len(head)))
    for key, text in zip(head, row):
        value = cell[key] if key != "run" else 1
        if value is None or text == "":
            same = value is None and text == ""
        elif isinstance(value, float):
            same = abs(float(text) - value) <= 1e-9 * abs(value)
        elif isinstance(value, (list, int)):
            same = json.loads(text) == value
        else:
            same = text == value
        if not same:
            print("%s: %r in csv, %r in json" % (key, text, value))
END
expect_same "the formats" "" "$(cat "$tmp/differences")"

harness run --python="$tag" --db="$tmp/csv.db" --baseline=freeze --scale=100 \
	--workers=1 --requests=4 --format=csv
expect_status 0
expect_nothing err
cp "$tmp/out" "$tmp/printed"
harness export --db="$tmp/csv.db" --format=csv
cmp -s "$tmp/out" "$tmp/printed" || fail "csv of run and of export differ"

# Fields that hold separators.
mkdir "$tmp/a \"b\",	c"
cp "$bad/text.py" "$tmp/a \"b\",	c/d, \"e\".py"
harness cell "$(printf '%s/freeze/w1/n9/c4/s1/r1/x1/%s' "$tag" \
	"$tmp/a%20%22b%22%2C%09c/d%2C%20%22e%22.py")"
expect_status 3
expect_json "$tmp/out" 'd["workload"].endswith(u"/a \"b\",\tc/d, \"e\".py")'

# Lists.
harness list interpreters --format=json
expect_status 0
expect_nothing err
expect_json "$tmp/out" 'all({"tag", "version", "executable", "supported",
	"reason", "ext_dir"} <= set(i) for i in d["interpreters"])'
expect_json "$tmp/out" 'all(i["ext_dir"] and os.path.isdir(i["ext_dir"])
	and i["reason"] is None for i in d["interpreters"] if i["supported"])'
expect_json "$tmp/out" 'all(i["reason"] for i in d["interpreters"]
	if not i["supported"])'
expect_same "supported interpreters" "$tags" "$(ask "$tmp/out" \
	'[i["tag"] for i in d["interpreters"] if i["supported"] and
	i["implementation"] == "cpython"]')"
for what in strategies workloads interpreters runs metrics figures; do
	harness list $what --db="$db" --format=json
	expect_status 0
	expect_nothing err
	expect_line out '^{.*}$'
	expect_json "$tmp/out" "list(d) == ['$what'] and d['$what']"
	rows=$(ask "$tmp/out" "len(d['$what'])")
	harness list $what --db="$db"
	expect_status 0
	expect_nothing err
	[ "$(wc -l <"$tmp/out")" -eq $((rows + 1)) ] ||
		fail "the table of $what has not $rows rows and a head"
done
harness list strategies --format=json
expect_json "$tmp/out" "all(s['summary'] and '$tag' in
	s['supported'] + list(s['unsupported']) for s in d['strategies'])"
harness list runs --db="$db" --format=json
expect_json "$tmp/out" '[[r[k] for k in ("run", "cells", "ok", "failed",
	"pending")] for r in d["runs"]] == [[1, 2, 2, 0, 0]]'

# Runs that are not there.
harness export --db="$db" --run=7
expect_usage "has no run 7"
harness export --db="$tmp/missing.db"
expect_status 1
expect_nothing out
expect_line err "there is no database $tmp/missing.db"
expect_no_file "$tmp/missing.db"

# Whoever starts us may leave us descriptors where we would like to have ours.
last="harness run, with descriptors 71 and 73 open"
# shellcheck disable=SC2086 # a list of options
timeout 90 "$python" -B -c 'import os, sys
for fd in 71, 73:
    os.dup2(2, fd)
os.execv(sys.argv[1], sys.argv[1:])' "$HARNESS" run --db="$tmp/fds.db" \
	--python="$tag" $small --strategy=freeze --format=csv \
	>"$tmp/out" 2>"$tmp/err" </dev/null
status=$?
expect_status 0

expect_no_processes
finish
