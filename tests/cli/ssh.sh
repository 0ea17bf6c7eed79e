#!/bin/sh
# Cells on several machines, for which sshd on loopback addresses stands in: a host
# that dies loses nothing, its cells go elsewhere; what a host answers is data;
# nothing outlives the coordinator; and --ship leaves nothing behind.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
[ -n "$PARALLEL_PROGRAM" ] || skip "GNU parallel is missing (Debian: parallel)"
sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) ||
	skip "sshd is missing (Debian: openssh-server)"
command -v ssh >/dev/null && command -v ssh-keygen >/dev/null ||
	skip "ssh is missing (Debian: openssh-client)"
db=$tmp/new.db
conf=$tmp/ssh
mkdir "$conf"
ssh-keygen -q -t ed25519 -N '' -f "$conf/key" </dev/null || skip "no key was made"
ssh-keygen -q -t ed25519 -N '' -f "$conf/host" </dev/null
cp "$conf/key.pub" "$conf/authorized"
# sshd needs this folder as root.  It stays: another may have come to need it.
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
stop_hosts() {
	for name in one two three; do
		kill_host "$name"
	done 2>/dev/null
	cleanup
}
trap stop_hosts EXIT

# children_of PID
children_of() {
	cat "/proc/$1/task/"*/children 2>/dev/null
}

# kill_host NAME: its sshd and all sessions, as when a machine is switched off.
kill_host() {
	[ -s "$conf/$1.pid" ] || return
	listener=$(cat "$conf/$1.pid")
	rm -f "$conf/$1.pid"
	victims=$listener
	for child in $(children_of "$listener"); do
		victims="$victims $child"
		for session in $(children_of "$child"); do
			case $(cat "/proc/$session/comm") in
			sshd*) victims="$victims $session" ;;
			esac
		done
	done
	# shellcheck disable=SC2086 # a list of pids
	kill -KILL $victims
}

# start_host NAME ADDRESS: on a port that is free.
start_host() {
	mkdir -p "$tmp/home-$1"
	port=$((20000 + $$ % 20000))
	for try in 1 2 3 4 5 6 7 8; do
		port=$((port + 1))
		cat >"$conf/$1.conf" <<-END2
		ListenAddress $2
		Port $port
		HostKey $conf/host
		PidFile $conf/$1.pid
		AuthorizedKeysFile $conf/authorized
		StrictModes no
		UsePAM no
		PermitRootLogin prohibit-password
		PasswordAuthentication no
		SetEnv PERMAFROST_TEST=$tmp HOME=$tmp/home-$1
		END2
		"$sshd" -f "$conf/$1.conf" -E "$conf/$1.log" </dev/null || continue
		tries=0
		while [ ! -s "$conf/$1.pid" ] && [ "$tries" -lt 50 ]; do
			tries=$((tries + 1))
			sleep 0.1
		done
		[ -s "$conf/$1.pid" ] && break
	done
	cat >>"$conf/config" <<-END2
	Host $1
	HostName $2
	Port $port
	END2
}

cat >"$conf/config" <<END2
IdentityFile $conf/key
IdentitiesOnly yes
UserKnownHostsFile /dev/null
GlobalKnownHostsFile /dev/null
StrictHostKeyChecking no
LogLevel ERROR
BatchMode yes
ConnectTimeout 10
END2
start_host one 127.0.0.2
start_host two 127.0.0.3
start_host three 127.0.0.4
PARALLEL_SSH="ssh -F $conf/config"
HOME=$tmp/home
TMPDIR=$tmp/scratch
export PARALLEL_SSH HOME TMPDIR
mkdir "$HOME" "$TMPDIR"
$PARALLEL_SSH one true </dev/null >"$tmp/out" 2>&1 ||
	skip "sshd does not work here: $(tail -n 1 "$tmp/out"; tail -n 1 "$conf/one.log")"

expect_clean() {
	expect_no_processes
	expect_same "in TMPDIR" "" "$(ls -A "$TMPDIR")"
	expect_same "in HOME" "" "$(ls -A "$HOME")"
	for name in one two three; do
		expect_same "left on $name" "" \
			"$(find "$tmp/home-$name" ! -type d)"
	done
}

# keys_of JSON
keys_of() {
	ask "$1" 'sorted(c["key"] for c in d["cells"])'
}

# joblog_lines: cells that have come back.
joblog_lines() {
	tail -n +2 "$db.joblog" 2>/dev/null | wc -l
}

