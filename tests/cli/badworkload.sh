#!/bin/sh
# Whatever a workload does becomes the outcome of its cell, with a reason in one
# line; the other cells go on, and nothing stays behind.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# expect_cells TAG JSON: they ended as `wanted` says, each bad one with a line on stderr,
# and left nothing behind.
expect_cells() {
	expect_outcomes "$1" "$2"
	[ "$(grep -vc ' ok: None$' "$tmp/got")" -eq "$(wc -l <"$tmp/err")" ] ||
		fail "$1: not one line on stderr for each bad cell"
	grep -v "^harness: \(failed\|timeout\): $1/freeze/.*\.py: ." \
		"$tmp/err" >"$tmp/other" && fail "$1: $(cat "$tmp/other")"
	expect_metrics "$2"
	expect_json "$2" 'all(c["reason"] is None if c["status"] == "ok" else
		not set(c["reason"]) & set(map(chr, list(range(32)) + [127]))
		for c in d["cells"])'
	expect_no_processes
}

# run_all TAG OPTION...: runs the workloads named in `wanted`.
run_all() {
	list=objectgraph$(echo "$wanted" | sed -n "s,^\([a-z_]*\) .*,$bad/\1.py,p" |
		grep -v /objectgraph.py | tr '\n' ',' | sed 's/^/,/; s/,$//')
	run_tag=$1
	shift
	# shellcheck disable=SC2086 # a list of options
	harness run --db="$tmp/$run_tag.db" --python="$run_tag" --baseline=freeze \
		$small --parallel=1 --workload="$list" --format=json "$@"
}

wanted="import_raise failed: the template: workload raised RuntimeError: not today
kill_self failed: worker 1 was killed by signal 9 (Killed) after 3 requests
no_request failed: *no *request*
no_warm failed: *no *warm*
noise ok: None
objectgraph freeze ok: None
orphan ok: None
orphan_noise failed: worker 1 ended with status 4 after 3 requests
os_exit failed: worker 1 ended with status 4 after 3 requests
os_exit_warm failed: the template ended with status 0: last words
request_raise failed: worker 1: request 3 raised KeyError: 'missing'
segfault failed: worker 1 was killed by signal 11 (Segmentation fault) after 3 requests
stderr_replaced failed: worker 1: request 3 raised ValueError: unheard
stdout_closed ok: None
syntax failed: the template: workload raised SyntaxError: *(syntax.py, line 4)
sys_exit failed: worker 1: request 3 called sys.exit(3)
text failed: worker 1: request 3 raised ValueError: before *after
text_long failed: worker 1: request 3 raised ValueError: xxxxxxxxxxxxxxxx*
text_none failed: worker 1: request 3 raised Mute*
text_nul failed: worker 1: request 3 raised ValueError: before*
text_unicode failed: worker 1: request 3 raised ValueError: *caf*closed*
warm_raise failed: the template: warm raised ZeroDivisionError: *by zero
words_cut failed: the template ended with status 4: x*"
# fault: a program raises, exits, is killed, prints megabytes, lacks a function, has texts
#     that are none; its orphans keep writing
# when: import, warm, serve
# then: the cell's outcome, with the reason in one line; the other cells go on
# The oldest and the newest: exceptions and text are other things in Python 2.
for each in $(echo "$tags" | sed -n '1p;$p' | uniq); do
	run_all "$each" --timeout=5
	expect_status 3
	cp "$tmp/out" "$tmp/bad.json"
	expect_cells "$each" "$tmp/bad.json"
	[ -s "$tmp/orphan" ] || fail "$each: there was no orphan"
done

# fault: a program hangs, and ignores all signals
# when: serve
# then: the cell times out (--timeout), the others go on
wanted="hang timeout: not done within 2 s (--timeout)*
hang_ignoring timeout: not done within 2 s (--timeout)*"
hanging=$wanted
wanted="$wanted
objectgraph freeze ok: None"
run_all "$tag" --timeout=2
expect_status 3
cp "$tmp/out" "$tmp/hang.json"
expect_cells "$tag" "$tmp/hang.json"
wanted=$hanging
# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/hang.db" --python="$tag" --baseline=freeze $small \
	--workload="$bad/hang.py,$bad/hang_ignoring.py" --timeout=2s --format=json
expect_status 124
cp "$tmp/out" "$tmp/hang.json"
expect_cells "$tag" "$tmp/hang.json"
harness cell "$(ask "$tmp/hang.json" 'd["cells"][0]["key"]')" --timeout=2
expect_status 124
expect_nothing err
expect_json "$tmp/out" 'd["status"] == "timeout"'
expect_no_processes

# fault: the host runs short of memory (--min-free)
# when: any
# then: the cell is stopped before it hurts, and fails with the reason
began=$(date +%s)
# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/free.db" --python="$tag" --baseline=freeze $small \
	--workload="$bad/hang.py" --min-free=1000000G --format=json
expect_status 3
[ $(($(date +%s) - began)) -lt 10 ] || fail "it took too long"
cp "$tmp/out" "$tmp/free.json"
wanted="hang failed: stopped: less than 1024000000 MiB of memory were left*--min-free*"
expect_cells "$tag" "$tmp/free.json"

# A limit of time too long to be counted is none.
# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/long.db" --python="$tag" --baseline=freeze $small \
	--timeout=10000000000 --format=json
case $status in
0) expect_json "$tmp/out" 'd["cells"][0]["status"] == "ok"' ;;
*) expect_usage "--timeout takes .*, not '10000000000'" ;;
esac

# A name that is not UTF-8 is refused or works.
cp "$bad/request_raise.py" "$tmp/$(printf 'w\377.py')"
# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/name.db" --python="$tag" --baseline=freeze $small \
	--workload="$tmp/$(printf 'w\377.py')" --format=json
if [ "$status" -eq 2 ]; then
	expect_usage 'UTF-8'
else
	expect_status 3
	expect_line err 'request 3 raised KeyError'
fi

expect_no_processes
finish
