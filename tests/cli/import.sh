#!/bin/sh
# A run as tables: export, import and export again give the same bytes; what is
# cut off, foreign or hostile is refused in one line that names the place, or
# kept as data; and `make plots` draws the same figures twice.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
db=$tmp/run.db
tables=$tmp/tables

# Cells of all kinds: ok, null metrics, failed, and an interpreter by its path.
ln -s "$python" "$tmp/python"
# shellcheck disable=SC2086 # a list of options
harness run --db="$db" --python="$tag,$tmp/python" $small --repeat=2 --format=csv \
	--strategy=none,freeze,freeze+reshare \
	--workload="objectgraph,$bad/request_raise.py"
expect_status 3
[ -s "$db" ] || finish
harness export --db="$db"
cp "$tmp/out" "$tmp/one.json"
expect_json "$tmp/one.json" "any('@' in c['key'] for c in d['cells'])"
harness export --db="$db" --format=tables --out="$tmp/deep/er"
expect_status 0
expect_nothing out
mv "$tmp/deep/er" "$tables"

# expect_same_tables A B
expect_same_tables() {
	diff -r "$1" "$2" >"$tmp/out" || fail "the tables $1 and $2 differ"
}

harness import "$tables" --db="$tmp/new.db"
expect_status 0
expect_nothing err
expect_line out "^run 1: [1-9][0-9]* cells from "
harness export --db="$tmp/new.db" --format=tables --out="$tmp/again"
expect_same_tables "$tables" "$tmp/again"

# What needs no words has none: the metrics of a failed cell are just not there.
reason=$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
	$at["status"] == "failed" { print $at["reason"]; exit }' \
	"$tables/cells.tsv")
[ -n "$reason" ] || fail "no cell failed"
! cut -f 2 "$tables/reasons.tsv" | grep -qxF "$reason" ||
	fail "a failed cell's reason is repeated"

# The same as JSON, too, but for digits and for what tables leave out.
harness export --db="$tmp/new.db"
expect_status 0
"$python" -B - "$tmp/one.json" "$tmp/out" >"$tmp/differences" 2>&1 <<'END'
import io, json, sys
one, two = [json.load(io.open(path, encoding="utf-8"))
            for path in sys.argv[1:]]
def same(a, b, path):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            same(a.get(key, "none"), b.get(key, "none"), path + [key])
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            same(x, y, path + [i])
    elif isinstance(a, float) and abs(a - b) <= 5.1e-6 * abs(a):
        pass
    elif a != b and path[2:] != ["executable"] and path != ["run"]:
        print("%s: %r, %r" % (path, a, b))
same(one, two, [])
print(len(one["cells"]))
print(sum("reason" in c and c["status"] == "ok" for c in one["cells"]))
END
[ "$(wc -l <"$tmp/differences")" -eq 2 ] ||
	fail "the imported run is another: $(head -n 3 "$tmp/differences")"
harness compare none freeze --db="$tmp/new.db" --format=json
expect_status 0
harness list runs --db="$tmp/new.db"
expect_status 0

# Without latencies there is no file of them, nor one left from before.
[ -s "$tables/latencies.tsv" ] || fail "no latencies"
harness export --db="$db" --format=tables --no-latencies --out="$tmp/again"
expect_status 0
expect_no_file "$tmp/again/latencies.tsv"
harness import "$tmp/again" --db="$tmp/new.db"
expect_status 0
expect_line out "^run 2: "
harness export --db="$tmp/new.db" --format=tables --out="$tmp/third"
expect_same_tables "$tmp/again" "$tmp/third"

# Options that do not go together; folders that cannot be.
harness export --db="$db" --format=tables
expect_usage "need each other"
harness export --db="$db" --out="$tmp/none"
expect_usage "need each other"
harness import
expect_usage "import which folder?"
harness import "$tables" "$tables"
expect_usage "too many arguments"
harness export --db="$db" --format=tables --out="$db/x"
expect_status 1
expect_line err "^harness: cannot write to "
harness import "$tmp/nosuch" --db="$tmp/x.db"
expect_status 1
expect_line err "there is no .*/nosuch/run.json; 'export"
harness import "$db" --db="$tmp/x.db"
expect_status 1
expect_line err "there is no .*/run.json; 'export"
expect_no_file "$tmp/none" "$tmp/x.db"

# refused PATTERN: what is in $tmp/bad now is refused in one line; no database
# is made, and one that is there stays as it was.
refused() {
	before=$(cksum <"$tmp/new.db")
	for file in x new; do
		harness import "$tmp/bad" --db="$tmp/$file.db"
		expect_status 1
		expect_nothing out
		expect_line err "^harness: .*$1.*nothing was imported$"
	done
	expect_no_file "$tmp/x.db"
	[ "$(cksum <"$tmp/new.db")" = "$before" ] ||
		fail "a refused import changed the database"
}

