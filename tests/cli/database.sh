#!/bin/sh
# The results database: what cannot be one is refused in one line and left as it
# was, one run writes at a time, and what was stored stays readable.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
db=$tmp/new.db

# run_in FILE OPTION...: one small cell.
run_in() {
	file=$1
	shift
	# shellcheck disable=SC2086 # a list of options
	harness run --db="$file" --python="$tag" --baseline=freeze $small \
		--format=csv "$@"
}

# expect_fault PATTERN: the harness itself failed, and says so in one line.
expect_fault() {
	expect_status 1
	expect_nothing out
	expect_line err "^harness: .*$1"
}

# refused FILE PATTERN: whatever is done with it.
refused() {
	[ -d "$1" ] || cp "$1" "$tmp/copy"
	run_in "$1"
	expect_fault "$2"
	for command in "run --resume" export "list runs"; do
		# shellcheck disable=SC2086 # words
		harness $command --db="$1"
		expect_fault "$2"
	done
	[ -d "$1" ] || cmp -s "$1" "$tmp/copy" || fail "$1 was changed"
}

# Runs append.
run_in "$db"
expect_status 0
expect_nothing err
run_in "$db" --repeat=2
expect_status 0
harness list runs --db="$db" --format=json
expect_json "$tmp/out" '[[r["run"], r["cells"], r["ok"], bool(r["finished"])]
	for r in d["runs"]] == [[1, 1, 1, True], [2, 2, 2, True]]'
for run in 1 2; do
	harness export --db="$db" --run=$run
	expect_status 0
	expect_json "$tmp/out" "d['run'] == $run and len(d['cells']) == $run"
done
harness export --db="$db"
expect_json "$tmp/out" 'd["run"] == 2'

# Nothing to go on with.
harness run --resume --db="$db"
expect_usage "no unfinished run"
harness run --resume --db="$tmp/missing.db"
[ "$status" -eq 1 ] || expect_status 2
expect_nothing out
expect_line err "$tmp/missing.db"
expect_no_file "$tmp/missing.db"
for option in --strategy=freeze --python="$tag" --workload=objectgraph \
	--scale=10 --workers=1 --requests=9 --repeat=2 --seed=2 --baseline=none \
	--quick --no-full-collection; do
	# shellcheck disable=SC2086 # a list of words
	harness run --resume --db="$db" $option
	expect_usage "--resume takes the selection from"
done

# What is no database of ours.
cp "$db" "$tmp/good"
head -c 20000 /dev/zero | tr '\0' x >"$tmp/text.db"
refused "$tmp/text.db" "$tmp/text.db: file is not a database"
{ printf 'SQLite format 3\0' && tail -c 20000 "$tmp/text.db"; } >"$tmp/head.db"
refused "$tmp/head.db" "$tmp/head.db: file is not a database"
head -c 5000 "$tmp/good" >"$tmp/short.db"
refused "$tmp/short.db" "$tmp/short.db: database disk image is malformed"
mkdir "$tmp/folder.db"
refused "$tmp/folder.db" "the database $tmp/folder.db: "
execute_sql() {
	"$python" -B -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript(sys.argv[2])
db.commit()' "$1" "$2" 2>"$tmp/sqlite"
}
refused_by_sql() {
	execute_sql "$1" "$2" && refused "$1" "$3"
}
if "$python" -B -c 'import sqlite3' 2>/dev/null; then
	refused_by_sql "$tmp/foreign.db" "CREATE TABLE mine (a)" \
		"$tmp/foreign.db is some other database"
	refused_by_sql "$tmp/foreign-empty.db" "PRAGMA application_id = 7" \
		"$tmp/foreign-empty.db is .* not a database of this program"
	cp "$tmp/good" "$tmp/future.db"
	refused_by_sql "$tmp/future.db" "PRAGMA user_version = 99" \
		"$tmp/future.db has schema version 99, this program knows"

	# One of the first version: readers say so, a run brings it up to date,
	# and its cells are still there.
	cp "$tmp/good" "$tmp/old.db"
	execute_sql "$tmp/old.db" "DROP TABLE worker; DROP TABLE copies;
		DROP TABLE method; PRAGMA user_version = 1;
		DELETE FROM metric WHERE key = 'worker_new_pages'" ||
		fail "$(cat "$tmp/sqlite")"
	harness export --db="$tmp/old.db"
	expect_status 1
	expect_line err "$tmp/old.db was made by an older version.*run"
	# shellcheck disable=SC2086 # a list of words
	harness run $small --python="$tag" --db="$tmp/old.db"
	expect_status 0
	harness export --run=1 --format=json --db="$tmp/old.db"
	expect_status 0
	expect_json "$tmp/out" 'd["cells"][0]["total_kib"] > 0 and
		d["cells"][0]["copies"] is None and
		d["cells"][0]["worker_new_pages"] is None and
		"version" in d["cells"][0]["unavailable"]["worker_new_pages"]'
	harness export --format=json --db="$tmp/old.db"
	expect_json "$tmp/out" '"copies" in d["cells"][0]["methods"]'
else
	echo "foreign databases not tested: $python has no sqlite3"
fi
run_in /no/such/folder/x.db
expect_fault "/no/such/folder/x.db.*No such file"
run_in /dev/null
expect_fault "/dev/null"