# 24 cells on three hosts; one dies as the sixth has come back.
# shellcheck disable=SC2086 # a list of options
harness run --dry-run --python="$tag" $small --repeat=12
sort "$tmp/out" >"$tmp/planned"
# shellcheck disable=SC2086 # a list of options
start run --sshlogin=one,two,three --db="$db" --python="$tag" $small --repeat=12 \
	--format=json
tries=0
while [ "$(joblog_lines)" -lt 6 ] && [ "$tries" -lt 900 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
kill_host two
tries=0
while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 900 ]; do
	tries=$((tries + 1))
	sleep 0.1
	grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null && break
done
await
expect_status 0
expect_match err "^harness: 24 cells: 24 ok, 0 unsupported, 0 failed; .*; 3 hosts, 1 of them lost"
cp "$tmp/out" "$tmp/fanned.json"
expect_same "cells" "$(cat "$tmp/planned")" "$(keys_of "$tmp/fanned.json" | sort)"
expect_metrics "$tmp/fanned.json"
# One at a time on each, so that times are told.
expect_json "$tmp/fanned.json" 'all(c["fork_us"] > 0 for c in d["cells"])'
for name in one two three; do
	cut -f 2 "$db.joblog" | grep -qx "$name" || fail "$name did nothing"
done
expect_clean

# A host that is dead from the beginning takes no part.
# shellcheck disable=SC2086 # a list of options
harness run --sshlogin=two,one --db="$db" --python="$tag" $small --format=csv
expect_status 0
grep -q "warning: two takes no part: ssh: connect" "$tmp/err.all" ||
	fail "nothing is said of the dead host"
# shellcheck disable=SC2086 # a list of options
harness run --sshlogin=two --db="$tmp/none.db" --python="$tag" $small
expect_status 1
expect_line err "no host is left"
expect_no_file "$tmp/none.db"
start_host two 127.0.0.3

# A harness that is another, on one of the hosts.
wrap() {
	printf '#!/bin/sh\nharness=%s\n%s\n' "$HARNESS" "$1" >"$tmp/wrapped"
	chmod +x "$tmp/wrapped"
}
# answer CELL_COMMAND: what it does instead of `cell --job ... KEY`.
answer() {
	wrap "[ \"\$1\" = cell ] || exec \"\$harness\" \"\$@\"; for key; do :; done; $1"
}
# expect_dropped PATTERN: all documents of both cells are.
expect_dropped() {
	rm -f "$db" "$db.lock"
	# shellcheck disable=SC2086 # a list of options
	harness run --sshlogin=one --remote-harness="$tmp/wrapped" --db="$db" \
		--python="$tag" $small --format=csv
	expect_status 1
	expect_nothing out
	expect_match err "^harness: one: no result for $tag/.*: .*$1"
	expect_match err "2 of 2 cells have no result"
	expect_match err "go on with 'run --resume"
}
answer 'echo hello'
expect_dropped "printed no document"
answer '"$harness" "$@"; "$harness" "$@"'
expect_dropped "there is more than one"
answer '"$harness" "$@" | sed "s/x1/x2/"'
expect_dropped "it is of another cell"
answer '"$harness" "$@" | sed "s/\"template_rss_kib\":/&\"1\",\"x\":/"'
expect_dropped "a metric is no number"
answer 'printf "{\"key\":\"%s\"" "$key"; head -c 70000000 /dev/zero | tr "\0" " "; echo "}"'
expect_dropped "it is too long"
answer 'exit 255'
expect_dropped "status 255"
# The words that a login shell greets with do no harm.
answer 'echo Welcome; exec "$harness" "$@"'
rm -f "$db" "$db.lock"
# shellcheck disable=SC2086 # a list of options
harness run --sshlogin=one --remote-harness="$tmp/wrapped" --db="$db" \
	--python="$tag" $small --format=csv
expect_status 0
# Nor may a plan name what was not asked for, a file or an application.
for edit in 's,/objectgraph",//tmp/evil.py",; s,"objectgraph","/tmp/evil.py",' \
	's,/objectgraph",/wsgi%3Aevil",; s,"objectgraph","wsgi:evil",'; do
	wrap "case \$1 in run) \"\$harness\" \"\$@\" | sed '$edit' ;;
		*) exec \"\$harness\" \"\$@\" ;; esac"
	rm -f "$db" "$db.lock"
	# shellcheck disable=SC2086 # a list of options
	harness run --sshlogin=one --remote-harness="$tmp/wrapped" --db="$db" \
		--python="$tag" $small
	expect_status 1
	grep -q "one takes no part: its plan has cells that were not asked for" \
		"$tmp/err.all" || fail "the plan was taken: $edit"
	expect_no_file "$db"
