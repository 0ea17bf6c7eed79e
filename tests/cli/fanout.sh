#!/bin/sh
# Cells through GNU parallel on this machine: the same cells as one by one, each
# once, whatever is killed; times are not told of cells that ran side by side; and
# what a person typed is data to every shell on the way.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
db=$tmp/new.db
HOME=$tmp/home
TMPDIR=$tmp/scratch
export HOME TMPDIR
mkdir "$HOME" "$TMPDIR"

# What is wrong is told before anything runs.
harness run --jobs=0
expect_usage "--jobs takes a whole number from 1"
for login in -oProxyCommand=x 'a b' 'a;b' 'user@' '@host' 'host:port' 'host:0' '[::1' \
	'$(x)' '`x`' 'ssh -p 1 host' 'a"b'; do
	harness run --sshlogin="$login"
	expect_usage "not \[USER@\]HOST\[:PORT\]"
done
harness run --sshlogin=,
expect_usage "needs a host"
harness run --sshloginfile="$tmp/none"
expect_usage "No such file"
printf '# none\n\n' >"$tmp/none"
harness run --sshloginfile="$tmp/none"
expect_usage "names no host"
harness run --ship
expect_usage "need --sshlogin"
harness run --ship --sshlogin=:
expect_usage "need --sshlogin"
harness run --ship --sshlogin=host --remote-harness=/x
expect_usage "brings the program along"
harness run --format=cells
expect_usage "goes with --dry-run"

# Without GNU parallel.
mkdir "$tmp/bin"
printf '#!/bin/sh\necho "parallel: invalid option" >&2\nexit 1\n' \
	>"$tmp/bin/parallel"
chmod +x "$tmp/bin/parallel"
path=$PATH
for PATH in "$tmp/bin:$path" "$tmp/home"; do
	export PATH
	last="harness run --jobs=2, PATH=$PATH"
	# shellcheck disable=SC2086 # a list of options
	"$HARNESS" run --jobs=2 --db="$db" --python="$tag" $small \
		>"$tmp/out" 2>"$tmp/err"
	status=$?
	PATH=$path
	expect_status 1
	expect_nothing out
	expect_line err "need GNU parallel (Debian: parallel)"
done
expect_no_file "$db"

# The plan as documents.
# shellcheck disable=SC2086 # a list of options
harness run --dry-run --format=cells --python="$tag" $small --repeat=3
expect_status 0
expect_nothing err
expect_same "documents" 6 "$(wc -l <"$tmp/out")"
(echo '{"cells": ['; sed '$!s/$/,/' "$tmp/out"; echo ']}') >"$tmp/plan.json"
expect_json "$tmp/plan.json" 'all(c["status"] == "pending" for c in d["cells"])'
ask "$tmp/plan.json" '[c["key"] for c in d["cells"]]' >"$tmp/keys"
# shellcheck disable=SC2086 # a list of options
harness run --dry-run --python="$tag" $small --repeat=3
cmp -s "$tmp/out" "$tmp/keys" || fail "--format=cells plans other cells"

# A job says by its exit code only whether this machine could do it.
key=$(head -n 1 "$tmp/keys")
harness cell --job "$(echo "$key" | sed 's/^[^/]*/cp1.2.3/')"
expect_status 75
expect_json "$tmp/out" 'd["status"] == "unsupported" and
	"nothing was built for cp1.2.3" in d["reason"]'
harness cell --job "$(echo "$key" | sed 's,[^/]*$,/no/such.py,')"
expect_status 75
expect_json "$tmp/out" 'd["status"] == "unsupported" and
	"/no/such.py" in d["reason"]'
harness cell --job "$(echo "$key" | sed "s,[^/]*\$,$bad/segfault.py,")"
expect_status 0
expect_json "$tmp/out" 'd["status"] == "failed"'

# A tree that was shipped finds an interpreter that lies elsewhere, by its version.
mkdir -p "$tmp/moved/bin" "$tmp/moved/ext" "$tmp/pythons"
cp "$HARNESS" "$tmp/moved/bin/permafrost"
ln -s "$top_srcdir/workloads" "$tmp/moved/workloads"
ln -s "$top_builddir/ext/$tag" "$tmp/moved/ext/$tag"
: >"$tmp/moved/shipped"
sed "s,\"executable\": \"$python\",\"executable\": \"/no/such/python\"," \
	"$top_builddir/ext/interpreters.json" >"$tmp/moved/ext/interpreters.json"
