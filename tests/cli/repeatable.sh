#!/bin/sh
# The same command run three times counts the same pages and faults to 2 %, and
# collections explain most of what freezing saves.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# One interpreter per kind of collector; any, if there is none of these.
pythons=$(for version in 2.7 3.6 3.11 3.13; do
	echo "$tags" | grep -m 1 "^cp$version\."
done | tr '\n' ,)

# Large enough that a dozen faults on libraries' pages, which other work on the
# host makes come and go, are far from 2 %.
for run in 1 2 3; do
	harness run --db="$tmp/$run.db" --python="${pythons:-$tag}" \
		--strategy=freeze --scale=40000 --workers=2 --requests=800 \
		--format=json
	expect_status 0
	expect_nothing err
	cp "$tmp/out" "$tmp/$run.json"
done

# Alike: at most 2 % between the least and the greatest.
for key in worker_cow_pages worker_minor_faults; do
	for run in 1 2 3; do
		ask "$tmp/$run.json" "['%s %s %s' % (c['tag'], c['strategy'],
			c['$key']) for c in d['cells']]"
	done | sort | awk -v key="$key" '{
		cell = $1 " " $2
		if (!(cell in n) || $3 < least[cell]) least[cell] = $3
		if (!(cell in n) || $3 > most[cell]) most[cell] = $3
		n[cell]++
	}
	END {
		for (cell in n)
			if (n[cell] != 3 || most[cell] >= 1.02 * least[cell])
				print cell, key ":", n[cell], "runs from",
					least[cell], "to", most[cell]
	}'
done >"$tmp/unlike"
expect_same "what differs between runs" "" "$(cat "$tmp/unlike")"

# Per interpreter, in the order of the cells: the baseline, then freeze.
expect_json "$tmp/1.json" 'len(d["cells"]) % 2 == 0 and all(
	(a["tag"], a["strategy"], b["strategy"]) == (b["tag"], "none", "freeze")
	and a["gc_faults"] - b["gc_faults"] >= 0.6 *
	(a["worker_minor_faults"] - b["worker_minor_faults"]) > 0
	for a, b in zip(d["cells"][::2], d["cells"][1::2]))'

expect_no_processes
finish