done
harness run --sshlogin=one --remote-harness="$tmp/no such" --db="$db"
expect_status 1
grep -q "one takes no part: .*$tmp/no such" "$tmp/err.all" ||
	fail "it is not said that the program is missing"

# A user's application is found by its full name, from other folders, too.
mkdir "$tmp/application"
cd "$tmp/application" || exit 99
printf 'def application(environ, start_response):\n%s\n    return []\n' \
	"    start_response('204 No Content', [])" >tiny.py
printf 'GET /one\nGET /two\n' >urls
rm -f "$db" "$db.lock"
harness run --sshlogin=one,three --db="$db" --python="$tag" --workload=wsgi:tiny \
	--urls=urls --scale=2 --workers=2 --requests=20 --format=csv
expect_status 0
expect_same "states" "2 ok" "$(tail -n +2 "$tmp/out" | cut -d , -f 13 | sort |
	uniq -c | sed 's/^ *//')"
cd "$tmp" || exit 99

# One host lacks a workload: the other has it all, and neither is a failure.
answer 'case $key in */none/*) exec "$harness" cell --job "cp1.2.3/${key#*/}" |
	sed "s/cp1.2.3/$(echo "$key" | cut -d / -f 1)/g"; exit 75 ;; esac; exec "$harness" "$@"'
cp "$tmp/wrapped" "$tmp/lacking"
wrap 'case $HOME in *home-one) exec '"$tmp/lacking"' "$@" ;; esac; exec "$harness" "$@"'
rm -f "$db" "$db.lock"
# shellcheck disable=SC2086 # a list of options
harness run --sshlogin=one,three --remote-harness="$tmp/wrapped" --db="$db" \
	--python="$tag" $small --repeat=3 --format=csv
expect_status 0
expect_same "states" "6 ok" "$(tail -n +2 "$tmp/out" | cut -d , -f 13 | sort |
	uniq -c | sed 's/^ *//')"

# begin OPTION...: two cells, of which the first waits on a host.
begin() {
	rm -f "$tmp/cells" "$tmp/held" "$db" "$db.lock"
	echo 1 >"$tmp/hold"
	# shellcheck disable=SC2086 # a list of options
	start run --db="$db" --python="$tag" $small --format=csv \
		--workload="$bad/hold.py" "$@"
	wait_for "$tmp/held"
}

# Whoever is killed, a cell on another machine does not live on.
begin --sshlogin=one
kill -KILL "$pid"
await 2>"$tmp/shell"
expect_clean
begin --sshlogin=one
keeper=$(children_of "$pid" | tr -d " ")
# shellcheck disable=SC2046 # pids
kill -KILL $(children_of "$keeper")
await
expect_status 1
expect_match err "^harness: GNU parallel was killed by signal 9"
expect_clean
begin --sshlogin=one
kill_host one
rm "$tmp/hold"
await
expect_status 1
expect_match err "go on with 'run --resume"
expect_clean
start_host one 127.0.0.2
harness run --resume --db="$db" --sshlogin=one --format=csv
expect_status 0
expect_same "states" "2 ok" "$(tail -n +2 "$tmp/out" | cut -d , -f 13 | sort |
	uniq -c | sed 's/^ *//')"
begin --sshlogin=one
kill -INT "-$pid"
await
expect_status 130
expect_clean

# Shipped: the program that runs is the copy, and it is gone afterwards.
begin --sshlogin=one --ship
template=$(head -n 1 "$tmp/cells")
cell=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$template/status")
case $(readlink "/proc/$cell/exe") in
"$tmp"/home-*/.cache/permafrost/ship-*/bin/permafrost) ;;
*) fail "the program is $(readlink "/proc/$cell/exe")" ;;
esac
case $(tr '\0' ' ' <"/proc/$template/cmdline") in
*/.cache/permafrost/ship-*/workloads/driver.py*/.cache/permafrost/ship-*/ext/*) ;;
*) fail "it runs $(tr '\0' ' ' <"/proc/$template/cmdline")" ;;
esac
rm "$tmp/hold"
await
expect_status 0
expect_clean
begin --sshlogin=one --ship
kill -KILL "$pid"
await 2>"$tmp/shell"
expect_clean
expect_same "shipped and left" "" \
	"$(ls -A "$tmp/home-one/.cache/permafrost" 2>/dev/null)"

# This machine and others in one list.
# shellcheck disable=SC2086 # a list of options
harness run --sshlogin=:,three --ship --db="$db" --python="$tag" $small \
	--repeat=4 --format=csv
expect_status 0
expect_match err "8 cells: 8 ok.*; 2 hosts"
for name in : three; do
	cut -f 2 "$db.joblog" | grep -qx "$name" || fail "$name did nothing"
done
expect_clean

finish