name=python$(echo "$tag" | sed 's/cp\([0-9]*\.[0-9]*\).*/\1/')
case $tag in *t) name=${name}t ;; esac
plain=$HARNESS
HARNESS=$tmp/moved/bin/permafrost
printf '#!/bin/sh\necho cp1.2.3\n' >"$tmp/pythons/$name"
chmod +x "$tmp/pythons/$name"
last="permafrost cell --job"
PATH=$tmp/pythons "$HARNESS" cell --job "$key" </dev/null >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 75
expect_json "$tmp/out" '"there is neither /no/such/python nor" in d["reason"]'
ln -sf "$python" "$tmp/pythons/$name"
PATH=$tmp/pythons:$path
harness cell --job "$key"
PATH=$path
HARNESS=$plain
expect_status 0
expect_json "$tmp/out" "d['status'] == 'ok' and d['executable'] == '$tmp/pythons/$name'"

[ -n "$PARALLEL_PROGRAM" ] || skip "GNU parallel is missing (Debian: parallel)"

# cells_of JSON: the keys, sorted.
cells_of() {
	ask "$1" 'sorted(c["key"] for c in d["cells"])'
}

# expect_clean: nothing is left of parallel.
expect_clean() {
	expect_no_processes
	expect_same "in TMPDIR" "" "$(ls -A "$TMPDIR")"
	expect_same "in HOME" "" "$(ls -A "$HOME")"
}

# The same cells, of which one fails; that is no reason to try again.
# shellcheck disable=SC2086 # a list of options
harness run --jobs=2 --db="$db" --python="$tag" $small --repeat=3 --format=json \
	--workload="objectgraph,$bad/request_raise.py"
expect_status 3
expect_match err "^harness: 12 cells: 6 ok, 0 unsupported, 6 failed; 0 min"
cp "$tmp/out" "$tmp/side.json"
# shellcheck disable=SC2086 # a list of options
harness run --db="$db" --python="$tag" $small --repeat=3 --format=json \
	--workload="objectgraph,$bad/request_raise.py"
cp "$tmp/out" "$tmp/one.json"
expect_same "cells" "$(cells_of "$tmp/one.json")" "$(cells_of "$tmp/side.json")"
# Which worker fails first is chance.
expect_same "outcomes" "$(outcomes "$tmp/one.json" | sed 's/worker [12]/worker/')" \
	"$(outcomes "$tmp/side.json" | sed 's/worker [12]/worker/')"
expect_same "jobs in the joblog" 12 "$(tail -n +2 "$db.joblog" | wc -l)"
expect_metrics "$tmp/side.json"
cat >"$tmp/times" <<'END2'
[c["key"] for c in d["cells"] if c["status"] == "ok" and not (
	all(c[k] is None and "--jobs=2" in c["unavailable"][k] for k in
	    ("freeze_us", "fork_us", "gc_time_us", "request_p50_us", "worker_cpu_ms"))
	and all(c[k] is None and c["unavailable"][k] for k in
	    ("gc_pause_p99_us", "gc_generation_pause_max_us", "reshare_us"))
	and not any(k.endswith("_us") or k.endswith("_ms")
	    for point in c["curve"] for k in point)
	and c["total_kib"] > c["worker_private_kib"] > 0
	and c["worker_minor_faults"] > 0 and c["worker_cow_pages"] > 0)]
END2
expect_same "cells side by side that tell times" "" \
	"$(ask "$tmp/side.json" "$(cat "$tmp/times")")"
expect_json "$tmp/one.json" 'all(c["freeze_us"] is not None for c in d["cells"]
	if c["status"] == "ok")'
expect_clean

# One at a time through parallel: times stand.
# shellcheck disable=SC2086 # a list of options
harness run --sshlogin=: --db="$db" --python="$tag" $small --format=json
expect_status 0
cp "$tmp/out" "$tmp/single.json"
expect_json "$tmp/single.json" 'all(c["freeze_us"] > 0 and c["fork_us"] > 0
	for c in d["cells"])'
expect_clean

# What was typed is data.
evil="$tmp/a b'\"\$(touch $tmp/pwned);{}{=print 1=}&"
mkdir -p "$evil"
cp "$top_srcdir/workloads/objectgraph.py" "$evil/w.py"
# env would take a word with = for a variable.
tree=$(echo "$evil" | tr -d =)
mkdir -p "$tree/harness"
cp "$HARNESS" "$tree/harness/harness"
ln -s "$top_builddir/ext" "$tree/ext"
plain=$HARNESS
HARNESS=$tree/harness/harness
# shellcheck disable=SC2086 # a list of options
harness run --jobs=2 --db="$tmp/evil.db" --python="$tag" $small --format=json \
	--workload="$evil/w.py"
HARNESS=$plain
expect_status 0
cp "$tmp/out" "$tmp/evil.json"
expect_json "$tmp/evil.json" '[c["status"] for c in d["cells"]] == ["ok"] * 2 and
	d["cells"][0]["workload"].endswith("&/w.py")'
expect_no_file "$tmp/pwned"
expect_clean

