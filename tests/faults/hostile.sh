#!/bin/sh
# Results are data: whatever is in a database, no command is run, nothing is written
# outside of the folder that was asked for, and nothing acts on the terminal.
. "$top_srcdir/tests/faults/faultlib.sh"
"$python" -B -c 'import sqlite3' 2>/dev/null || {
	for each in $tags; do
		python=$(executable_of "$each")
		! "$python" -B -c 'import sqlite3' 2>/dev/null || break
	done
}
"$python" -B -c 'import sqlite3' 2>/dev/null ||
	skip "no interpreter here has the module sqlite3"

# Commands run in a folder that stays empty, and write into out/ alone.
mkdir -p "$tmp/cwd" "$tmp/a/b/c/out"
out=$tmp/a/b/c/out
cd "$tmp/cwd" || exit 99
# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/good.db" --python="$tag" --baseline=none \
	--strategy=freeze --repeat=2 $tiny --format=csv
expect_status 0

# Lines of printf formats; RAN is a file that comes when a command is run.  Names
# that end or begin a word for a shell, SQL, gnuplot, Python, HTML and printf; paths
# out of a folder; what terminals obey, also as C1 in UTF-8; no UTF-8; a NUL; options.
cat >"$tmp/texts" <<'END'
a"b'c`touch RAN`$(touch RAN);touch RAN|touch RAN
<touch RAN
|touch RAN
"; system("touch RAN"); "
x'); DROP TABLE runs; --
../../../../x
a\nimport os; os.system("touch RAN")\n!touch RAN\n@touch\r%%s%%n{/Bold x}
\033]0;title\007\033[2J\033[31mred\177\010\302\2332J\342\200\256turned
\377\376\300\200\355\240\200
a\000b
--help
</script><script>x=1</script><!-- @@js@@ \\\\u003c
END

# acts out|err: fails if it has controls beyond ASCII, or what turns text around.
acts() {
	grep -a -q -e "$(printf '\302[\200-\237]')" -e "$(printf '\342\200\256')" \
		"$tmp/$1" && fail "controls in UTF-8 on std$1, text $number"
}

# harmless: the command has ended as it should, printed nothing that acts on a
# terminal, and made no file but in out/.
harmless() {
	case $status in
	[0-5]) ;;
	*) fail "exit code $status for text $number" ;;
	esac
	for stream in out err; do
		grep -a -q "[$(printf '\001-\010\013-\037')]" "$tmp/$stream" &&
			fail "controls on std$stream, text $number"
	done
	acts err
	found=$(find "$tmp/cwd" "$tmp/a" -type f ! -path "$out/*"
		find "$tmp" -maxdepth 1 \( -name 'RAN*' -o -name x \))
	[ -z "$found" ] || fail "text $number made $found"
}

# table: as harmless, and for people.
table() {
	harmless
	acts out
}

