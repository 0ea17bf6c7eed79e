#!/bin/sh
# The strategy ksm: unsupported with the reason where the host does not merge
# pages; with a scanner that runs, the pages of a cell are merged.  The host's
# settings are as before when this ends.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
ksm=/sys/kernel/mm/ksm

# Whether a cell can use it is data, never a failure.
harness run --python="$tag" --db="$tmp/ksm.db" $small --strategy=ksm --format=json
expect_json "$tmp/out" 'all(c["status"] == "ok" if c["strategy"] == "none" else
	c["status"] == "ok" or "ksm: " in c["reason"] for c in d["cells"])'
expect_status 0
[ "$(cat $ksm/run 2>/dev/null)" = 0 ] && [ -w $ksm/run ] || {
	echo "merging not tested: it is on already, or cannot be switched on"
	finish
}
expect_json "$tmp/out" 'all(c["status"] == "unsupported" for c in d["cells"]
	if c["strategy"] == "ksm")'

settings=$(cd $ksm && for name in run sleep_millisecs pages_to_scan; do
	echo "$name $(cat $name)"
done)
restore() {
	# 2 splits what was merged, so that nothing is left of the test.
	echo 2 >$ksm/run
	echo "$settings" | while read -r name value; do
		echo "$value" >"$ksm/$name"
	done
}
trap 'restore; cleanup' EXIT
if ! { echo 10 >$ksm/sleep_millisecs && echo 20000 >$ksm/pages_to_scan &&
	echo 1 >$ksm/run; } 2>"$tmp/refused"; then
	echo "merging not tested: $(cat "$tmp/refused")"
	finish
fi
harness list strategies --format=json
expect_json "$tmp/out" '"ksm" in [s["name"] for s in d["strategies"]]'
# Workers wait while the scanner goes through the cell's pages twice.
cat >"$tmp/slow.py" <<-'END'
	"""Templates and workers hold copies of the same pages."""
	import mmap
	import time

	def warm(scale):
	    return [bytes(bytearray([i % 251]) * 8000) for i in range(scale)]

	def request(state, n):
	    state.append([bytes(bytearray(item)) for item in state[:400]])
	    time.sleep(1)
END
for stack in none ksm; do
	harness cell "$tag/$stack/w2/n4/c-1/s1000/r1/x1/$tmp/slow.py"
	expect_status 0
	ask "$tmp/out" 'int(d["worker_private_kib"])' >"$tmp/$stack"
done
[ "$(cat "$tmp/ksm")" -lt $(($(cat "$tmp/none") / 2)) ] ||
	fail "private: $(cat "$tmp/ksm") KiB with ksm, $(cat "$tmp/none") without"
restore
expect_same "settings of the host" "$settings" "$(cd $ksm &&
	for name in run sleep_millisecs pages_to_scan; do
		echo "$name $(cat $name)"
	done)"

expect_no_processes
finish
