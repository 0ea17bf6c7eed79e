#!/bin/sh
# Cells of several hosts in one run are kept apart: by compare, plan, report,
# figures, exports and list; and a database or tables from before there were hosts
# stay readable.  The hosts are made up: tables of a run of this host are edited.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/run.db" --python="$tag" --scale=20000 --workers=1 \
	--requests=50 --repeat=8 --strategy=freeze --format=csv
expect_status 0
[ -s "$tmp/run.db" ] || finish
harness export --db="$tmp/run.db" --format=tables --out="$tmp/plain"
expect_status 0
head -n 1 "$tmp/plain/cells.tsv" | grep -qE '	(host|jobs)	' &&
	fail "a run of one host tells of hosts"

# hosts FILE NAME[=KEY=VALUE]...: adds hosts with the facts of the run's own, and
# one fact that is another, to a run.json.
hosts() {
	"$python" -B - "$@" <<-'END'
	import io, json, sys
	path = sys.argv[1]
	with io.open(path, encoding="utf-8") as f:
	    run = json.load(f)
	run["hosts"] = []
	for word in sys.argv[2:]:
	    parts = word.split("=")
	    run["hosts"].append(dict(run["host"], name=parts[0],
	                             **dict([parts[1:]] if parts[1:] else [])))
	run["schema"] = 3
	with open(path, "w") as f:
	    f.write(json.dumps(run))
	END
}

# place DIR 'AWK' HOST...: makes tables in which AWK has set `host` and `jobs` of
# each cell by `stack` and `repeat`.
place() {
	rm -rf "${tmp:?}/$1"
	cp -r "$tmp/plain" "$tmp/$1"
	awk -F '\t' -v OFS='\t' "
		NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i
			\$at[\"method\"] = \"method\" OFS \"host\" OFS \"jobs\"
			print; next }
		{ host = jobs = \"\"; stack = \$at[\"strategy\"]
			repeat = \$at[\"repeat\"]
			$2
			\$at[\"method\"] = \$at[\"method\"] OFS host OFS jobs
			print }" "$tmp/plain/cells.tsv" >"$tmp/$1/cells.tsv"
	file=$tmp/$1/run.json
	shift 2
	hosts "$file" "$@" || exit 99
}

# bring DIR: the tables as the newest run of $db.
bring() {
	harness import "$tmp/$1" --db="$db"
	expect_status 0
}

db=$tmp/hosts.db
compare() {
	harness compare --db="$db" --metric=total_kib --format=json "$@"
}

# ---- odd repeats on web1, even ones on web2

place both 'host = repeat % 2 ? "web1" : "web2"' web1 web2
bring both
harness list runs --db="$db" --format=json
expect_json "$tmp/out" '[r["hosts"] for r in d["runs"]] == [2]'
harness list runs --db="$db"
expect_match out '^run .*  hosts$'
harness list runs --db="$tmp/run.db" --format=json
expect_json "$tmp/out" '[r["hosts"] for r in d["runs"]] == [1]'
harness export --db="$db"
cp "$tmp/out" "$tmp/both.json"
expect_json "$tmp/out" '[h["name"] for h in d["hosts"]] == ["web1", "web2"] and
	d["hosts"][0]["kernel"] == d["host"]["kernel"] and
	"name" not in d["host"]'
expect_json "$tmp/out" 'all(c["host"] == ["web2", "web1"][c["repeat"] % 2] and
	"jobs" not in c for c in d["cells"])'
harness export --db="$db" --format=csv
head -n 1 "$tmp/out" | grep -q ',host,jobs$' || fail "no column of hosts"
expect_same "rows of web1" 8 "$(grep -c ',web1,$' "$tmp/out")"

# Out and in again: the same bytes.
harness export --db="$db" --format=tables --out="$tmp/one"
expect_status 0
expect_nothing err
harness import "$tmp/one" --db="$tmp/again.db"
expect_status 0
harness export --db="$tmp/again.db" --format=tables --out="$tmp/two"
diff -r "$tmp/one" "$tmp/two" >"$tmp/out" || fail "hosts change on their way"
harness export --db="$tmp/again.db" --format=json
expect_json "$tmp/out" 'sum(c["host"] == "web1" for c in d["cells"]) == 8'

# A comparison is one within each host, and nothing is left out.
compare none freeze
expect_status 0
expect_json "$tmp/out" '[(b["host"], b[s]["repeats"]) for b in d["blocks"]
	for s in "ab"] == [(h, 4) for h in ("web1", "web2") for s in "ab"] and
	d["left_out"] == {"a": {}, "b": {}} and d["mixed_hosts"] is False'
