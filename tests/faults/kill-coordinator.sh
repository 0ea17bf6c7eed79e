#!/bin/sh
# The coordinator, `harness run`, is killed or told to end in each phase of a cell:
# it takes all with it, and another one goes on.
. "$top_srcdir/tests/faults/faultlib.sh"

# stopped STATUS: it has ended with that exit code, and so has everything else.
stopped() {
	await 2>"$tmp/shell"
	expect_status "$1"
	expect_nothing out
	expect_nothing_left_behind
	release
}

# fault: kill -9 of the coordinator
# when: start, warm, frozen, serve, exit
# then: all its processes end and clean up; `--resume` runs the cell again, and those
#     that were finished stay as they are
for phase in start warm frozen serve exit; do
	begin $phase
	kill -KILL "$pid"
	stopped 137
	expect_resumable 1
done

# fault: kill -9 of coordinator and cell process at once
# when: warm; serve
# then: no process is left; the cell's empty cgroup goes with the next cell
for phase in warm serve; do
	[ $phase = warm ] || [ -n "$FAULTS" ] || continue
	begin $phase
	kill -KILL "$cell" "$pid"
	await 2>"$tmp/shell"
	expect_status 137
	expect_no_processes
	release
	expect_resumable 1
done

# fault: SIGINT, SIGTERM or SIGHUP to the coordinator
# when: start, warm, frozen, serve, exit
# then: exit code 130, one line that says how to go on; nothing is left
for each in start:INT warm:HUP frozen:TERM exit:INT \
	${FAULTS:+start:TERM start:HUP warm:TERM frozen:INT serve:HUP exit:HUP}; do
	begin "${each%:*}"
	kill "-${each#*:}" "$pid"
	stopped 130
	expect_line err "^harness: interrupted; finished cells are kept in $db, \
go on with 'run --resume --db=$db'"
	[ -z "$FAULTS" ] || expect_resumable 1
done

# fault: SIGTERM, SIGHUP or kill -9 of `plot` or `report`
# when: gnuplot draws
# then: gnuplot ends, too; there is neither half a file nor a temporary one
mkdir "$tmp/bin" "$tmp/drawn"
cat >"$tmp/bin/gnuplot" <<'END'
#!/bin/sh
: >"$PERMAFROST_TEST/drawing"
while :; do sleep 0.1; done
END
chmod +x "$tmp/bin/gnuplot"
harness run --resume --db="$db"
PATH_BEFORE=$PATH
for each in plot:TERM plot:KILL report:TERM report:KILL \
	${FAULTS:+plot:HUP report:HUP}; do
	rm -f "$tmp/drawing"
	case $each in
	plot:*) set -- plot --figure=memory --format=svg --out="$tmp/drawn" ;;
	*) set -- report --out="$tmp/drawn/report.html" ;;
	esac
	PATH=$tmp/bin:$PATH_BEFORE
	start "$@" --db="$db"
	PATH=$PATH_BEFORE
	wait_for "$tmp/drawing"
	kill "-${each#*:}" "$pid"
	await 2>"$tmp/shell"
	[ "$status" -gt 128 ] || fail "$each: exit code $status"
	expect_same "$each: files" "" "$(ls "$tmp/drawn")"
	expect_nothing_left_behind
done

finish
