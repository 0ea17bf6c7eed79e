#!/bin/sh
# instructions.sh TAG PYTHON EXTDIR [check] - instructions of freezing, unfreezing
# and counting at several sizes of the heap, by callgrind: a run repeats them exactly,
# however busy the host.  With `check` a cost that depends on the heap otherwise than
# it must is an error (instructions.awk).
tag=$1
python=$2
ext=$3
here=$(dirname "$0")
sizes="100000 200000 400000"
VALGRIND=${VALGRIND:-valgrind}
command -v "$VALGRIND" >/dev/null || {
	echo "instructions $tag: skipped: needs valgrind (Debian: valgrind)"
	exit 77
}
out=$(mktemp -d "${TMPDIR:-/tmp}/permafrost-instructions.XXXXXX") || exit 99
trap 'rm -rf "$out"' EXIT
trap 'exit 99' HUP INT TERM

for size in $sizes; do
	PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 "$VALGRIND" --tool=callgrind \
		-q --toggle-collect=countcalls_counted \
		--callgrind-out-file="$out/%p" --log-file="$out/log" \
		"$python" -B -E "$here/instructions.py" "$ext" "$size" \
		>"$out/lines" || {
		echo "instructions $tag: failed at $size objects:" >&2
		cat "$out/log" >&2
		exit 1
	}
	while read -r pid subject call objects; do
		echo "$subject $call $objects $(sed -n 's/^totals: *//p' "$out/$pid")"
	done <"$out/lines"
done >"$out/counts"
[ -s "$out/counts" ] || {
	echo "instructions $tag: skipped: no way to freeze here"
	exit 77
}
awk -v tag="$tag" -v check="$4" -f "$here/instructions.awk" "$out/counts"
