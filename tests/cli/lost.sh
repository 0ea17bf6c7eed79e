#!/bin/sh
# Collections that were not seen make the numbers untrustworthy, which is told;
# what a program may well do to its streams and children does not.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

for python_tag in $(echo "$tags" | sed -n '1p;$p' | uniq); do
	harness run --db="$tmp/new.db" --python="$python_tag" --strategy=none \
		--workload="$bad/hidden.py" --workers=2 --requests=20 --format=json
	expect_status 5
	expect_line err 'samples were lost; do not trust'
	expect_json "$tmp/out" 'd["cells"][0]["lost_samples"] >= 2 * 20'

	harness run --db="$tmp/new.db" --python="$python_tag" --strategy=none \
		--workload="$bad/wrapped.py" --workers=2 --requests=20 --format=json
	expect_status 0
	expect_json "$tmp/out" 'd["cells"][0]["lost_samples"] == 0'
	# The children's collections are not the worker's; its own full one is.
	expect_json "$tmp/out" 'd["cells"][0]["gc_collections"][2] == 1'
	expect_json "$tmp/out" 'd["cells"][0]["exit_faults"] is None'

	# What no process would write is not believed, and harms nothing else.
	harness run --db="$tmp/new.db" --python="$python_tag" --strategy=none \
		--workload="$bad/overwrite.py" --workers=2 --requests=20 --format=json
	expect_status 5
	expect_line err 'samples were lost; do not trust'
	expect_json "$tmp/out" 'd["cells"][0]["lost_samples"] == 2 ** 53'
	expect_json "$tmp/out" 'd["cells"][0]["copies"] is None'
done

# fault: a program has started a helper, in a session of its own, and the coordinator is
#     killed (kill -9)
# when: serve
# then: nothing is left
start run --db="$tmp/killed.db" --python="$(echo "$tags" | sed -n 1p)" \
	--strategy=none --workload="$bad/helper.py" --workers=1 --requests=60
wait_for "$tmp/helper"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
expect_no_processes

# fault: the harness is started with SIGCHLD ignored, so that children would vanish
#     before they are read
# when: all phases
# then: the run is good
last="harness run, SIGCHLD ignored"
"$python" -B - "$HARNESS" "$tmp/chld.db" "$(echo "$tags" | sed -n 1p)" \
	>"$tmp/out" 2>"$tmp/err" <<-'END'
	import signal, subprocess, sys
	def ignore():
	    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
	sys.exit(subprocess.call(["timeout", "-s", "KILL", "90", sys.argv[1], "run", "--quick", "--format=csv",
	    "--db=" + sys.argv[2], "--python=" + sys.argv[3]], preexec_fn=ignore))
END
status=$?
expect_status 0

expect_no_processes
finish
