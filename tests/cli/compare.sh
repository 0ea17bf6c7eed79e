#!/bin/sh
# `harness compare`: which cells it takes for each side, what it says of them, and
# what it refuses.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
db=$tmp/new.db

# shellcheck disable=SC2086 # a list of options
run() {
	harness run --db="$db" --python="$tag" $small --format=json "$@"
}

compare() {
	harness compare --db="$db" "$@"
}

# refused PATTERN ARGUMENT...
refused() {
	pattern=$1
	shift
	compare "$@"
	expect_usage "$pattern"
}

harness compare --db="$tmp/missing.db" none freeze
expect_status 1
expect_line err "there is no database $tmp/missing.db"
expect_no_file "$tmp/missing.db"
: >"$tmp/empty.db"
harness compare --db="$tmp/empty.db" none freeze
expect_status 1
expect_nothing out
expect_line err 'empty database'

run --strategy=freeze,freeze-gen --repeat=8
expect_status 0
cp "$tmp/out" "$tmp/run.json"
run --strategy=freeze
expect_status 0

# Two stacks of one run.
compare none freeze --run=1 --format=json
expect_status 0
expect_nothing err
cp "$tmp/out" "$tmp/compare.json"
expect_json "$tmp/out" 'd["seed"] == 1 and d["resamples"] >= 1000 and
	d["self_check"] is False and len(d["blocks"]) == 1'
expect_json "$tmp/out" "[d['blocks'][0][k] for k in ('tag', 'workload', 'scale',
	'workers', 'requests', 'collect_at')] == ['$tag', 'objectgraph', 2000, 2,
	20, 10]"
expect_json "$tmp/out" '[(s["run"], s["stack"], s["repeats"], s["not_used"])
	for s in (d["blocks"][0]["a"], d["blocks"][0]["b"])] ==
	[(1, "none", 8, 0), (1, "freeze", 8, 0)]'
expect_json "$tmp/out" '[r["metric"] for r in d["blocks"][0]["metrics"]] ==
	"total_kib worker_private_kib worker_minor_faults worker_cow_pages gc_pause_p99_us gc_pause_max_us request_p99_us worker_cpu_ms".split()'
expect_json "$tmp/out" 'all(r["a"]["repeats"] == r["b"]["repeats"] == 8 and
	r["ratio_interval"][0] <= r["ratio"] <= r["ratio_interval"][1] and
	r["a"]["mean_interval"][0] <= r["a"]["mean"] <= r["a"]["mean_interval"][1]
	and len(r["a"]["median_interval"]) == 2
	and abs(r["ratio"] - r["b"]["mean"] / r["a"]["mean"]) < 1e-9
	for r in d["blocks"][0]["metrics"])'
expect_json "$tmp/out" '[r["verdict"] for r in d["blocks"][0]["metrics"]
	if r["metric"] in ("worker_cow_pages", "worker_minor_faults")] ==
	["better", "better"]'
expect_json "$tmp/out" '[sorted(s) for s in
	d["blocks"][0]["steady_state"].values()] ==
	[["late_change", "repeats", "steady", "unsteady"]] * 2'
means=$(ask "$tmp/run.json" '["%s %.6f" % (s, sum(c["worker_cow_pages"]
	for c in d["cells"] if c["strategy"] == s) / 8.0)
	for s in ("none", "freeze")]')
expect_same "means of the cells" "$means" "$(ask "$tmp/out" \
	'["%s %.6f" % (d["blocks"][0][s]["stack"], r[s]["mean"]) for r in
	d["blocks"][0]["metrics"] if r["metric"] == "worker_cow_pages"
	for s in "ab"]')"

# The same again is the same; another seed moves the intervals only.
compare none freeze --run=1 --format=json
cmp -s "$tmp/out" "$tmp/compare.json" || fail "a comparison differs when repeated"
compare 1:none 1:freeze --format=json
cmp -s "$tmp/out" "$tmp/compare.json" || fail "RUN:STACK differs from --run"
compare none freeze --run=1 --format=json --seed=5
expect_json "$tmp/out" 'd["seed"] == 5'
cmp -s "$tmp/out" "$tmp/compare.json" && fail "the seed has no effect"
expect_same "means with another seed" "$(ask "$tmp/compare.json" \
	'[r["ratio"] for r in d["blocks"][0]["metrics"]]')" \
	"$(ask "$tmp/out" '[r["ratio"] for r in d["blocks"][0]["metrics"]]')"

compare none freeze --run=1
expect_status 0
expect_nothing err
expect_match out "^$tag  objectgraph  scale 2000, 2 workers, 20 requests each"
expect_match out '^  A: none (run 1, 8 repeats)'
expect_match out '^  worker_cow_pages .*\[.*\] .*\[.*\] .*\[.*\]  *better'
expect_match out 'resamples, seed 1)'

# B is the other way round.
compare freeze none --run=1 --metric=worker_cow_pages --format=json
expect_json "$tmp/out" 'd["blocks"][0]["metrics"][0]["verdict"] == "worse"'

# A stack as typed.
compare freeze freeze-gen --run=1 --format=json --metric=total_kib
expect_status 0
expect_json "$tmp/out" 'd["blocks"][0]["b"]["stack"] == "freeze-gen:2"'

# A stack against itself: odd repeats against even ones.
compare none none --run=1 --format=json --metric=worker_cow_pages
expect_status 0
expect_json "$tmp/out" 'd["self_check"] is True and
	[(d["blocks"][0][s]["which"], d["blocks"][0][s]["repeats"])
	for s in "ab"] == [("odd", 4), ("even", 4)]'
