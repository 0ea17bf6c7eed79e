# lib.sh - what the tests of the command line share; they source it first.
# shellcheck shell=sh disable=SC2034 # variables are for the tests
#
# A test runs `harness ARGS`, then says what it expects.  Expectations that fail
# are printed and counted, and `finish` ends the test.  Everything a test starts
# has PERMAFROST_TEST in its environment, by which it is found should it be left
# behind.
for name in HARNESS top_builddir top_srcdir; do
	eval "[ -n \"\${$name}\" ]" && continue
	echo "$name is not set; run tests with 'make check'"
	exit 99
done
LC_ALL=C
export LC_ALL
unset PERMAFROST_DB PYTHONPATH PYTHONHOME
bad=$top_srcdir/tests/cli/workloads
failures=0
last=
shown=

tmp=$(mktemp -d "${TMPDIR:-/tmp}/permafrost-test.XXXXXX") || exit 99
cleanup() {
	for pid in $(processes); do
		kill -KILL "$pid"
	done 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 99' HUP INT TERM

# Prints the pids of all that the harness has started and that still lives.
processes() {
	grep -lsF "PERMAFROST_TEST=$tmp" /proc/[0-9]*/environ |
		sed 's,/proc/\(.*\)/environ,\1,'
}

# Runs the harness: exit code in $status, output in $tmp/out and $tmp/err, the
# latter without warnings about the state of this host.
harness() {
	last="harness $*"
	timeout -s KILL 90 env PERMAFROST_TEST="$tmp" "$HARNESS" "$@" \
		>"$tmp/out" 2>"$tmp/err.all" </dev/null
	status=$?
	without_warnings
}

without_warnings() {
	grep -v '^harness: warning: ' "$tmp/err.all" >"$tmp/err"
}

# Starts the harness in a process group of its own, $pid.
start() {
	last="harness $*"
	env PERMAFROST_TEST="$tmp" setsid "$HARNESS" "$@" \
		>"$tmp/out" 2>"$tmp/err.all" </dev/null &
	pid=$!
}

# Waits for what `start` has started, at most 20 s.
await() {
	tries=0
	while grep -q '^State:[[:space:]]*[^ZX]' "/proc/$pid/status" 2>/dev/null; do
		tries=$((tries + 1))
		if [ "$tries" -gt 400 ]; then
			fail "it did not end"
			kill -KILL "$pid"
			break
		fi
		sleep 0.05
	done
	wait "$pid"
	status=$?
	without_warnings
}

fail() {
	failures=$((failures + 1))
	echo "FAIL: $*"
	[ "$last" != "$shown" ] || return
	shown=$last
	echo "  after: $last" | cut -c -200
	for file in out err; do
		[ ! -s "$tmp/$file" ] || head -n 5 "$tmp/$file" | cut -c -300 |
			sed "s/^/  $file: /"
	done
}

finish() {
	[ "$failures" -eq 0 ] && exit 0
	echo "$failures expectations failed"
	exit 1
}

skip() {
	echo "$*"
	exit 77
}

expect_status() {
	[ "$status" -eq "$1" ] || fail "exit code $status instead of $1"
}

# expect_nothing out|err
expect_nothing() {
	[ ! -s "$tmp/$1" ] || fail "output on std$1"
}

# expect_match out|err PATTERN: some line matches the basic regular expression.
expect_match() {
	grep -q -e "$2" "$tmp/$1" || fail "std$1 has no line like '$2'"
}

# expect_line out|err PATTERN: it has one line, which matches.
expect_line() {
	[ "$(wc -l <"$tmp/$1")" -eq 1 ] || fail "std$1 is not one line"
	expect_match "$1" "$2"
}

# expect_same WHAT WANTED GOT: two texts are equal.
expect_same() {
	[ "$2" = "$3" ] && return
	printf '%s\n' "$2" >"$tmp/wanted"
	printf '%s\n' "$3" | diff "$tmp/wanted" - >"$tmp/differences"
	fail "$1: wanted (<), got (>)"
	sed 's/^/  /' "$tmp/differences"
}

# expect_usage PATTERN: a usage error in one line, behind which argp may point to
# --help.  Nothing is on stdout.
expect_usage() {
	expect_status 2
	expect_nothing out
	if [ "$(wc -l <"$tmp/err")" -ge 2 ]; then
		expect_match err "^Try .harness [a-z]* --help' or "
		# argp breaks a long line into two.
		sed -i '/^Try .harness/,$d' "$tmp/err"
	fi
	expect_line err "^harness.*: .*$1"
}

expect_no_file() {
	for file; do
		[ ! -e "$file" ] || fail "$file was written"
	done
}

# comes_to_nothing N FUNCTION: within N tenths of a second the function prints nothing
# any more; what it printed last is in `left`.
comes_to_nothing() {
	tries=0
	while left=$("$2") && [ -n "$left" ]; do
		tries=$((tries + 1))
		[ "$tries" -le "$1" ] || return 1
		sleep 0.1
	done
}

# Everything that was started ends within a few seconds.
expect_no_processes() {
	comes_to_nothing 50 processes ||
		fail "processes left behind:" "$(for p in $left; do
			tr '\0' ' ' <"/proc/$p/cmdline"
			echo "($p)"
		done)"
}