# broken TABLE PROGRAM PATTERN: awk's PROGRAM makes it broken.
broken() {
	rm -rf "$tmp/bad"
	cp -r "$tables" "$tmp/bad"
	awk -F '\t' -v OFS='\t' "$2" "$tables/$1" >"$tmp/bad/$1"
	! cmp -s "$tables/$1" "$tmp/bad/$1" || fail "nothing is broken: $2"
	refused "$3"
}

for table in cells curve worker copies pauses latencies methods reasons; do
	broken $table.tsv '{ print > "/dev/null" }' "$table.tsv:1: the file is empty"
	broken $table.tsv 'NR > 1 { print last } { last = $0 }' \
		"$table.tsv:[0-9]*: the file ends after [0-9]* lines"
	broken $table.tsv 'NR > 1 { print last } { last = $0 }
		END { printf "%s", substr($0, 1, length($0) - 1) }' \
		"$table.tsv:[0-9]*: the file is cut off in this line"
	broken $table.tsv 'NR == 1 { $1 = "zelle" } 1' \
		"$table.tsv:1: column 1 is not '"
	broken $table.tsv 'NR == 2 { $0 = $0 "\t1" } 1' \
		"$table.tsv:2: [0-9]* fields instead of [0-9]*"
	broken $table.tsv 'NR == 2 { $1 = "99999999999999999999" } 1' \
		"$table.tsv:2: '[a-z]*' is '9*', not a whole number"
	broken $table.tsv 'NR == 2 { $1 = $1 "\001" } 1' \
		"$table.tsv:2: a control character"
	broken $table.tsv 'NR == 2 { $1 = $1 "\377" } 1' \
		"$table.tsv:2: .* not UTF-8"
	rm -rf "$tmp/bad"
	cp -r "$tables" "$tmp/bad"
	rm "$tmp/bad/$table.tsv"
	refused "cannot read .*/$table.tsv"
	{
		head -n 1 "$tables/$table.tsv"
		printf '1\0\n'
	} >"$tmp/bad/$table.tsv"
	refused "$table.tsv:2: a NUL byte"
done

# set_field COLUMN VALUE: an awk program that sets a field of the second line, or
# of the second cell that is ok.
set_field() {
	printf 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		NR > 1 && (!("status" in at) || $at["status"] == "ok") &&
			++n == 2 { $at["%s"] = "%s" } 1' "$1" "$2"
}
for value in nan inf 1e999 0x10 ' 1' 1.2.3 - -- '?' '?77' 12k; do
	broken cells.tsv "$(set_field total_kib "$value")" \
		"cells.tsv:[0-9]*: 'total_kib' is '"
done
broken cells.tsv "$(set_field 'gc_collections[1]' nan)" \
	"cells.tsv:[0-9]*: 'gc_collections\[1\]' is 'nan'"
broken cells.tsv "$(set_field 'gc_collections[0]' '')" \
	"cells.tsv:[0-9]*: 'gc_collections\[1\]' is not empty"
broken cells.tsv "$(set_field status pending)" "cells.tsv:[0-9]*: 'pending'"
broken cells.tsv "$(set_field workers 257)" "cells.tsv:[0-9]*: 'workers'"
broken cells.tsv "$(set_field tag 'a/b')" "cells.tsv:[0-9]*: no cell can have"
broken cells.tsv "$(set_field strategy '')" "cells.tsv:[0-9]*: 'strategy' is empty"
broken cells.tsv "$(set_field python '\\x00')" "cells.tsv:[0-9]*: 'python' has a b"
broken cells.tsv 'NR == 3 { $0 = last; $1 = 2 } { last = $0 } 1' \
	"cells.tsv:[0-9]*: this cell is there"
broken cells.tsv 'NR == 1 { sub("total_kib", "total_mib") } 1' \
	"cells.tsv:1: 'total_mib' is no metric"
broken cells.tsv 'NR == 1 { sub("total_kib", "fork_us") } 1' \
	"cells.tsv:1: the metric 'fork_us' is here twice"
broken curve.tsv 'NR == 1 { sub("total_kib", "fork_us") } 1' \
	"curve.tsv:1: the metric 'fork_us' has no place"
broken curve.tsv 'NR == 2 { first = $0; next } 1; NR == 3 { print first }' \
	"curve.tsv:3: not in order"
broken worker.tsv 'NR != 2; NR == 2 { $2 = 3; print }' "worker.tsv:2: 'worker'"
broken copies.tsv 'NR == 2 { $3 = "1e999" } 1' "copies.tsv:2: '.*/.*' is '1e999'"
for value in '' 1x 1x0 x1 '1 0' '1  1' 999999 '1 -1'; do
	broken latencies.tsv "$(set_field buckets "$value")" \
		"latencies.tsv:3: 'buckets' is no histogram"
done
broken run.json '/"started"/ { sub("\"20", "\"x0") } 1' "run.json: 'started'"
broken run.json '/"total_kib"/ { sub("KiB", "MiB") } 1' "run.json: .* unit"
broken run.json '/"format"/ { sub("1", "2") } 1' "run.json: .* newer version"
broken run.json 'NR < 9' "run.json:[0-9]*: "
broken run.json '/"rows"/ { sub("rows", "cows") } 1' "run.json: 'rows'"

