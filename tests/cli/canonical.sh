#!/bin/sh
# A plan: canonical names, each cell once, the baseline, and a shuffled order that
# the seed alone decides.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

plan() {
	# shellcheck disable=SC2086 # a list of options
	harness run --dry-run --db="$tmp/new.db" --python="$tag" $small "$@"
	expect_status 0
	expect_nothing err
	expect_no_file "$tmp/new.db" "$tmp/new.db.lock"
}

# expect_stacks WANTED OPTION...: those of the plan, sorted, in one line.
expect_stacks() {
	wanted=$1
	shift
	plan "$@"
	expect_same "stacks of $*" "$wanted" \
		"$(cut -d / -f 2 "$tmp/out" | sort | tr '\n' ' ')"
}

plan
expect_same keys "$tag/freeze/w2/n20/c10/s2000/r1/x1/objectgraph
$tag/none/w2/n20/c10/s2000/r1/x1/objectgraph" "$(sort "$tmp/out")"

# One spelling of each; the baseline comes by itself, and only once.
expect_stacks "freeze-gen:2 none " \
	--strategy=freeze-gen,freeze-gen:2,freeze-gen:2-2
expect_stacks "collect+freeze-gen:2 none " \
	--strategy=collect+freeze-gen,collect+freeze-gen:2
expect_stacks "freeze none " --strategy=freeze,freeze
expect_stacks "freeze none " --strategy=freeze --strategy=freeze,none
expect_stacks "collect freeze " --strategy=freeze --baseline=collect
expect_stacks "freeze-gen:2 " --strategy=freeze-gen:2 --baseline=freeze-gen
expect_stacks "freeze freeze freeze none none none " --repeat=3

plan --workload=objectgraph,objectgraph
[ "$(wc -l <"$tmp/out")" -eq 2 ] || fail "a workload given twice runs twice"
plan --workload="$bad/text.py,$top_srcdir/tests/../tests/cli/workloads/text.py"
[ "$(wc -l <"$tmp/out")" -eq 2 ] || fail "a path given twice runs twice"
plan --python="$tag,$python,${tag#cp}"
[ "$(wc -l <"$tmp/out")" -eq 2 ] || fail "an interpreter given twice runs twice"

plan --repeat=10
sort "$tmp/out" | uniq -d >"$tmp/twice"
[ "$(wc -l <"$tmp/out")" -eq 20 ] && [ ! -s "$tmp/twice" ] ||
	fail "not 20 cells, each once"

# The seed is part of the keys, but not of the order compared here.
order() {
	plan --repeat=10 --strategy=freeze,collect "$@"
	order=$(sed 's,/x[0-9]*/,/,' "$tmp/out")
}
order --seed=1
first=$order
order
expect_same "the order without a seed" "$first" "$order"
order --seed=1
expect_same "the order by the same seed" "$first" "$order"
order --seed=2
[ "$first" != "$order" ] || fail "another seed gives the same order"
expect_same "cells of another seed" "$(echo "$first" | sort)" \
	"$(echo "$order" | sort)"
[ "$(echo "$first" | cut -d / -f 2 | uniq | wc -l)" -gt 4 ] ||
	fail "the order is not shuffled"

# Results carry the canonical spelling, and a key that runs the same cell.
# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/new.db" --python="$tag" $small --strategy=collect \
	--baseline=freeze-gen --format=json
expect_status 0
expect_same results "collect $tag/collect/w2/n20/c10/s2000/r1/x1/objectgraph
freeze-gen:2 $tag/freeze-gen:2/w2/n20/c10/s2000/r1/x1/objectgraph" \
	"$(ask "$tmp/out" 'sorted("%(strategy)s %(key)s" % c for c in d["cells"])')"
expect_json "$tmp/out" 'd["options"]["baseline"] == "freeze-gen:2"'
# shellcheck disable=SC2086 # a list of options
harness run --db="$tmp/new.db" --python="$tag" $small --strategy=freeze-gen \
	--format=table
expect_status 0
expect_match out '^  freeze-gen:2  *[0-9.]*  *[0-9.]* '
expect_match out '^  none  *[0-9.]*  *1\.00 '
expect_match err "^Run 2 is stored in $tmp/new.db\\.  Next, try:"

expect_no_processes
finish
