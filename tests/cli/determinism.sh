#!/bin/sh
# What does not depend on time repeats exactly: two runs with the same seed count
# the same objects and the same collections at the same requests.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# count OPTION...: runs, and sets `counts` to what must repeat.
count() {
	harness run --db="$tmp/new.db" --seed=7 --workers=2 --format=json "$@"
	expect_status 0
	expect_nothing err
	counts=$(ask "$tmp/out" '["%(key)s %(status)s" % c + " %s %s %s" % (
		c["template_objects"], c["frozen_objects"], " ".join(
		"%s:%s" % (p["requests"], p["gc_collections"])
		for p in c["curve"])) for c in d["cells"]]')
}

twice() {
	count "$@"
	first=$counts
	count "$@"
	expect_same "the second run of $*" "$first" "$counts"
	echo "$counts" | grep -q ' ok [1-9][0-9.]* [1-9].* [12]000*:\[[1-9]' ||
		fail "nothing was counted: $counts"
}

# So many requests that the youngest generation is collected on all versions.  PyPy
# decides by bytes, of which its compiler takes now more, now less.
twice --python="$(echo "$tags" | tr '\n' ,)" --scale=2000 --requests=2000 --strategy=freeze,freeze-gen:2,threshold-zero
# The seed decides over random numbers and hashes, too.
twice --python="$(echo "$tags" | sed -n '1p;$p' | uniq | tr '\n' ,)" \
	--workload="$bad/dice.py" --requests=100
# Both generations of the language, with a workload of many modules.
for python_tag in $(echo "$tags" | grep -m 1 '^cp2') \
	$(echo "$tags" | grep '^cp3' | tail -n 1); do
	twice --python="$python_tag" --workload=webapp --scale=200 --requests=100
done

expect_no_processes
finish