# What only looks dangerous is data, and nothing is done with it.
rm -rf "$tmp/bad"
cp -r "$tables" "$tmp/bad"
nasty="../../x'); DROP TABLE runs; --\\\\n\$(touch $tmp/ran)"
awk -F '\t' -v OFS='\t' -v nasty="$nasty" 'NR == 1 {
		for (i = 1; i <= NF; i++) at[$i] = i
	}
	NR > 1 {
		$at["workload"] = nasty
		$at["python"] = "%s%n"
		if ($at["fork_us"] != "") $at["fork_us"] = "1234567.8"
		if ($at["status"] == "failed") $at["strategy"] = "x'\'';--"
		$at["total_kib"] = $at["total_kib"] != "" ? "1e300" : ""
	}
	1' "$tables/cells.tsv" | awk -F '\t' -v OFS='\t' 'NR > 1 { $11 = 1; $12 = NR % 2 ? NR : 100 * NR } 1' \
	>"$tmp/bad/cells.tsv"
sed 's/"strategy": \[/"strategy": [7, {}, /; s/"baseline": "none"/"baseline": "\\u001b[31m"/' \
	"$tables/run.json" >"$tmp/bad/run.json"
harness import "$tmp/bad" --db="$tmp/nasty.db"
expect_status 0
harness export --db="$tmp/nasty.db" --format=tables --out="$tmp/nasty"
expect_status 0
harness import "$tmp/nasty" --db="$tmp/nasty.db"
harness export --db="$tmp/nasty.db" --format=tables --out="$tmp/nasty2"
expect_same_tables "$tmp/nasty" "$tmp/nasty2"
awk -F '\t' '$5 == stack && $4 == path && $12 <= seed { exit 1 }
	{ stack = $5; path = $4; seed = $12 }' "$tmp/nasty/cells.tsv" ||
	fail "the cells are in no order of their own"
grep -q 'DROP TABLE' "$tmp/nasty/cells.tsv" || fail "a name was changed"
for command in "list runs" export "export --format=csv" "compare none freeze"; do
	# shellcheck disable=SC2086 # words
	harness $command --db="$tmp/nasty.db"
	[ "$status" -le 2 ] || fail "exit code $status"
done
expect_no_file "$tmp/ran"

# change SQL: changes the database half.db, which has one run; false without
# Python's sqlite3.
change() {
	rm -f "$tmp/half.db"
	harness import "$tables" --db="$tmp/half.db"
	"$python" -B -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute(sys.argv[2])
db.commit()' "$tmp/half.db" "$1" 2>"$tmp/err"
}

# An unfinished run is none yet; and an import that fails half-way leaves nothing.
if change "UPDATE cells SET status = 'pending' WHERE id = 1"; then
	harness export --db="$tmp/half.db" --format=tables --out="$tmp/half"
	expect_status 1
	expect_line err "run 1 is not finished"
	expect_no_file "$tmp/half"
fi
for table in cells metric method; do
	change "CREATE TRIGGER full BEFORE INSERT ON $table
		WHEN (SELECT count(*) FROM cells WHERE run = 2) > 3
		BEGIN SELECT RAISE(FAIL, 'all full'); END" || continue
	harness import "$tables" --db="$tmp/half.db"
	expect_status 1
	expect_nothing out
	expect_line err "cannot write to the database .*: all full"
	harness list runs --db="$tmp/half.db"
	[ "$(wc -l <"$tmp/out")" -eq 2 ] || fail "half a run was imported"
	harness export --db="$tmp/half.db" --format=tables --out="$tmp/half"
	expect_same_tables "$tables" "$tmp/half"
done

# `make plots`: the same bytes twice, and a clear word without data.
last="results/plots.sh"
cd "$top_builddir" || exit 99
"$top_srcdir/results/plots.sh" "$tmp" "$tmp/figures" svg >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 1
expect_line err "no reference data in .*; 'make reference' measures it"
expect_no_file "$tmp/figures"
if [ -n "$GNUPLOT" ]; then
	for run in 1 2; do
		"$top_srcdir/results/plots.sh" "$tables" "$tmp/figures$run" \
			svg,png,pdf >"$tmp/out" 2>"$tmp/err"
		status=$?
		expect_status 0
		rm "$tmp/figures$run/reference.db"
		sleep 1.1
	done
	for figure in memory faults pauses; do
		for format in svg png pdf; do
			[ -s "$tmp/figures1/$figure.$format" ] ||
				fail "$figure.$format was not drawn"
		done
	done
	# figures.sh says what a PDF without a legible date is.
	for pdf in "$tmp"/figures1/*.pdf; do
		grep -aq '/CreationDate (D:' "$pdf" ||
			rm "$pdf" "$tmp/figures2/${pdf##*/}"
	done
	expect_same_tables "$tmp/figures1" "$tmp/figures2"
fi
finish
