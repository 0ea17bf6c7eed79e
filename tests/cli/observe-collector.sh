#!/bin/sh
# What `observe` says that freeze would save is what it does save, whoever has copied
# the pages: the collector, reference counts, both, nobody.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# look TAG MODES FREEZE OUT: a server (collector.py) is looked at, and ended.
look() {
	rm -f "$tmp/ready" "$tmp/in"
	mkfifo "$tmp/in"
	env PERMAFROST_TEST="$tmp" PYTHONPATH="$top_builddir/ext/$1" \
		"$(executable_of "$1")" -B "$top_srcdir/tests/cli/servers/collector.py" \
		"$tmp/ready" "$2" "$3" <"$tmp/in" &
	master=$!
	exec 9>"$tmp/in"
	wait_for "$tmp/ready"
	harness observe --pid="$master" --once --interval=1 --format=json
	expect_status 0
	cp "$tmp/out" "$4"
	exec 9>&-
	wait "$master"
}

# check MODES EXPRESSION: what is saved lies within the range, and EXPRESSION holds of
# the document; in it f is the forecast, saved what was saved, KiB.
check() {
	look "$tag" "$1" not "$tmp/plain"
	look "$tag" "$1" freeze "$tmp/frozen"
	# Not the totals: other users of the interpreter's file change its PSS.
	private='sum(w["private_kib"] for w in d["workers"])'
	saved=$(($(ask "$tmp/plain" "$private") - $(ask "$tmp/frozen" "$private")))
	expect_same "$tag, workers: $1: forecast" "as saved" "$(ask "$tmp/plain" \
		"[f['low_kib'] - 1024 < saved < f['high_kib'] + 1024 and ($2) and
		'as saved' or (saved, f) for f, saved in
		[(d['saving']['freeze'], $saved)]]")"
}

# expect_full N: so many full collections were seen in each worker.
expect_full() {
	[ "$is_counted" = no ] || expect_json "$tmp/plain" \
		"[w['full_collections'] for w in d['workers']] == [$1, $1]"
}

for tag in $tags; do
	case $tag in
	cp2.7.* | cp3.[4-6].*) is_counted=no ;;
	cp3.[7-9].* | cp3.1[0-3].*) is_counted=yes ;;
	*)
		echo "$tag: its collector is not looked at"
		continue
		;;
	esac
	check nothing 'f["high_kib"] < 1024 and f["kib"] is not None'
	expect_full 0
	check touch 'saved < 1024 and f["kib"] < 1024'
	expect_full 0
	check young 'f["high_kib"] < 1024'
	expect_full 0
	check get_objects,young '(f["usual_high_kib"] or 0) < 1024'
	expect_full 0
	check collect 'saved > 8000 and 0.75 * saved < f["kib"]'
	expect_full 1
	# The collector also touches what is not the server's own.
	check collect,touch 'saved < 8000'
	expect_full 1
	# Which leaves out what is frozen.
	check get_objects 'saved > 8000'
	expect_full 0
done
expect_no_processes
finish
