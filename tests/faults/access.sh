#!/bin/sh
# What a run makes is out of the reach of other users, and needs no privileges.
. "$top_srcdir/tests/faults/faultlib.sh"
user=61234
as_user="setpriv --reuid=$user --regid=$user --clear-groups"

# fault: another user looks for memory and sockets of a cell
# when: serve
# then: they have no name in any folder, and their descriptors cannot be opened
begin serve
for pid_of in "$pid" "$cell" "$template" "$worker"; do
	for target in $(find "/proc/$pid_of/fd" -type l -printf '%l\n' 2>/dev/null |
		sed 's/ (deleted)//'); do
		case $target in
		socket:* | pipe:* | /memfd:* | anon_inode:* | /dev/null | \
		/dev/urandom | \
		"$db"* | "$tmp/marker" | "$tmp/out" | "$tmp/err.all" | \
		/proc/* | */cgroup.procs) ;;
		*) fail "a process of the run has $target open" ;;
		esac
	done
done
grep -s permafrost /proc/net/unix && fail "a socket has a name"
if [ "$(id -u)" -eq 0 ] && $as_user true 2>/dev/null; then
	for pid_of in "$pid" "$cell" "$template" "$worker"; do
		found=$($as_user find "/proc/$pid_of/fd" -mindepth 1 2>/dev/null)
		[ -z "$found" ] || fail "another user sees $found"
	done
fi
release
await
expect_status 0

# fault: shared memory with a name, a changed setting of the host, a temporary file of a
#     guessable name outlives a run
# when: by source
# then: there are none: no System V memory, no shm_open, nothing written below /sys or
#     /proc/sys, files of passing use made by mkstemp beside the one they replace; the
#     one folder of passing use is private (mkdtemp)
last="grep"
found=$(cd "$top_srcdir" && grep -nE \
	'shm(get|_open)|sem_open|tmpfile|tempnam|P_tmpdir|"/tmp|mkdtemp' \
	harness/*.[ch] strategies/*.[ch] | cut -d: -f1 | sort -u)
expect_same "shared memory and temporary files" "harness/scratch.c" "$found"
found=$(cd "$top_srcdir" && grep -nE \
	'(fopen|open|write_number)\(.*"/(sys|proc/sys)/' harness/*.[ch] \
	strategies/*.[ch] | grep -vE 'O_RDONLY|"re?"')
expect_same "settings that may be written" "" "$found"

# fault: a umask that lets others in (0), or nobody (077)
# when: files are written
# then: database, figures and report get the umask's permissions, and nothing more
for mask in 0:666 077:600; do
	rm -rf "$tmp/made"
	mkdir "$tmp/made"
	(
		umask "${mask%:*}"
		cd "$tmp/made" || exit
		# shellcheck disable=SC2086 # a list of options
		"$HARNESS" run --db=run.db --python="$tag" $tiny >/dev/null 2>&1
		"$HARNESS" report --db=run.db --out=report.html >/dev/null 2>&1
		"$HARNESS" plot --db=run.db --figure=memory --format=tsv \
			--out=. >/dev/null 2>&1
		"$HARNESS" export --db=run.db --format=tables --out=. 2>/dev/null
	)
	for name in run.db report.html memory.tsv run.json; do
		expect_same "umask $mask, $name" "${mask#*:}" \
			"$(stat -c %a "$tmp/made/$name" 2>&1)"
	done
done

# fault: a program of ours is given more rights than its user
# when: built or installed
# then: no file is setuid or setgid, or has capabilities
last="find"
found=$(find "$top_builddir/harness" "$top_builddir/ext" "$top_srcdir" \
	-type f -perm /6000 2>/dev/null)
expect_same "files with more rights" "" "$found"
grep -nE 'set(re|res|e)?[ug]id *\(|setcap|chmod [0-7]*[2-7][0-7]{3}' \
	"$top_srcdir"/harness/*.c "$top_srcdir"/strategies/*.c \
	"$top_srcdir"/Makefile.am "$top_srcdir"/*/Makemodule.am &&
	fail "something changes its user, or lets a file do so"

# fault: `--resume` of a database that another user has made, and which names the
#     programs to run
# when: the run begins
# then: refused in one line, nothing is run
begin serve
kill -TERM "$pid"
await
release
if [ "$(id -u)" -eq 0 ]; then
	chown $user "$db"
	harness run --resume --db="$db"
	expect_usage "$db belongs to another user"
	expect_same "cells begun" 2 "$(wc -l <"$tmp/cells")"
	harness run --resume --dry-run --db="$db"
	expect_status 0
	chown 0 "$db"
fi
expect_resumable 1

# fault: `plan --verify` of data that name a workload's file, or an interpreter's
# when: before it runs them
# then: refused in one line that tells how to say that they are to be run
harness plan --verify --memory=1G --db="$db"
waits=$(realpath "$waits")
expect_usage "--verify would run $waits, which the data name; .*--workload=$waits"
ln -s "$python" "$tmp/link"
# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/linked.db" --python="$tmp/link" --baseline=freeze $tiny \
	--repeat=2 --format=csv
expect_status 0
harness plan --verify --memory=1G --db="$tmp/linked.db"
expect_usage "--verify would run $tmp/link, which the data name; .*--python=$tmp/link"
harness plan --verify --memory=60M --db="$tmp/linked.db" --python="$tmp/link" \
	--format=json
expect_json "$tmp/out" 'len(d["verify"]["cells"]) > 0'

# fault: a run as another user than root, without any privileges
# when: all phases
# then: the run is as good, but for the check against a cgroup
if [ "$(id -u)" -eq 0 ] && $as_user sh -c "test -x '$HARNESS' &&
	test -r '$top_srcdir/workloads/driver.py' && '$python' -c 0" 2>/dev/null
then
	chmod 711 "$tmp"
	mkdir "$tmp/theirs"
	chown $user "$tmp/theirs" "$TMPDIR"
	last="harness run, as another user"
	# shellcheck disable=SC2086 # lists of options
	PERMAFROST_TEST=$tmp timeout -s KILL 90 $as_user "$HARNESS" run \
		--db="$tmp/theirs/x.db" --python="$tag" --baseline=none \
		--strategy=freeze $tiny --format=json >"$tmp/out" \
		2>"$tmp/err.all" </dev/null
	status=$?
	without_warnings
	expect_status 0
	expect_same "states" "2 ok" "$(states)"
	expect_json "$tmp/out" 'all(c["total_kib"] > 0 and
		c["worker_cow_pages"] is not None for c in d["cells"])'
else
	echo "another user not tested: needs root, and a build tree that others" \
		"may read"
fi
expect_nothing_left_behind
finish
