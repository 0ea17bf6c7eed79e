#!/bin/sh
# A live server is watched, without a trace, by who may read it.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
server=$top_srcdir/tests/cli/servers/prefork.py

# serve PREFIX ARGUMENT...: starts a server, $master, that lives until its standard
# input ends, which is descriptor 9 here and must be nobody else's.
serve() {
	prefix=$1
	shift
	rm -f "$tmp/ready" "$tmp/in"
	mkfifo "$tmp/in"
	# shellcheck disable=SC2086 # nothing, or a command and its options
	env PERMAFROST_TEST="$tmp" $prefix "$python" -B "$server" "$tmp/ready" \
		"$@" <"$tmp/in" &
	master=$!
	exec 9>"$tmp/in"
	wait_for "$tmp/ready"
}

stop() {
	exec 9>&-
	wait "$master"
}

# Usage.
harness observe
expect_usage "which server? Say --pid"
harness observe --pid=0
expect_usage "--pid takes .*, not '0'"
harness observe --pid=abc
expect_usage "--pid takes .*, not 'abc'"
harness observe --pid=1 --interval=x
expect_usage "--interval takes .*, not 'x'"
harness observe --pid=1 --format=csv
expect_usage "--format takes .*, not 'csv'"
harness observe --pid=1 stray
expect_usage "too many arguments"
harness observe --pid=2147483647
expect_status 2
expect_line err "there is no process 2147483647"

# Known answers.
serve "" 3 1000 500 0
worker=$(cut -d ' ' -f 1 "/proc/$master/task/$master/children")
faults() {
	cut -d ' ' -f 10 "/proc/$master/stat" "/proc/$worker/stat"
}
before=$(faults)
harness observe --pid="$master" --once --interval=1 --format=json
expect_status 0
expect_nothing err
cp "$tmp/out" "$tmp/doc"
expect_same "minor faults of the server" "$before" "$(faults)"
expect_json "$tmp/doc" "d['master']['pid'] == $master"
expect_json "$tmp/doc" "d['master']['python'] == '$("$python" -c \
	'import platform; print(platform.python_version())')'"
expect_json "$tmp/doc" "d['master']['implementation'] == 'CPython'"
expect_json "$tmp/doc" 'len(d["workers"]) == 3 and d["others"] == []'
expect_json "$tmp/doc" 'all(w["rss_kib"] > w["private_kib"] >= 6000 and
	w["rss_kib"] > w["pss_kib"] and w["parent"] == d["master"]["pid"] and
	list(w["unavailable"]) in ([], ["full_collections"])
	for w in d["workers"])'
expect_json "$tmp/doc" 'all(1500 <= w["cow_pages"] < 3500 and
	500 <= w["equal_pages"] < 2000 and 500 <= w["reshareable_pages"] and
	w["reshareable_pages"] <= w["equal_pages"] and
	w["cow_pages"] - w["equal_pages"] >= 1000 and
	w["changing_pages"] == w["unread_pages"] == w["faults_per_s"] == 0 and
	sum(w["copies"].values()) == w["cow_pages"] and
	w["copies"]["malloc/content"] >= 1000 and
	w["copies"]["malloc/nothing"] >= 500 for w in d["workers"])'
expect_json "$tmp/doc" 'd["total_kib"] >= d["master"]["pss_kib"] +
	sum(w["pss_kib"] for w in d["workers"])'
expect_json "$tmp/doc" 'all(s["low_kib"] <= s["usual_low_kib"] <= s["kib"] <=
	s["usual_high_kib"] <= s["high_kib"] for s in
	[d["saving"]["freeze"], d["saving"]["freeze_reshare"]])'
harness observe --pid="$master" --once --interval=1
expect_status 0
expect_nothing err
expect_match out "^master $master  "
expect_match out "^$worker  "
expect_match out 'private per worker equal the master'
expect_match out '^freeze+reshare  would save 0 to [0-9]* MiB'

harness observe --pid="$master" --once --interval=1 --format=json --no-contents
expect_status 0
expect_json "$tmp/out" 'all(w["cow_pages"] >= 1500 and w["equal_pages"] is None
	and "--no-contents" in w["unavailable"]["equal_pages"]
	for w in d["workers"])'
expect_json "$tmp/out" 'd["saving"] is None and
	"--no-contents" in d["unavailable"]["saving"]'