# fault: a database whose every name, reason and fact is a command, a quote, a path
#     out of its folder, an escape sequence, no UTF-8, a NUL or an option
# when: list, export, compare, plan, plot, report
# then: texts stay texts: no command is run, no file is written but where it was asked
#     for, no control character is printed; the exit code is a documented one
number=0
while IFS= read -r format; do
	number=$((number + 1))
	# shellcheck disable=SC2059 # formats
	text=$(printf -- "$format" | sed "s,RAN,$tmp/RAN,g" | od -An -v -tx1 |
		tr -d ' \n')
	cp "$tmp/good.db" "$db"
	"$python" -B "$top_srcdir/tests/faults/nasty.py" "$db" "$text" \
		2>"$tmp/err" || fail "text $number: $(cat "$tmp/err")"
	harness list runs --db="$db"
	table
	expect_status 0
	for as in csv tsv; do
		harness export --db="$db" --format=$as
		table
		expect_status 0
	done
	harness export --db="$db" --format=tables --out="$out/tables"
	harmless
	harness export --db="$db"
	harmless
	expect_status 0
	expect_json "$tmp/out" 'len(d["cells"]) == 4'
	stack=$(ask "$tmp/out" '[c["strategy"] for c in d["cells"]
		if c["strategy"] != "none"][:1]' 2>/dev/null)
	harness compare "none" "$stack" --db="$db"
	table
	harness compare 1 1 --db="$db"
	table
	harness plan --memory=1G --db="$db"
	table
	harness plan --memory=1G --db="$db" --format=json
	harmless
	# What is to be pasted is code.
	expect_json "$tmp/out" 'not d["recommended"] or
		re.match("[-+:=%._a-zA-Z0-9]*$", d["recommended"]["strategy"] +
			d["recommended"]["tag"]) or
		all(lines.startswith("# nothing to paste")
		for lines in d["recommended"]["deploy"].values())'
	harness plan --memory=1G --db="$db" --verify
	harmless
	if [ -n "$GNUPLOT" ]; then
		harness plot --db="$db" --out="$out" --format=svg,tsv \
			--figure=memory,copies
		harmless
	fi
	# Without gnuplot the page has no figures, which take most of the time.
	programs=$PATH
	[ -n "$FAULTS" ] || [ $number -eq 1 ] || programs=/nonexistent
	last="harness report, text $number"
	PERMAFROST_TEST=$tmp timeout -s KILL 90 env PATH="$programs" "$HARNESS" \
		report --db="$db" --out="$out/report.html" >"$tmp/out" \
		2>"$tmp/err.all" </dev/null
	status=$?
	without_warnings
	harmless
	[ ! -e "$out/report.html" ] ||
		! grep -aqF '<script>x=1' "$out/report.html" ||
		fail "text $number is markup"
	find "$out" -mindepth 1 -delete
done <"$tmp/texts"
[ "$number" -eq "$(wc -l <"$tmp/texts")" ] || fail "only $number texts"

# fault: a name of a hundred thousand characters
# when: list, export, compare, plan
# then: as above
number=long
cp "$tmp/good.db" "$db"
"$python" -B "$top_srcdir/tests/faults/nasty.py" "$db" \
	"$(head -c 100000 /dev/zero | tr '\0' 4 | sed 's/44/41/g')"
for command in "list runs" export "export --format=csv" "compare 1 1" \
	"plan --memory=1G"; do
	# shellcheck disable=SC2086 # words
	harness $command --db="$db"
	harmless
done

# fault: pending cells whose keys are commands, paths and options
# when: `run --resume`
# then: each fails with its reason; nothing is run but what a key names in full
number=keys
cp "$tmp/good.db" "$db"
sql "$db" "UPDATE runs SET finished = NULL, options = '{\"limits\":
	{\"timeout_s\": 99999999999999, \"min_free_kib\": -1, \"parallel\": -5}}'"
sql "$db" "UPDATE cells SET status = 'pending', key = CASE id
	WHEN 1 THEN '--help'
	WHEN 2 THEN '\$(touch $tmp/RAN)'
	WHEN 3 THEN '../../x/\`touch $tmp/RAN\`/w1/n1/c1/s1/r1/x1/../../x'
	ELSE '$tag/freeze;touch $tmp/RAN/w1/n1/c1/s1/r1/x1/objectgraph' END"
harness run --resume --db="$db" --format=json
harmless
expect_status 3
expect_json "$tmp/out" 'all(c["status"] == "failed" for c in d["cells"])'
harness export --db="$db" --format=csv
table

# fault: a database with another schema: views that never end, triggers and columns
#     that call functions, texts and NULLs for numbers
# when: list, export, compare, plan, run
# then: one line that refuses it, or what can be read of it; no crash, no end of memory
schema() {
	number=$1
	cp "$tmp/good.db" "$db"
	"$python" -B -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.argv[2])
db.commit()' "$db" "$2" || fail "$1: the schema could not be changed"
	for command in "list runs" export "export --format=csv" "compare 1 1" \
		"plan --memory=1G" "run --resume" "report --out=$out/report.html"; do
		# shellcheck disable=SC2086 # words
		harness $command --db="$db"
		harmless
	done
}
again="ALTER TABLE cells RENAME TO old;"
schema "endless view" "$again CREATE VIEW cells AS WITH RECURSIVE n(i) AS (
	SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT old.* FROM old, n;"