grep 'is compared without' "$tmp/err.all" && fail "nothing was left out"
means=$(ask "$tmp/both.json" '["%s %.6f" % (h, sum(c["total_kib"] for c in
	d["cells"] if c["host"] == h and c["strategy"] == "none") / 4.0)
	for h in ("web1", "web2")]')
expect_same "means of none" "$means" "$(ask "$tmp/out" '["%s %.6f" %
	(b["host"], b["metrics"][0]["a"]["mean"]) for b in d["blocks"]]')"
harness compare none freeze --db="$db"
expect_match out "^$tag .* requests each, .*, on web1$"
expect_match out "^$tag .* requests each, .*, on web2$"

# A stack against itself: halves of what each host has.
compare none none
expect_status 0
expect_json "$tmp/out" '[(b["a"]["repeats"], b["b"]["repeats"])
	for b in d["blocks"]] == [(2, 2), (2, 2)]'

# Figures: as many panels as hosts, means within each.
harness plot --db="$db" --figure=leak,pauses,copies --format=tsv --out="$tmp/figures"
expect_status 0
expect_same "panels" "1	$tag on web1
2	$tag on web2" "$(tail -n +2 "$tmp/figures/leak.tsv" | cut -f 1,5 | sort -u)"
expect_same "panels of copies" "2" \
	"$(tail -n +2 "$tmp/figures/copies.tsv" | cut -f 5 | sort -u | wc -l)"
mean=$(ask "$tmp/both.json" '["%.3f" % (sum(c["leak_kib_per_1k"]
	for c in d["cells"] if c["host"] == "web2" and
	c["strategy"] == "freeze") / 4.0)]')
expect_same "mean leak on web2" "$mean" "$(awk -F '\t' '$1 == 2 &&
	$4 == "freeze" { printf "%.3f", $13 }' "$tmp/figures/leak.tsv")"

# ---- no host in common

place apart 'host = stack == "none" ? "web1" : "web2"' web1 web2
bring apart
compare none freeze
expect_usage "A and B are from different hosts .*A from web1, B from web2; .*--mixed-hosts"
compare none freeze --mixed-hosts
expect_status 0
expect_json "$tmp/out" '[(b["host"], b[s]["repeats"]) for b in d["blocks"]
	for s in "ab"] == [(None, 8)] * 2 and d["mixed_hosts"] is True'
expect_match err.all 'warning: cells of different hosts are compared'

# ---- one host in common

place some 'host = repeat > 4 ? "web1" : stack == "none" ? "web2" : "web3"' \
	web1 web2 web3
bring some
compare none freeze
expect_status 0
expect_json "$tmp/out" '[b["host"] for b in d["blocks"]] == ["web1"] and
	d["left_out"] == {"a": {"web2": 4}, "b": {"web3": 4}}'
expect_match err.all 'warning: A is compared without 4 cells on web2, where B was'
expect_match err.all 'warning: B is compared without 4 cells on web3, where A was'

# ---- plan takes one host, and says which ones it leaves out

plan() {
	harness plan --db="$db" --memory=1G --format=json "$@"
}
plan --run=3
expect_status 0
expect_json "$tmp/out" 'd["host"]["name"] == "web1" and
	[p["cells"] for p in d["plans"]] == [4, 4] and
	[(o["host"], o["cells"]) for o in d["other_hosts"]] ==
	[("web2", 4), ("web3", 4)]'
expect_match err.all 'warning: the plans are of web1; cells of other hosts are left out: 4 of web2, 4 of web3; .*--host=NAME'
plan --run=3 --host=web3
expect_status 0
expect_json "$tmp/out" 'd["host"]["name"] == "web3" and
	[(p["strategy"], p["cells"]) for p in d["plans"]] == [("freeze", 4)]'
