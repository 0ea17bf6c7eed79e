#!/bin/sh
# Go runs objectgraph beside the interpreters: its pauses are counted one by one, its
# workers share nothing, and all else is unsupported with a reason.
. "$top_srcdir/tests/cli/lib.sh"
[ -f "$top_builddir/ext/go.json" ] ||
	skip "configure has found no go that compiles workloads/go (Debian: golang-go)"
need_interpreter
go=$(sed -n 's/.*"tag": "\(go[^"]*\)".*/\1/p' "$top_builddir/ext/go.json")
db=$tmp/new.db

# A cell.  Values lie between the bounds of their buckets, 1/128 apart.
key=$go/none/w2/n1000/c500/s50000/r1/x1/objectgraph
harness cell "$key"
expect_status 0
expect_nothing err
cp "$tmp/out" "$tmp/cell.json"
expect_json "$tmp/cell.json" 'd["status"] == "ok" and d["lost_samples"] == 0'
expect_json "$tmp/cell.json" 'd["parallel"] == 1'
expect_json "$tmp/cell.json" 'd["gc_collections"][:2] == [0, 0]
	and d["gc_collections"][2] > 1 and d["pauses"][:2] == [[], []]'
expect_json "$tmp/cell.json" 'sum(n for ns, n in d["pauses"][2])
	== 2 * d["gc_collections"][2]'
expect_json "$tmp/cell.json" 'sum(ns * n for ns, n in d["pauses"][2])
	<= 2000 * d["gc_time_us"] + 1
	<= sum((ns + ns // 128 + 1) * n for ns, n in d["pauses"][2]) + 2'
expect_json "$tmp/cell.json" 'd["pauses"][2][-1][0]
	<= 1000 * d["gc_pause_max_us"] + 1
	<= d["pauses"][2][-1][0] * 129 // 128 + 3'
expect_json "$tmp/cell.json" 'sum(n for ns, n in d["latencies"]) == 2000'
expect_json "$tmp/cell.json" 'd["methods"]["gc_pause"].startswith("debug.ReadGC")'

# Each worker has a graph of its own, of more than 200 bytes per unit; of what it has
# in memory only the program's text and the memory it reports in are not its own.
expect_json "$tmp/cell.json" 'all(kib > 10000
	for kib in d["per_worker"]["worker_private_kib"])'
expect_json "$tmp/cell.json" 'd["worker_rss_kib"] - d["worker_private_kib"] < 5000'
expect_json "$tmp/cell.json" 'd["template_rss_kib"] < 10000'
expect_json "$tmp/cell.json" 'd["total_kib"] > 2 * d["worker_private_kib"]'
for metric in worker_cow_pages worker_new_pages worker_floor_pages template_pages \
	template_objects fork_us; do
	expect_json "$tmp/cell.json" "d['$metric'] is None
		and 'cannot fork' in d['unavailable']['$metric']"
done
for metric in freeze_us frozen_objects gc_faults app_faults; do
	expect_json "$tmp/cell.json" "d['$metric'] is None
		and 'Go' in d['unavailable']['$metric']"
done
expect_json "$tmp/cell.json" 'all(point["worker_private_kib"] > 0
	and "gc_faults" not in point and "worker_cow_pages" not in point
	for point in d["curve"])'
expect_json "$tmp/cell.json" 'd["copies"] is None'

# Building the graph is not serving; the collection at half of the requests is.
expect_json "$tmp/cell.json" 'd["curve"][0]["gc_collections"] == [0, 0, 0]'
harness cell "$go/none/w2/n10/c5/s10/r1/x1/objectgraph"
expect_status 0
expect_json "$tmp/out" 'd["gc_collections"] == [0, 0, 1]'
harness cell "$go/none/w2/n10/c-1/s10/r1/x1/objectgraph"
expect_status 0
expect_json "$tmp/out" 'd["gc_collections"] == [0, 0, 0]
	and d["gc_pause_max_us"] is None'

# What would change the collector does not count: else only the forced one is left.
GOGC=off GOMEMLIMIT=off harness cell "$key"
expect_status 0
expect_json "$tmp/out" 'd["gc_collections"][2] > 1'

# Unsupported, with the reason, by the plan and by each cell.
# shellcheck disable=SC2086 # a list of options
harness run --db="$db" --python=go --strategy=freeze --workload=objectgraph,stdlib \
	$small --format=json
expect_status 0
expect_json "$tmp/out" 'sorted((c["workload"], c["strategy"], c["status"])
	for c in d["cells"]) == [("objectgraph", "freeze", "unsupported"),
	("objectgraph", "none", "ok"), ("stdlib", "freeze", "unsupported"),
	("stdlib", "none", "unsupported")]'
expect_json "$tmp/out" 'all("strategies are for CPython" in c["reason"]
	for c in d["cells"] if c["strategy"] == "freeze")'
expect_json "$tmp/out" '["it is written in Python" in c["reason"]
	for c in d["cells"] if c["workload"] == "stdlib"
	and c["strategy"] == "none"] == [True]'
# shellcheck disable=SC2086 # a list of options
harness run --db="$db" --python=go --strategy=none --workload=stdlib $small
expect_status 4
while read -r what reason; do
	harness cell "$go/$what"
	expect_status 3
	expect_json "$tmp/out" "'$reason' in d['reason']"
	harness cell --job "$go/$what"
	expect_status 75
	expect_json "$tmp/out" "d['status'] == 'unsupported' and '$reason' in d['reason']"
done <<END
freeze/w1/n1/c-1/s10/r1/x1/objectgraph strategies are for CPython
none/w1/n1/c-1/s10/r1/x1/stdlib it is written in Python
END

# Only who asks for Go gets it.
harness run --dry-run --python=all
expect_status 0
grep -q '^go' "$tmp/out" && fail "Go is among all interpreters"
for word in go "$go" "${go#go}"; do
	harness run --dry-run --python="$word" --strategy=none
	expect_status 0
	expect_line out "^$go/none/"
done
harness plan --memory=1G --db="$db"
expect_status 2
expect_nothing out

# Its curve is in each interpreter's panel, or in one of its own.
# shellcheck disable=SC2086 # a list of options
harness run --db="$db" --python="go,$tag" --strategy=none $small --format=json
expect_status 0
pauses=$(ask "$tmp/out" '[sum(n for h in c["pauses"] for ns, n in h)
	for c in d["cells"] if c["tag"] == "'"$go"'"]')
panels() {
	harness plot --db="$db" --run="$1" --figure=pauses --format=tsv --out="$tmp"
	expect_status 0
	awk -F'\t' 'NR > 1 { print $5, $4, $16 }' "$tmp/pauses.tsv" | sort -u
}
expect_same "panel of $tag" "$tag Go ${go#go} $pauses" "$(panels 3 | grep Go)"
expect_same "interpreters of panels" "$tag" "$(panels 3 | cut -d ' ' -f 1 | uniq)"
expect_same "panel of Go alone" "$go none" "$(panels 1 | cut -d ' ' -f 1,2 |
	grep none | uniq)"

expect_no_processes
finish
