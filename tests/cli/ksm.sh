#!/bin/sh
# The strategy ksm: unsupported with the reason where the host does not merge
# pages; with a scanner that runs, the pages of a cell are merged, and its CPU
# time is a metric.  The host's settings are as before when this ends.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
ksm=/sys/kernel/mm/ksm

# hidden OPTION COMMAND: runs a cell in namespaces of its own, which unshare's
# OPTION makes, after COMMAND.
hidden() {
	last="harness run, after unshare $1 and $2"
	# shellcheck disable=SC2016 # expanded inside
	timeout -s KILL 90 env PERMAFROST_TEST="$tmp" unshare -m "$1" sh -c \
		"$2"' && exec "$HARNESS" run "$@"' sh --python="$tag" \
		--db="$tmp/hidden.db" --scale=2000 --workers=2 --requests=20 \
		--strategy=ksm --baseline=ksm --format=json \
		>"$tmp/out" 2>"$tmp/err.all"
	status=$?
	without_warnings
}

# Whether a cell can use it is data, never a failure.
# shellcheck disable=SC2086 # a list of words
harness run --python="$tag" --db="$tmp/ksm.db" $small --strategy=ksm --format=json
expect_json "$tmp/out" 'all(c["status"] == "ok" if c["strategy"] == "none" else
	c["status"] == "ok" or "ksm: " in c["reason"] for c in d["cells"])'
expect_status 0
expect_json "$tmp/out" 'all(c["ksm_cpu_ms"] is None and c["unavailable"]
	["ksm_cpu_ms"] == "the stack has no ksm" for c in d["cells"]
	if c["strategy"] == "none")'
[ "$(cat $ksm/run 2>/dev/null)" = 0 ] && [ -w $ksm/run ] || {
	echo "merging not tested: it is on already, or cannot be switched on"
	finish
}
expect_json "$tmp/out" 'all(c["status"] == "unsupported" for c in d["cells"]
	if c["strategy"] == "ksm")'
# What cannot be read is not called off.
if unshare -m true 2>/dev/null; then
	hidden -f "mount -t tmpfs none $ksm"
	expect_status 4
	expect_json "$tmp/out" 'all(c["status"] == "unsupported" and
		"is not readable here" in c["reason"] for c in d["cells"])'
fi

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
# So much CPU time has the scanner used until now, ms.
scanner_ms() {
	awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\)/, "")
		print ($12 + $13) * 1000 / hz }' "/proc/$scanner/stat"
}
scanner=$(grep -lx ksmd /proc/[0-9]*/comm | head -n 1 | tr -dc 0-9)
for stack in none ksm; do
	before=$(scanner_ms)
	harness cell "$tag/$stack/w2/n4/c-1/s1000/r1/x1/$tmp/slow.py"
	expect_status 0
	ask "$tmp/out" 'int(d["worker_private_kib"])' >"$tmp/$stack"
done
expect_json "$tmp/out" "0 < d['ksm_cpu_ms'] <= $(scanner_ms) - $before + 20"
expect_json "$tmp/out" 'all(a["ksm_cpu_ms"] <= b["ksm_cpu_ms"] for a, b in
	zip(d["curve"], d["curve"][1:])) and
	d["curve"][-1]["ksm_cpu_ms"] == d["ksm_cpu_ms"]'
[ "$(cat "$tmp/ksm")" -lt $(($(cat "$tmp/none") / 2)) ] ||
	fail "private: $(cat "$tmp/ksm") KiB with ksm, $(cat "$tmp/none") without"
# A container shows no threads of the kernel.
if unshare -mpf true 2>/dev/null; then
	hidden -pf "mount -t proc proc /proc"
	expect_status 0
	expect_json "$tmp/out" 'all(c["status"] == "ok" and
		c["ksm_cpu_ms"] is None and "ksmd is not to be seen" in
		c["unavailable"]["ksm_cpu_ms"] and
		not any("ksm_cpu_ms" in point for point in c["curve"])
		for c in d["cells"])'
fi
restore
expect_same "settings of the host" "$settings" "$(cd $ksm &&
	for name in run sleep_millisecs pages_to_scan; do
		echo "$name $(cat $name)"
	done)"

expect_no_processes
finish