plan --run=3 --host=web4
expect_usage "no good cell is of the host 'web4'; there are: web"
plan --host=
expect_usage "--host needs the name of a host"
plan		# web1 in all three runs is one machine
expect_json "$tmp/out" 'd["host"]["name"] == "web1" and
	[p["cells"] for p in d["plans"]] == [16, 8]'
harness plan --db="$db" --memory=1G --run=1 --host=web2
expect_match out '^1024 MiB, .*; measured on web2$'
harness report --db="$db" --run=1 --host=web2 --out="$tmp/report.html"
expect_status 0
expect_match err.all 'warning: the plans are of web2'
grep -q 'the plans are of web2; cells of other hosts are left out: 8 of web1' \
	"$tmp/report.html" || fail "the page does not tell of the other host"

# ---- which host is the same one in another run

place later 'host = "web1"' web1=memory_kib=MEMORY
memory=$("$python" -B -c 'import json, sys
print(int(json.load(open(sys.argv[1]))["host"]["memory_kib"] * 1.004))' \
	"$tmp/plain/run.json")
sed -i "s/\"MEMORY\"/$memory/" "$tmp/later/run.json"
bring later		# 4: started again
place renamed 'host = "db1"' db1
bring renamed		# 5
place newer 'host = "web1"' web1=kernel=newer
bring newer		# 6
bring plain		# 7: the host of the run itself
compare 1 4
expect_status 0
expect_json "$tmp/out" 'set(b["host"] for b in d["blocks"]) == set(["web1"])'
compare 1 5
expect_usage 'different hosts (name: "web[12]" and "db1"), A from web1, web2, B from db1'
compare 4 6
expect_usage 'different hosts (kernel: .*A from web1, B from web1'
compare 5 7
expect_usage 'different hosts .*B from the host of run 7'
harness compare 5:none 7:none --db="$db" --mixed-hosts
expect_status 0
plan --run=7
expect_json "$tmp/out" '"name" not in d["host"] and d["other_hosts"] == []'
plan --run=1,7 --host=:
expect_json "$tmp/out" '"name" not in d["host"] and
	[p["cells"] for p in d["plans"]] == [8, 8]'
plan --run=4,6 --host=web1
expect_usage 'runs 4 and 6 are from different hosts (kernel: '

# ---- cells that had company have no times, and no time is made of that

place crowd 'jobs = 4' web1
awk -F '\t' -v OFS='\t' 'NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i }
	NR > 1 { for (i = 1; i <= NF; i++)
		if (name[i] ~ /_us(\[|$)|_ms$/)
			$i = name[i] ~ /\[[12]\]$/ ? "" : "?1" } 1' \
	"$tmp/crowd/cells.tsv" >"$tmp/cells"
mv "$tmp/cells" "$tmp/crowd/cells.tsv"
for table in curve worker; do
	awk -F '\t' -v OFS='\t' 'NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i }
		NR > 1 { for (i = 1; i <= NF; i++)
			if (name[i] ~ /_us$|_ms$/) $i = "" } 1' \
		"$tmp/plain/$table.tsv" >"$tmp/crowd/$table.tsv"
done
for table in pauses latencies; do
	head -n 1 "$tmp/plain/$table.tsv" >"$tmp/crowd/$table.tsv"
done
sed -i 's/"\(pauses\|latencies\)": [0-9]*/"\1": 0/g' "$tmp/crowd/run.json"
bring crowd
harness export --db="$db"
expect_json "$tmp/out" 'all(c["jobs"] == 4 and "host" not in c and
	c["gc_pause_p99_us"] is None and c["worker_cpu_ms"] is None
	for c in d["cells"])'
harness compare none freeze --db="$db"
expect_status 0
grep -E '\bnan\b' "$tmp/out" && fail "a number that is none"
expect_match out '^  gc_pause_p99_us  *-  *-  *-  *A: '
harness plan --db="$db" --run=8 --memory=1G
expect_status 0
grep -E '\bnan\b|  none ' "$tmp/out" | grep -v '^[* ] none ' &&
	fail "pauses that are not known are none"
expect_match out '^[* ] freeze .*  -  *-  *extrapolated$'
plan --run=8 --pause-p99=50ms
expect_status 4
expect_json "$tmp/out" 'all(p["misses_pause"] and not p["pauses_known"] and
	not p["never_collects"] and
	p["reason"].startswith("pauses are not known")
	for p in d["plans"])'
