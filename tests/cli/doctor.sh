#!/bin/sh
# The doctor says the same in words and in JSON, about what is so on this host,
# and the facts are stored with every run.  Which news they are depends on the
# host, so only what holds on any is expected.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

harness doctor
expect_status 0
expect_nothing err
expect_match out '^ok  *interpreters  *[1-9][0-9]* of [0-9]* found can be measured$'
expect_match out '^Memory: '
expect_match out '^Pauses, latencies and CPU time: .*\.$'
[ "$(awk 'length > 100' "$tmp/out" | wc -l)" -eq 0 ] ||
	fail "lines longer than 100 columns"
cp "$tmp/out" "$tmp/table"

harness doctor --format=json
expect_status 0
expect_nothing err
expect_line out '^{.*}$'
cp "$tmp/out" "$tmp/doctor.json"
expect_json "$tmp/doctor.json" '{"findings", "facts", "verdict",
	"trustworthy"} <= set(d)'
expect_json "$tmp/doctor.json" 'all({"probe", "label", "state", "detail",
	"harm", "metrics", "effect", "cure", "because"} == set(f)
	for f in d["findings"])'
expect_json "$tmp/doctor.json" 'all(f["state"] in ("ok", "limited", "missing",
	"unknown") and f["harm"] in ("none", "doubtful", "lost") and f["detail"]
	for f in d["findings"])'
expect_json "$tmp/doctor.json" 'all(f["state"] != "ok" and f["effect"] and
	f["because"] for f in d["findings"] if f["harm"] != "none")'
expect_json "$tmp/doctor.json" 'len(set(f["probe"] for f in d["findings"])) ==
	len(d["findings"]) >= 20'
expect_json "$tmp/doctor.json" 'd["trustworthy"] ==
	all(f["harm"] == "none" for f in d["findings"])'
expect_json "$tmp/doctor.json" "d['facts']['kernel'] == '$(uname -r)' and
	d['facts']['page_bytes'] == $(getconf PAGESIZE)"
expect_same "labels in the table" "$(ask "$tmp/doctor.json" \
	'[f["label"] for f in d["findings"]]')" "$(sed -n \
	's/^\(ok\|limited\|missing\|unknown\)  *\([^ ].*\)$/\2/p' "$tmp/table" |
	cut -c -22 | sed 's/ *$//')"

# --strict turns the verdict into an exit code.
harness doctor --strict --format=json
expect_nothing err
expect_status "$(ask "$tmp/out" '0 if d["trustworthy"] else 5')"

harness doctor --format=xml
expect_usage "--format takes table or json, not 'xml'"
harness doctor who
expect_usage "doctor takes no 'who'"

# One CPU, a limit, a fixed layout: what is taken from this process is noticed.
probe() {
	ask "$tmp/doctor.json" "[f['state'] + ': ' + f['detail']
		for f in d['findings'] if f['probe'] == '$1'][0]"
}
on_host() {
	last="harness doctor under $*"
	"$@" "$HARNESS" doctor --format=json >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	expect_status 0
	expect_nothing err
	cp "$tmp/out" "$tmp/doctor.json"
}
if command -v setarch >/dev/null && setarch -R true 2>/dev/null; then
	on_host setarch -R
	expect_same "fixed layout" "limited: off for this process" "$(probe aslr)"
fi
if command -v taskset >/dev/null && [ "$(nproc)" -gt 1 ]; then
	cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
	on_host taskset -c "$cpu"
	case $(probe cpus) in "limited: 1 of "*) ;;
	*) fail "one CPU: $(probe cpus)" ;; esac
fi
on_host sh -c 'ulimit -n 60 && exec "$@"' sh
case $(probe limits) in "limited: "*) ;;
*) fail "60 open files: $(probe limits)" ;; esac

# Other work is noticed, whoever's it is.
timeout 20 sh -c 'while :; do :; done' &
spinning=$!
harness doctor --strict --format=json
kill "$spinning"
expect_json "$tmp/out" 'd["facts"]["busy_cpus"] is None or
	d["facts"]["busy_cpus"] > 0.5'
[ "$(getconf _NPROCESSORS_ONLN)" -gt 5 ] || expect_status 5

# No process can be forked: what needs one says so, and the rest is told.
if [ "$(id -u)" -ne 0 ]; then
	on_host sh -c '{ ulimit -u 1 || ulimit -p 1; } 2>/dev/null
		exec "$@"' sh
	case $(probe limits) in "missing: no process can be forked: "*) ;;
	*) fail "no fork: $(probe limits)" ;; esac
fi

# A run stores the same facts, and warns of nothing but harm.  What was said to be
# lost is what it cannot measure, no more and no less.
# shellcheck disable=SC2086 # a list of words
harness run $small --python="$tag" --strategy=none --db="$tmp/run.db" \
	--format=json
expect_status 0
expect_nothing err
expect_same "facts of the run" "$(ask "$tmp/doctor.json" 'sorted(k
	for k in d["facts"] if not k.startswith("interpreters_"))')" \
	"$(ask "$tmp/out" 'sorted(d["host"])')"
for pair in smaps:worker_private_kib stat:worker_minor_faults \
	pagemap:worker_cow_pages child_memory:worker_floor_pages; do
	lost=$(ask "$tmp/doctor.json" "[f['harm'] == 'lost'
		for f in d['findings'] if f['probe'] == '${pair%:*}'][0]")
	expect_json "$tmp/out" "all((c['${pair#*:}'] is None) == $lost
		for c in d['cells'])"
done
warned=$(grep -c '^harness: warning: other work: .*: pauses, ' "$tmp/err.all")
expect_same "warnings of other work" "$(ask "$tmp/out" 'int(
	d["host"]["busy_cpus"] > max(0.5, d["host"]["cpus"] / 10.0))')" "$warned"

finish