means=$(ask "$tmp/run.json" '["%.6f" % (sum(c["worker_cow_pages"]
	for c in d["cells"] if c["strategy"] == "none" and
	c["repeat"] % 2 == odd) / 4.0) for odd in (1, 0)]')
expect_same "means of the halves" "$means" "$(ask "$tmp/out" \
	'["%.6f" % d["blocks"][0]["metrics"][0][s]["mean"] for s in "ab"]')"
compare none none --run=1
expect_match out '^A stack against itself, odd repeats against even ones'
compare 1 1 --format=json --metric=total_kib
expect_json "$tmp/out" '[b["a"]["stack"] for b in d["blocks"]] ==
	["none", "freeze", "freeze-gen:2"]'

# All metrics: each has a verdict or a reason.
compare none freeze --run=1 --format=json --metric=all
expect_status 0
expect_json "$tmp/out" 'all(r["verdict"] or r["reason"]
	for r in d["blocks"][0]["metrics"])'
expect_json "$tmp/out" '[r["verdict"] for r in d["blocks"][0]["metrics"]
	if r["metric"] == "gc_collections[2]"] == ["no difference shown"]'
expect_json "$tmp/out" '[(r["verdict"], r["ratio"], bool(r["reason"]))
	for r in d["blocks"][0]["metrics"]
	if r["metric"] == "frozen_objects"] == [("different", None, True)]'

# Two runs, the second with one repeat: stack by stack, and no verdict.
compare 1 2 --format=json
expect_status 0
expect_json "$tmp/out" '[[(b[s]["run"], b[s]["stack"]) for s in "ab"]
	for b in d["blocks"]] == [[(1, "none"), (2, "none")],
	[(1, "freeze"), (2, "freeze")]]'
expect_json "$tmp/out" 'all(r["verdict"] == "too few repeats" and
	r["ratio_interval"] is None and r["b"]["mean_interval"] is None and
	r["ratio"] > 0 for b in d["blocks"] for r in b["metrics"])'
compare 1:none 2:freeze
expect_status 0
expect_match out 'too few repeats: have 1, need 4$'
compare none freeze --metric=total_kib
expect_match out '^  A: none (run 2, 1 repeat)$'

refused "run 2 has no stack 'freeze-gen' (it has none, freeze)" none freeze-gen
refused "has no stack 'frezee', did you mean 'freeze'?" none frezee
refused "has no run 9" 9 1
refused "has no run 9" none freeze --run=9
refused "has no run 9" 9:none 1:none
refused "name the stack of both" 1 none
refused "'1:' names no stack" 1: 1:none
refused "'' names no stack" '' none
refused "'1x' is no run, stack or RUN:STACK" 1x none
refused "'0' is no run" 0 1
refused "'99999999999999999999' is no run" 99999999999999999999 1
refused "leave --run out" 1:none 1:freeze --run=1
refused "unknown metric 'total_kb', did you mean 'total_kib'?" none freeze \
	--metric=total_kb
refused "unknown metric 'x'" none freeze --metric=x,all
refused "needs a key" none freeze --metric=
refused "nothing in common.*run 2 has none, freeze ($tag objectgraph " none \
	freeze --python=9.9
refused "nothing in common" none freeze --workload=webapp
refused "at least two repeats" none none
refused "--seed takes .*, not 'x'" none freeze --seed=x
refused "--format takes .*, not 'csv'" none freeze --format=csv
refused "compare what?" none
refused "too many arguments" none freeze none

# Sizes that differ are no common block.
harness run --db="$db" --python="$tag" --scale=2000 --workers=1 --requests=20 \
	--format=csv
refused "nothing in common.* w2 .* w1 " 1 3

# Cells that failed, all or some, and lost samples.
run --strategy=freeze --baseline=freeze --workload="$bad/hidden.py" --repeat=2
compare 4 4 --format=json
expect_status 5
expect_line err 'samples were lost; do not trust'
expect_json "$tmp/out" 'd["blocks"][0]["lost_samples"]["a"] > 0'
compare 4 4
expect_match out '^  gc_pause_max_us .*samples were lost: do not trust'
grep '^  total_kib' "$tmp/out" | grep -q lost && fail "memory needs no samples"

# A host is known by its CPU, its memory, its kernel.
if "$python" -B -c 'import sqlite3' 2>/dev/null; then
	change() {
		"$python" -B -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.argv[2])' "$db" "$1"
	}
	change "UPDATE runs SET host = replace(host, '\"kernel\":\"',
		'\"kernel\":\"other') WHERE id = 2"
	refused "different hosts (kernel: .*--mixed-hosts" 1 2
	refused "different hosts" 1:none 2:none
	compare none freeze --run=2
	expect_status 0
	compare 1 2 --mixed-hosts
	expect_status 0
	expect_nothing err

	change "UPDATE cells SET status = 'failed', reason = 'it broke'
		WHERE run = 1 AND strategy = 'freeze' AND repeat > 5;
		UPDATE cells SET status = 'timeout', reason = 'it hung'
		WHERE run = 2 AND strategy = 'freeze'"
	compare none freeze --run=1
	expect_status 0
	expect_match out '^  B: freeze (run 1, 5 repeats)'
	expect_match out '^  B, freeze: 3 of 8 repeats not used: failed: it broke'
	compare none freeze --run=2
	expect_status 3
	expect_line err 'nothing could be compared'
	expect_match out '^  total_kib .* B: it hung'
else
	echo "hosts and failed cells not tested: $python has no sqlite3"
fi

expect_no_processes
finish