# begin OPTION...: 6 cells, of which the third and those behind it wait in a
# request.
begin() {
	rm -f "$tmp/cells" "$tmp/held" "$db" "$db.lock" "$db.joblog"
	echo 3+ >"$tmp/hold"
	# shellcheck disable=SC2086 # a list of options
	start run --db="$db" --python="$tag" $small --repeat=3 --format=csv \
		--workload="$bad/hold.py" "$@"
	wait_for "$tmp/held"
}

# parent_of PID
parent_of() {
	sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status"
}

# All that was reported is kept, the rest runs once more.
expect_resumable() {
	rm -f "$tmp/hold"
	harness export --db="$db" --format=csv
	grep ,ok, "$tmp/out" >"$tmp/finished"
	harness run --resume --db="$db" --format=csv "$@"
	expect_status 0
	expect_same "states" "6 ok" "$(tail -n +2 "$tmp/out" | cut -d , -f 13 |
		sort | uniq -c | sed 's/^ *//')"
	grep -qxFf "$tmp/finished" "$tmp/out" || [ ! -s "$tmp/finished" ] ||
		fail "a finished cell changed"
	expect_clean
}

begin --jobs=2
template=$(sed -n 3p "$tmp/cells")
! tr '\0' '\n' <"/proc/$template/environ" | grep -q '^PARALLEL_' ||
	fail "the environment of a cell is parallel's"
cell=$(parent_of "$template")
job=$(parent_of "$cell")
parallel=$(parent_of "$job")
kill -KILL "$parallel"
await
expect_status 1
expect_nothing out
expect_match err "^harness: GNU parallel was killed by signal 9"
expect_match err "go on with 'run --resume --db=$db'"
expect_clean
expect_resumable --jobs=2

# The coordinator dies: nothing outlives it, and the database is free at once.
begin --sshlogin=:
kill -KILL "$pid"
await 2>"$tmp/shell"
expect_clean
expect_resumable

begin --jobs=2
kill -INT "-$pid"
await
expect_status 130
expect_match err "^harness: interrupted; finished cells are kept in $db"
expect_clean
expect_resumable --sshlogin=:

# The cell's own process dies: a result as any.
begin --jobs=2
kill -KILL "$(parent_of "$(sed -n 3p "$tmp/cells")")"
rm "$tmp/hold"
await
expect_status 3
expect_match err "^harness: failed: .*the cell's process was killed by signal 9"
expect_same "states" "1 failed
5 ok" "$(tail -n +2 "$tmp/out" | cut -d , -f 13 | sort | uniq -c |
	sed 's/^ *//')"
expect_clean

# While memory is short, by the word of the awk that parallel asks, none runs, and
# what ran is begun again.
mkdir "$tmp/awk"
cat >"$tmp/awk/awk" <<END2
#!/bin/sh
[ ! -e "$tmp/short" ] || { echo 1000; exit; }
exec $(command -v awk) "\$@"
END2
chmod +x "$tmp/awk/awk"
PATH=$tmp/awk:$path
begin --jobs=2
PATH=$path
: >"$tmp/short"
tries=0
while [ -e "/proc/$(sed -n 3p "$tmp/cells")" ] && [ "$tries" -lt 400 ]; do
	tries=$((tries + 1))
	sleep 0.05
done
[ "$tries" -lt 400 ] || fail "cells went on without memory"
rm "$tmp/short" "$tmp/hold"
await
expect_status 0
expect_match err "^harness: 6 cells: 6 ok"
[ "$(wc -l <"$tmp/cells")" -gt 6 ] || fail "no cell was begun again"
expect_clean

# Cells one by one, as a scheduler runs them, become a run.
while read -r key; do
	"$HARNESS" cell --host "$key" </dev/null || fail "cell $key"
done <"$tmp/keys" >"$tmp/cells.json"
harness import --cells="$tmp/cells.json" --db="$tmp/imported.db"
expect_status 0
expect_line out "^run 1: 6 cells from $tmp/cells.json"
harness export --db="$tmp/imported.db"
cp "$tmp/out" "$tmp/imported.json"
expect_same "imported cells" "$(sort "$tmp/keys")" "$(cells_of "$tmp/imported.json")"
expect_metrics "$tmp/imported.json"
first=$(head -n 1 "$tmp/cells.json")
echo "$first" >>"$tmp/cells.json"
harness import --cells="$tmp/cells.json" --db="$tmp/imported.db"
expect_status 1
expect_line err "line 7: .*this cell was there before"
"$HARNESS" cell "$(head -n 1 "$tmp/keys")" </dev/null >"$tmp/cells.json"
harness import --cells=- --db="$tmp/imported.db"
expect_status 1
harness import --cells="$tmp/cells.json" --db="$tmp/imported.db"
expect_status 1
expect_line err "line 1: .*where it was measured; use 'cell --host'"

finish
