#!/bin/sh
# PyPy beside CPython: how it is chosen, what it measures, and what each of the two
# cannot do.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# CPython has none of PyPy's strategies, wherever they are asked for.
# shellcheck disable=SC2086 # a list of options
harness run --python="$tag" --strategy=step,pressure,none+step:3 --db="$tmp/c.db" \
	$small --format=json
expect_status 0
expect_same "on CPython" "objectgraph none ok: None
objectgraph none+step:3 unsupported: step: needs PyPy
objectgraph pressure unsupported: pressure: needs PyPy
objectgraph step:1 unsupported: step: needs PyPy" "$(outcomes "$tmp/out")"
harness run --python="$tag" --strategy=step:0 --db="$tmp/c.db"
expect_usage "step: '0' is not a valid every"
harness run --python=pypy9 --db="$tmp/c.db"
expect_usage "no interpreter matches 'pypy9'"
harness doctor --calibrate --python=pypy
expect_usage "no supported CPython is what --python says"

[ -n "$pypy_tags" ] || {
	[ "$failures" -eq 0 ] || finish
	skip "configure found no PyPy"
}
pypy=$(echo "$pypy_tags" | head -n 1)
version=${pypy#pp}
version=${version%%v*}
short=${version%.*}
db=$tmp/new.db
# PyPy makes it as large as the processor's cache, and all its limits follow.
PYPY_GC_NURSERY=1M
export PYPY_GC_NURSERY

# cells WORD: the keys that --python=WORD plans.
cells() {
	# shellcheck disable=SC2086 # a list of options
	harness run --dry-run --db="$tmp/none.db" $small --strategy=disable \
		--python="$1"
	expect_status 0
	keys=$(sort "$tmp/out")
}
cells "$pypy"
wanted=$keys
expect_same "cells of $pypy" 2 "$(echo "$keys" | grep -c "^$pypy/")"
for word in "pypy$short" "pp$short" "pp$version" "$(executable_of "$pypy")"; do
	cells "$word"
	expect_same "cells of $word" "$wanted" "$keys"
done
for word in pypy pp "pypy${version%%.*}"; do
	cells "$word"
	echo "$keys" | grep "^$pypy/" >"$tmp/ours"
	expect_same "cells of $word" "$wanted" "$(cat "$tmp/ours")"
	! echo "$keys" | grep "^cp" || fail "$word is CPython, too"
done
# A version alone is CPython's, which may not be there.
for word in "${version%%.*}" "$short" "$version"; do
	# shellcheck disable=SC2086 # a list of options
	harness run --dry-run --db="$tmp/none.db" $small --python="$word"
	[ "$status" -eq 0 ] || expect_usage "no interpreter matches '$word'"
	! grep "^pp" "$tmp/out" || fail "$word is PyPy, too"
done
# A link to it is a path like any other.
ln -s "$(executable_of "$pypy")" "$tmp/link"
cells "$tmp/link"
expect_same "cells of a link" "$(echo "$wanted" | cut -d / -f 2-)" \
	"$(echo "$keys" | cut -d / -f 2-)"

# PyPy may be asked first, but knows how nothing of CPython's is spelt.
# shellcheck disable=SC2086 # a list of options
harness run --dry-run --db="$tmp/none.db" $small --strategy=freeze-gen \
	--python="$pypy,$tag"
expect_status 0
expect_same "a spec on both" \
	"$tag/freeze-gen:2 $tag/none $pypy/freeze-gen:2 $pypy/none" \
	"$(cut -d / -f 1,2 "$tmp/out" | sort | tr '\n' ' ' | sed 's/ $//')"

# What both have is spelt the same.
# shellcheck disable=SC2086 # a list of options
harness run --dry-run --db="$tmp/none.db" $small --python="$pypy,$tag" \
	--strategy=oob,rss-collect:2048K+collect,disable,oob:requests=3
expect_status 0
expect_same "spelling" "disable
none
oob:10
oob:3
rss-collect:2M+collect" "$(sed -n "s,^$pypy/\([^/]*\)/.*,\1,p" "$tmp/out" | sort)"
expect_same "spelling on both" "$(cut -d / -f 2 "$tmp/out" | sort | uniq)" \
	"$(cut -d / -f 2 "$tmp/out" | sort | uniq -d)"

# What it measures.
harness run --quick --python="$pypy" --db="$db" --format=json \
	--strategy=disable,step:2,pressure,freeze,threshold-zero
expect_status 0
expect_nothing err
cp "$tmp/out" "$tmp/run"
expect_same "on PyPy" "\
objectgraph disable ok: None
objectgraph freeze unsupported: freeze: PyPy has no CPython heap, which this strategy prepares
objectgraph none ok: None
objectgraph pressure ok: None
objectgraph step:2 ok: None
objectgraph threshold-zero unsupported: threshold-zero: PyPy's collector has no thresholds by counts of objects" \
	"$(outcomes "$tmp/run")"
ok='[c for c in d["cells"] if c["status"] == "ok"]'
expect_metrics "$tmp/run"
expect_json "$tmp/run" "all(c['lost_samples'] == 0 and
	c['methods']['gc_pause'] == 'gc.hooks' for c in $ok)"