schema "functions" "CREATE TRIGGER t AFTER UPDATE ON cells BEGIN
	SELECT load_extension('$tmp/x.so'); END;
	CREATE TRIGGER u AFTER INSERT ON runs BEGIN
	SELECT load_extension('$tmp/x.so'); END;"
schema "no types" "$again CREATE TABLE cells AS SELECT id, run, NULL AS key,
	x'00ff' AS python, 7 AS tag, executable, NULL AS strategy, 1.5 AS workload,
	'much' AS scale, NULL AS workers, 'x' AS requests, NULL AS collect_at,
	x'41' AS repeat, NULL AS seed, parallel, 3 AS status, reason, lost_samples
	FROM old;"
schema "no facts" "ALTER TABLE runs RENAME TO older; CREATE TABLE runs AS SELECT id,
	NULL AS started, 7 AS finished, NULL AS options, NULL AS host FROM older;"
schema "no runs" "UPDATE runs SET id = 'x' || id WHERE 0; DELETE FROM metric;
	INSERT INTO curve SELECT id, -5, 'total_kib', 'x' FROM cells;
	INSERT INTO metric SELECT id, 'total_kib', '[[[[', NULL FROM cells;"
schema "numbers" "UPDATE metric SET value = 1e308; UPDATE curve SET value = -1e308;
	UPDATE cells SET scale = 9223372036854775807, workers = -9223372036854775807,
	requests = 9223372036854775807, lost_samples = 9223372036854775807;"

# fault: the same databases, and such that call functions of the program sqlite3
# when: numbers for a paper (paper/numbers.sh)
# then: refused in one line
if [ -n "$SQLITE" ]; then
	numbers() {
		number=paper
		last="paper/numbers.sh"
		HARNESS=$HARNESS SQLITE=$SQLITE timeout -s KILL 90 \
			"$top_srcdir/paper/numbers.sh" "$db" "$out/made" \
			>"$tmp/out" 2>"$tmp/err.all" </dev/null
		status=$?
		without_warnings
		harmless
		expect_status 1
	}
	for format in "x'); SELECT edit('', 'touch $tmp/RAN;:'); --" \
		"x','y'); .shell touch $tmp/RAN"; do
		cp "$tmp/good.db" "$db"
		"$python" -B "$top_srcdir/tests/faults/nasty.py" "$db" \
			"$(printf '%s' "$format" | od -An -v -tx1 | tr -d ' \n')"
		numbers
		expect_match err 'make paper: .*characters'
	done
	cp "$tmp/good.db" "$db"
	"$python" -B -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.argv[2])' "$db" "ALTER TABLE cells RENAME TO old;
		CREATE VIEW cells AS SELECT *, edit('', 'touch $tmp/RAN;:') AS more
		FROM old;"
	numbers
fi

# fault: the current folder has modules with names of the standard library
# when: planning with `--python=PATH`, all phases
# then: they are not imported
mkdir "$tmp/here"
for module in sysconfig json gc random os site; do
	echo "open('$tmp/RAN', 'w').write(__name__)" >"$tmp/here/$module.py"
done
newest=$(echo "$tags" | tail -n 1)
ln -s "$(executable_of "$newest")" "$tmp/link"
cd "$tmp/here" || exit 99
# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/fresh.db" --python="$tmp/link" --baseline=freeze $tiny \
	--format=json
number=modules
[ "$status" -eq 0 ] || fail "exit code $status"
expect_no_file "$tmp/RAN"

expect_nothing_left_behind
finish
