#!/bin/sh
# Something happens to the database, or to where it is, while a run goes on.  What
# was reported as stored stays; what could not be stored is told.  A full or
# read-only file system: tests/cli/database.sh.
. "$top_srcdir/tests/faults/faultlib.sh"

# ended PATTERN: the run could not store its second cell, and says so in one line.
ended() {
	release
	await
	expect_status 1
	expect_nothing out
	expect_line err "^harness: .*$1"
	expect_nothing_left_behind
}

# fault: a write beyond the file size limit (RLIMIT_FSIZE), as on a full disk
# when: a cell is stored
# then: exit code 1 and one line; the cells before are stored; with space, `--resume`
#     goes on
begin serve
prlimit --pid "$pid" --fsize=8192 || fail "prlimit"
ended "cannot write to the database $db: .*--resume"
expect_resumable 1

# fault: stdout on a full disk
# when: results are printed
# then: exit code 1 and one line; the run is stored
last="harness run >/dev/full"
# shellcheck disable=SC2086 # a list of options
PERMAFROST_TEST=$tmp timeout -s KILL 90 "$HARNESS" run --db="$tmp/full.db" \
	--python="$tag" --baseline=freeze $tiny --format=json \
	>/dev/full 2>"$tmp/err.all" </dev/null
status=$?
: >"$tmp/out"
without_warnings
expect_status 1
expect_line err "cannot write to standard output"
harness export --db="$tmp/full.db"
expect_same "states" "1 ok" "$(states)"

# fault: the database is deleted; replaced by another one; its folder is deleted
# when: serve
# then: exit code 1 and one line that says so, not that cells are stored; the other
#     database is not touched
begin serve
rm "$db"
ended "$db was moved, deleted or replaced"
expect_no_file "$db"
begin serve
cp "$tmp/full.db" "$tmp/other.db"
mv "$tmp/other.db" "$db"
ended "$db was moved, deleted or replaced"
cmp -s "$db" "$tmp/full.db" || fail "another database was changed"
mkdir "$tmp/folder"
kept=$db
db=$tmp/folder/new.db
begin serve
rm -r "$tmp/folder"
ended "$db was moved, deleted or replaced"
expect_no_file "$tmp/folder"
db=$kept

# fault: the database is moved away, and put back later
# when: serve
# then: exit code 1 and one line; `--resume` goes on
begin serve
mv "$db" "$tmp/elsewhere.db"
ended "$db was moved, deleted or replaced"
mv "$tmp/elsewhere.db" "$db"
expect_resumable 1

# fault: the database is overwritten; cut off
# when: serve
# then: exit code 1 and one line; nothing of the damage is read as results
begin serve
dd if=/dev/zero of="$db" bs=4096 count=2 conv=notrunc 2>/dev/null
ended "cannot write to the database $db: "
harness export --db="$db"
expect_status 1
expect_nothing out
begin serve
: >"$db"
ended "cannot write to the database $db: "
harness export --db="$db"
expect_status 1
expect_nothing out

# fault: another program holds the database locked for seconds
# when: a cell is stored
# then: the run waits and says so, then goes on
if "$python" -B -c 'import sqlite3' 2>/dev/null; then
	begin serve
	: >"$tmp/lock"
	"$python" -B - "$db" "$tmp" <<-'END' 9<&- &
	import os, sqlite3, sys, time
	db = sqlite3.connect(sys.argv[1], isolation_level=None)
	db.execute("BEGIN EXCLUSIVE")
	open(os.path.join(sys.argv[2], "locked"), "w").close()
	while os.path.exists(os.path.join(sys.argv[2], "lock")):
	    time.sleep(0.05)
	END
	locker=$!
	wait_for "$tmp/locked"
	release
	tries=0
	until grep -q "waiting for another program" "$tmp/err.all"; do
		tries=$((tries + 1))
		[ $tries -lt 400 ] || break
		sleep 0.05
	done
	rm "$tmp/lock"
	wait $locker
	await
	expect_status 0
	expect_line err "waiting for another program that holds $db locked"
	expect_same "states" "3 ok" "$(states)"
else
	echo "locked database not tested: $python has no sqlite3"
fi

# fault: a run is killed while it writes to the database
# when: a transaction is half on disk
# then: whoever opens the database next, reader or `--resume`, finds it as before
if "$python" -B -c 'import sqlite3' 2>/dev/null; then
	begin serve
	kill -KILL "$pid"
	await 2>"$tmp/shell"
	release
	"$python" -B - "$db" <<-'END' 2>"$tmp/shell"
	import os, signal, sqlite3, sys
	db = sqlite3.connect(sys.argv[1], isolation_level=None)
	db.execute("PRAGMA cache_size = 1")
	db.execute("BEGIN IMMEDIATE")
	db.execute("UPDATE cells SET status = 'failed', reason = 'half'")
	for n in range(2000):
	    db.execute("INSERT INTO runs (started, options, host) "
	               "VALUES ('', '{}', '%s')" % ("x" * 1000))
	os.kill(os.getpid(), signal.SIGKILL)
	END
	[ -s "$db-journal" ] || fail "there is no journal, so nothing is tested"
	expect_resumable 1
fi

# fault: no right to write in the database's folder
# when: the run begins
# then: exit code 1 and one line; no file
without=
[ "$(id -u)" -ne 0 ] || without="setpriv --bounding-set=-all --inh-caps=-all"
if $without true 2>/dev/null; then
	mkdir "$tmp/readonly"
	chmod 555 "$tmp/readonly"
	last="$without harness run --db=$tmp/readonly/x.db"
	# shellcheck disable=SC2086 # lists of options
	PERMAFROST_TEST=$tmp timeout -s KILL 90 $without "$HARNESS" run $tiny \
		--db="$tmp/readonly/x.db" --python="$tag" --baseline=freeze \
		>"$tmp/out" 2>"$tmp/err.all" </dev/null
	status=$?
	without_warnings
	expect_status 1
	expect_nothing out
	expect_line err "$tmp/readonly/x.db: Permission denied; check"
	expect_no_file "$tmp/readonly/x.db"
fi

# fault: two coordinators begin on one new database at the same moment
# when: the run begins
# then: both run one after the other, or one is refused in one line; what they report
#     is stored, and nothing else
rounds=2
[ -z "$FAULTS" ] || rounds=20
for round in $(seq $rounds); do
	rm -f "$tmp/race.db"
	pids=
	for each in 1 2; do
		mkdir -p "$tmp/race$each"
		# shellcheck disable=SC2086 # a list of options
		env PERMAFROST_TEST="$tmp" "$HARNESS" run --db="$tmp/race.db" \
			--python="$tag" --baseline=freeze $tiny --format=json \
			>"$tmp/race$each/out" 2>"$tmp/race$each/err.all" \
			</dev/null &
		pids="$pids $!"
	done
	good=0
	each=0
	for pid in $pids; do
		each=$((each + 1))
		wait "$pid"
		status=$?
		last="harness run, one of two at once"
		cp "$tmp/race$each/out" "$tmp/race$each/err.all" "$tmp"
		without_warnings
		case $status in
		0)
			good=$((good + 1))
			expect_same "states" "1 ok" "$(states)"
			;;
		*)
			expect_status 1
			expect_nothing out
			expect_line err "another run is writing to $tmp/race.db"
			;;
		esac
	done
	[ $good -gt 0 ] || fail "round $round: neither ran"
	harness list runs --db="$tmp/race.db" --format=json
	expect_json "$tmp/out" "[r['ok'] for r in d['runs']] == $good * [1]"
	expect_intact "$tmp/race.db"
done
expect_nothing_left_behind
finish