# Who is no master.
harness observe --pid="$worker"
expect_status 2
expect_nothing out
expect_line err "process $worker has no workers, it is one: try .*--pid=$master"
env PERMAFROST_TEST="$tmp" sh -c 'sleep 60 & sleep 60' 9>&- &
shell=$!
sleep 0.2
harness observe --pid="$shell"
expect_status 2
expect_line err "has no forked workers: .*(sleep 60) runs another program"
# shellcheck disable=SC2046 # a list of pids
kill $(cat "/proc/$shell/task/$shell/children") "$shell"

# One table per interval; the server's end is the end.
start observe --pid="$master" --interval=1 --format=json 9>&-
# until_lines N: until that many tables were printed, at most 20 s.
until_lines() {
	tries=0
	while [ "$(wc -l <"$tmp/out")" -lt "$1" ] && [ "$tries" -lt 200 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
}
until_lines 2
kill -KILL "$worker"
# One may have been begun before.
until_lines $(($(wc -l <"$tmp/out") + 2))
stop
await
expect_status 0
expect_line err "process $master has ended"
[ "$(grep -c '^{.*}$' "$tmp/out")" -eq "$(wc -l <"$tmp/out")" ] ||
	fail "not one document per line"
sed -n 1p "$tmp/out" >"$tmp/first"
tail -n 1 "$tmp/out" >"$tmp/last"
expect_json "$tmp/first" 'len(d["workers"]) == 3'
expect_json "$tmp/last" 'len(d["workers"]) == 2'
expect_json "$tmp/last" 'd["workers"][0]["faults_per_s"] == 0'

# On a terminal it is redrawn in place, until q.
serve "" 1 10 10 2
if command -v script >/dev/null; then
	last="harness observe on a terminal"
	# Any key draws anew.
	(printf xxq; sleep 4) 9>&- | timeout 15 script -qec \
		"stty rows 10 cols 60; PERMAFROST_TEST=$tmp '$HARNESS' observe \
		--pid=$master --interval=1; echo ended \$?" /dev/null \
		>"$tmp/out" 2>&1 9>&-
	expect_match out 'ended 0'
	expect_match out "$(printf '\033\\[9A')"
	longest=$(tr -d '\r' <"$tmp/out" | sed "s/^xxq//; s/$(printf '\033')\[[0-9]*[A-Z]//g" |
		awk 'length > n { n = length } END { print n }')
	[ "$longest" -le 60 ] || fail "a line of $longest characters"
fi
# Threads of workers, in which reshare does nothing.
harness observe --pid="$master" --once --interval=1 --format=json
expect_json "$tmp/out" 'd["workers"][0]["threads"] == 3 and
	d["saving"]["freeze"] == d["saving"]["freeze_reshare"] and
	"more than one thread" in " ".join(d["saving"]["assumes"])'

# Rights.
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$tmp"
	cp "$HARNESS" "$tmp/harness"
	other="setpriv --reuid=65534 --regid=65534 --clear-groups"
	last="harness observe as another user"
	# shellcheck disable=SC2086 # a command and its options
	timeout 60 $other "$tmp/harness" observe --pid="$master" --once \
		>"$tmp/out" 2>"$tmp/err"
	status=$?
	expect_status 4
	expect_nothing out
	expect_line err "process $master belongs to user 0: run this as"
	stop
	without="setpriv --bounding-set=-all --inh-caps=-all"
	# shellcheck disable=SC2086 # a command and its options
	env PERMAFROST_TEST="$tmp" $other sleep 60 9>&- &
	sleeper=$!
	while [ "$(stat -c %u "/proc/$sleeper")" -eq 0 ]; do
		sleep 0.1
	done
	last="harness observe as root that may not trace"
	# shellcheck disable=SC2086 # a command and its options
	timeout 60 $without "$HARNESS" observe --pid="$sleeper" --once \
		>"$tmp/out" 2>"$tmp/err"
	status=$?
	expect_status 4
	expect_nothing out
	expect_line err "process $sleeper .*this is root without CAP_SYS_PTRACE"
	kill "$sleeper"
	serve "$without" 1 10 10 0
	last="harness observe without privileges"
	# shellcheck disable=SC2086 # a command and its options
	timeout 60 $without "$HARNESS" observe --pid="$master" --once \
		--interval=1 --format=json >"$tmp/out" 2>"$tmp/err"
	status=$?
	expect_status 0
	[ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" -ne 0 ] ||
		expect_json "$tmp/out" 'd["workers"][0]["equal_pages"] >= 10 and
			d["saving"] is not None'
fi
stop
expect_no_processes
finish