for key in gc_faults app_faults template_objects; do
	expect_json "$tmp/run" "all(c['$key'] is None and
		c['unavailable']['$key'] for c in $ok)"
done
expect_json "$tmp/run" "all('gc_faults' not in p for c in $ok for p in c['curve'])"
for key in template_pages worker_private_kib worker_cow_pages fork_us \
	request_p50_us; do
	expect_json "$tmp/run" "all(c['$key'] > 0 for c in $ok)"
done
expect_json "$tmp/run" "all(abs((c['worker_cow_pages'] + c['worker_new_pages']) *
	d['host']['page_bytes'] / 1024.0 / c['worker_private_kib'] - 1) < 0.02
	for c in $ok)"
expect_json "$tmp/run" "all(c['curve'][-1]['requests'] == 200 and
	sum(n for _, n in c['latencies']) == 2 * 200 for c in $ok)"
# Each worker has one full collection, unless there are no automatic ones.
pauses='lambda c, g: sum(n for _, n in c["pauses"][g])'
expect_json "$tmp/run" "all(($pauses)(c, 2) == (2 if c['strategy'] in ('none',
	'pressure') else 0) for c in $ok)"
expect_json "$tmp/run" "all((c['gc_collections'][2] >= 1) ==
	(c['strategy'] in ('none', 'pressure')) or c['strategy'] == 'step:2'
	for c in $ok)"
expect_json "$tmp/run" "[c['gc_collections'][1:] for c in $ok
	if c['strategy'] == 'disable'] == [[0, 0]]"
# A step behind every second request, but for those that run finalizers only.
expect_json "$tmp/run" "all(99 - c['gc_collections'][2] <=
	c['gc_collections'][1] <= 100 and ($pauses)(c, 1) > 0 for c in $ok
	if c['strategy'] == 'step:2')"

# Workers that end early are results like any other.
harness run --quick --python="$pypy" --db="$db" --format=json --baseline=none \
	--strategy=none --workload="$bad/request_raise.py,$bad/kill_self.py"
expect_status 3
expect_json "$tmp/out" "all(c['status'] == 'failed' and c['reason']
	for c in d['cells'])"

harness list strategies --format=json
expect_json "$tmp/out" "all(s['name'] in ('step', 'pressure') and
	s['supported'] == '$pypy_tags'.split() and
	s['unsupported']['$tag'] == 'needs PyPy' for s in d['strategies']
	if '$tag' in s['unsupported'] and '$pypy' in s['supported'])"
expect_json "$tmp/out" "sorted(s['name'] for s in d['strategies']
	if '$pypy' in s['supported']) == ['collect', 'disable', 'none', 'oob',
	'pressure', 'rss-collect', 'step']"
expect_json "$tmp/out" "all(s['summary'] for s in d['strategies'])"

expect_no_processes
finish