harness plot --db="$db" --figure=pauses,memory --format=tsv --out="$tmp/crowded"
expect_status 0
expect_no_file "$tmp/crowded/pauses.tsv"

# ---- tables that cannot be

# refused PATTERN: the tables `bad` are, and no database is made.
refused() {
	harness import "$tmp/bad" --db="$tmp/none.db"
	expect_status 1
	expect_nothing out
	expect_line err "^harness: .*$1.*nothing was imported$"
	expect_no_file "$tmp/none.db"
}
place bad 'host = "web9"' web1
refused "cells.tsv:2: run.json has no host 'web9'"
place bad 'jobs = 0' web1
refused "cells.tsv:2: 'jobs' is '0'"
place bad '' web1 web1
refused "run.json: 'hosts'"
place bad '' ''
refused "run.json: 'hosts'"
place bad 'host = "web1"' web1
sed -i '1s/	jobs	/	job	/' "$tmp/bad/cells.tsv"
refused "cells.tsv:1: column [0-9]* is not 'jobs'"

# A name that would do something is a name.
escape=$(printf '\033')
place evil 'host = "\\x1B[31m</script>$(touch ran)"' \
	"${escape}[31m</script>\$(touch ran)"
db=$tmp/evil.db
bring evil
for command in "list runs" export "export --format=csv" "compare none freeze" \
	"plan --memory=1G" "plot --out=$tmp/evil-figures --format=tsv"; do
	# shellcheck disable=SC2086 # words
	harness $command --db="$db"
	expect_status 0
	! grep -q "$escape" "$tmp/out" "$tmp/err.all" ||
		fail "a name gets to the terminal as it is"
done
harness report --db="$db" --out="$tmp/evil.html"
expect_status 0
! grep -q '\[31m</script>' "$tmp/evil.html" || fail "a name is markup"
expect_no_file ran

# ---- from before there were hosts

# The committed tables are as they were written.
reference=$top_srcdir/results/reference
if [ -s "$reference/run.json" ]; then
	harness import "$reference" --db="$tmp/reference.db"
	expect_status 0
	harness export --db="$tmp/reference.db" --format=tables \
		--no-latencies --out="$tmp/reference"
	expect_status 0
	for file in "$tmp/reference"/*; do
		cmp "$file" "$reference/${file##*/}" >"$tmp/out" 2>&1 ||
			fail "${file##*/} is written in another way"
	done
fi

# A database of version 2 is read as it is; a run makes it one of today.
if "$python" -B -c 'import sqlite3' 2>/dev/null; then
	db=$tmp/run.db
	harness export --db="$db"
	cp "$tmp/out" "$tmp/before.json"
	"$python" -B -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript("DROP TABLE placement; DROP TABLE hosts; "
                 "PRAGMA user_version = 2")' "$db" || fail "no old database"
	cp "$db" "$tmp/old.db"
	harness export --db="$db"
	expect_status 0
	cmp -s "$tmp/out" "$tmp/before.json" || fail "an old run is another"
	for command in "list runs" "compare none freeze" "plan --memory=1G" \
		"plot --figure=memory,copies --format=tsv --out=$tmp/old" \
		"report --out=$tmp/old.html"; do
		# shellcheck disable=SC2086 # words
		harness $command --db="$db"
		expect_status 0
	done
	cmp -s "$db" "$tmp/old.db" || fail "reading has changed a database"
	bring both
	harness list runs --db="$db" --format=json
	expect_json "$tmp/out" '[(r["run"], r["hosts"], r["ok"])
		for r in d["runs"]] == [(1, 1, 16), (2, 2, 16)]'
	harness export --db="$db" --run=1
	cmp -s "$tmp/out" "$tmp/before.json" || fail "an old run has changed"
else
	echo "old databases not tested: $python has no sqlite3"
fi

expect_no_processes
finish