# Pages amid the file are damaged: no crash, and no half of a document.
{ head -c 8192 "$tmp/good" && head -c 20000 "$tmp/text.db" &&
	tail -c +28193 "$tmp/good"; } >"$tmp/amid.db"
harness export --db="$tmp/amid.db"
expect_fault "$tmp/amid.db: database disk image is malformed"

# An empty file becomes ours.
: >"$tmp/empty.db"
run_in "$tmp/empty.db"
expect_status 0
harness list runs --db="$tmp/empty.db" --format=json
expect_json "$tmp/out" 'len(d["runs"]) == 1'

# fault: a second coordinator begins, or resumes, on the same database
# when: serve
# then: it is refused in one line, and the first goes on unharmed; readers are not
#     refused
echo 2 >"$tmp/hold"
# shellcheck disable=SC2086 # a list of options
start run --db="$db" --python="$tag" --baseline=freeze $small --repeat=3 \
	--workload="$bad/hold.py" --format=csv
wait_for "$tmp/held"
mkdir "$tmp/first"
first=$pid
mv "$tmp/out" "$tmp/err.all" "$tmp/first"
run_in "$db"
expect_fault "another run is writing to $db"
harness run --resume --db="$db"
expect_fault "another run is writing to $db"
harness export --db="$db" --format=csv
expect_status 0
expect_same "cells so far" "ok
pending
pending" "$(tail -n +2 "$tmp/out" | cut -d , -f 13 | sort)"
rm "$tmp/hold"
pid=$first
await
mv "$tmp/first/out" "$tmp/first/err.all" "$tmp"
without_warnings
last="the first of two runs"
expect_status 0
expect_nothing err
harness list runs --db="$db" --format=json
expect_json "$tmp/out" '[[r["cells"], r["ok"]] for r in d["runs"]] ==
	[[1, 1], [2, 2], [3, 3]]'

# What needs file systems of its own, which vanish with this shell's namespace.
in_namespace() {
	if unshare -m true 2>/dev/null; then
		unshare -m "$@"
	else
		unshare -rm "$@"
	fi
}
mkdir "$tmp/mount"
if ! in_namespace sh -c 'mount -t tmpfs none "$1" &&
		mount -o remount,size=4m "$1"' sh "$tmp/mount" 2>/dev/null; then
	echo "full disk, read-only folder not tested: mounting is not permitted"
	expect_no_processes
	finish
fi
cat >"$tmp/in-namespace" <<'END'
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
# shellcheck disable=SC2086 # a list of options
run_in() {
	file=$1
	shift
	harness run --db="$file" --python="$tag" --baseline=freeze $small \
		--format=csv "$@"
}
expect_fault() {
	expect_status 1
	expect_nothing out
	expect_line err "^harness: .*$1"
}

# fault: the disk is full
# when: the run begins, whatever write it is
# then: exit code 1 and one line
mkdir "$tmp/mount"
for kib in 32 44 48 52 56; do
	mount -t tmpfs -o size=${kib}k none "$tmp/mount"
	run_in "$tmp/mount/x.db"
	expect_fault "$tmp/mount/x.db: .*full.*--resume"
	umount "$tmp/mount"
done

# fault: the disk becomes full
# when: a cell is stored
# then: exit code 1 and one line; finished cells are there, and with space `--resume`
#     goes on
mount -t tmpfs -o size=128k none "$tmp/mount"
run_in "$tmp/mount/x.db" --repeat=40
expect_fault "$tmp/mount/x.db: .*full.*--resume"
harness export --db="$tmp/mount/x.db" --format=csv
expect_status 0
cp "$tmp/out" "$tmp/before"
ok=$(grep -c ,ok, "$tmp/before")
[ "$ok" -gt 0 ] && [ "$ok" -lt 40 ] || fail "$ok of 40 cells are finished"
harness run --resume --db="$tmp/mount/x.db"
expect_fault "$tmp/mount/x.db: .*full.*--resume"
mount -o remount,size=4m "$tmp/mount"
harness run --resume --db="$tmp/mount/x.db" --format=csv
expect_status 0
expect_nothing err
expect_same "finished cells" "40" "$(grep -c ,ok, "$tmp/out")"
grep ,ok, "$tmp/before" | sort >"$tmp/finished"
expect_same "cells that changed" "" \
	"$(sort "$tmp/out" | comm -13 - "$tmp/finished")"

# fault: the file system becomes read-only
# when: the run begins
# then: exit code 1 and one line; what is there can be read
mount -o remount,ro "$tmp/mount"
run_in "$tmp/mount/x.db"
expect_fault "$tmp/mount/x.db.*[Rr]ead-\{0,1\}only"
run_in "$tmp/mount/new.db"
expect_fault "$tmp/mount/new.db.*[Rr]ead-\{0,1\}only"
harness export --db="$tmp/mount/x.db" --format=csv
expect_status 0
expect_nothing err
expect_same "rows" "41" "$(wc -l <"$tmp/out")"
umount "$tmp/mount"
expect_no_processes
finish
END
in_namespace sh "$tmp/in-namespace" || failures=$((failures + 1))

expect_no_processes
finish