# wait_for FILE: until it is there, at most 20 s.
wait_for() {
	tries=0
	while [ ! -e "$1" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 400 ]; then
			fail "$1 did not come"
			finish
		fi
		sleep 0.05
	done
}

# ask FILE EXPRESSION: prints the value of a Python expression on the document
# `d`; a list as one item per line.  Runs on all interpreters.
ask() {
	"$python" -B - "$1" "$2" <<-'END'
	import io, json, os, re, sys
	with io.open(sys.argv[1], encoding="utf-8") as f:
	    d = json.load(f)
	value = eval(sys.argv[2])
	for item in value if isinstance(value, list) else [value]:
	    line = u"%s\n" % (item,)
	    getattr(sys.stdout, "buffer", sys.stdout).write(line.encode("utf-8"))
	END
}

# expect_json FILE EXPRESSION: it is true of the document `d`.
expect_json() {
	answer=$(ask "$1" "bool($2)" 2>&1)
	[ "$answer" = True ] || fail "not true: $2: $answer"
}

# expect_metrics FILE: every cell has every metric, as a value or as null with a
# reason.
expect_metrics() {
	env PERMAFROST_TEST="$tmp" "$HARNESS" list metrics --format=json \
		>"$tmp/metrics.json"
	"$python" -B - "$1" "$tmp/metrics.json" >"$tmp/missing" 2>&1 <<-'END'
	import io, json, sys
	d, metrics = [json.load(io.open(path, encoding="utf-8"))
	              for path in sys.argv[1:]]
	number = (int, float)
	for cell in d["cells"]:
	    for key in [m["key"] for m in metrics["metrics"]]:
	        value = cell.get(key, "no key")
	        reason = cell["unavailable"].get(key)
	        if value is None:
	            good = bool(reason)
	        elif key in ("gc_collections", "reshare_skipped") or \
	                "generation" in key:
	            good = len(value) == 3 and all(
	                isinstance(v, number) or (v is None and "pause" in key)
	                for v in value)
	        else:
	            good = isinstance(value, number) and reason is None
	        if not good:
	            print("%s %s: %r, unavailable: %r" %
	                  (cell["key"], key, value, reason))
	END
	[ ! -s "$tmp/missing" ] && return
	fail "metrics: $(wc -l <"$tmp/missing") are wrong, the first:" \
		"$(head -n 1 "$tmp/missing")"
}

# outcomes FILE: prints "WORKLOAD STACK STATUS: REASON" of each cell, sorted.
outcomes() {
	ask "$1" 'sorted("%s %s %s: %s" % (os.path.basename(c["workload"]),
		c["strategy"], c["status"], c["reason"]) for c in d["cells"])'
}

# expect_outcomes WHAT FILE: the cells, of `freeze`, ended as the lines of `wanted`
# say, each of which is "WORKLOAD PATTERN" of a status and reason.  Leaves the outcomes
# in $tmp/got.
expect_outcomes() {
	outcomes "$2" | sed 's/\.py freeze / /' >"$tmp/got"
	expect_same "$1: cells" "$(echo "$wanted" | wc -l)" "$(wc -l <"$tmp/got")"
	while read -r name pattern; do
		outcome=$(sed -n "s/^$name //p" "$tmp/got")
		# shellcheck disable=SC2254 # a pattern
		case $outcome in
		$pattern) ;;
		*) fail "$1 $name: '$outcome' instead of '$pattern'" ;;
		esac
	done <<-END
	$wanted
	END
}

# Sets `tags` to the supported CPythons in the order of their versions, `pypy_tags` to
# the PyPys, and to the first CPython `tag`, `python` (its executable), and `small`,
# options for a run of a fraction of a second.  Skips the test if there is none.
need_interpreter() {
	tags=$(sed -n 's/.*"tag": "\(cp[^"]*\)".*"supported": true.*/\1/p' \
		"$top_builddir/ext/interpreters.json")
	pypy_tags=$(sed -n 's/.*"tag": "\(pp[^"]*\)".*"supported": true.*/\1/p' \
		"$top_builddir/ext/interpreters.json")
	[ -n "$tags" ] || skip "configure found no supported CPython"
	tag=$(echo "$tags" | head -n 1)
	python=$(executable_of "$tag")
	small="--scale=2000 --workers=2 --requests=20"
}

executable_of() {
	sed -n "s,.*\"tag\": \"$1\".*\"executable\": \"\\([^\"]*\\)\".*\"supported\": true.*,\\1,p" \
		"$top_builddir/ext/interpreters.json"
}
