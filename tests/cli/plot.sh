#!/bin/sh
# `harness plot` draws every figure of a small run, twice the same, and says
# what is wrong with a request it cannot fulfil.
if [ -z "$GNUPLOT" ]; then
	echo "gnuplot is not installed"
	exit 77
fi
tag=$("$HARNESS" list interpreters --format=json | tr -d '\n' | tr '{' '\n' |
	grep '"supported": *true' | sed -n 's/.*"tag": *"\([^"]*\)".*/\1/p' |
	sed 1q)
if [ -z "$tag" ]; then
	echo "no interpreter is supported here"
	exit 77
fi
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 99' HUP INT TERM
db=$dir/run.db
failures=0

wrong() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# expect CODE ARGUMENT...: plot ends with CODE; an error is told in one line.
expect() {
	code=$1
	shift
	"$HARNESS" plot "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	[ "$got" -eq "$code" ] || wrong "plot $*: exit $got, not $code"
	[ "$code" -eq 0 ] && lines=0 || lines=1
	[ "$(wc -l <"$dir/err")" -eq "$lines" ] ||
		wrong "plot $*: not $lines line(s) on stderr: $(cat "$dir/err")"
}

"$HARNESS" run --python="$tag" --strategy=none,freeze,threshold-zero \
	--scale=20000 --workers=2 --requests=200 --db="$db" \
	>"$dir/out" 2>"$dir/err" || {
	cat "$dir/out" "$dir/err"
	echo "FAIL: the run to draw"
	exit 1
}
before=$(cksum <"$db")

# Copied pages of each stack, unless this host does not tell.
"$HARNESS" export --db="$db" --format=tsv | awk -F'\t' '
	NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
	$column["worker_cow_pages"] != "" { print $column["worker_cow_pages"] }' \
	>"$dir/pages"
case $(wc -l <"$dir/pages") in
3) ;;
0)
	echo "copied pages cannot be counted here; see 'harness doctor'"
	exit 77
	;;
*) wrong "copied pages are not counted for all stacks" ;;
esac

figures=
for script in "$srcdir"/results/figures/[!_]*.gp; do
	name=${script##*/}
	figures="$figures ${name%.gp}"
done
expect 0 --db="$db" --format=svg,png --out="$dir/one"
for figure in $figures; do
	for format in svg png; do
		file=$dir/one/$figure.$format
		grep -qxF "$file" "$dir/out" || wrong "$file is not printed"
		[ "$(wc -c <"$file")" -gt 8000 ] || wrong "$file is trivial"
	done
	svg=$dir/one/$figure.svg
	grep -q '^</svg>' "$svg" || wrong "$svg is cut off"
	for text in none freeze threshold-zero; do
		grep -q ">${text}[< ]" "$svg" || wrong "$svg does not name $text"
	done
	od -A n -t x1 -N 8 "$dir/one/$figure.png" |
		grep -q '89 50 4e 47 0d 0a 1a 0a' || wrong "$figure.png: not png"
done

# labels FIGURE TEXT...: the texts of its axes and legend.
labels() {
	figure=$1
	shift
	for text in "$@"; do
		grep -qF ">$text<" "$dir/one/$figure.svg" ||
			wrong "$figure.svg lacks '$text'"
	done
}
labels memory "memory (MiB)" "requests served per worker" \
	"worker private" "worker PSS" "worker RSS" "template RSS"
labels faults "minor faults" "requests served per worker"
labels pauses "pause (ms)" "percentile of collections" max \
	"threshold-zero (no collection)"
labels copies "copied per worker (MiB)" why where "collector's header" \
	"reference count" "other content" "nothing left of it" \
	pymalloc malloc "libraries' data" stack other
# The bars are as long as all that was copied, which stands beside them.
while read -r pages; do
	labels copies "$(awk -v n="$pages" -v page="$(getconf PAGESIZE)" \
		'BEGIN { printf " %.1f", n * page / 1048576 }')"
done <"$dir/pages"

expect 0 --db="$db" --format=svg --out="$dir/two"
for figure in $figures; do
	cmp "$dir/one/$figure.svg" "$dir/two/$figure.svg" ||
		wrong "$figure.svg differs when drawn again"
done
[ "$(cksum <"$db")" = "$before" ] || wrong "drawing changed the database"

# What plot prints is the files it made, so nothing is printed here.
expect 2 --db="$db" --out="$dir/three" --figure=nosuch
expect 2 --db="$db" --out="$dir/three" --format=gif
expect 2 --db="$db" --out="$dir/three" --run=77
expect 1 --db="$dir/nosuch.db" --out="$dir/three"
[ ! -e "$dir/three" ] && [ ! -e "$dir/nosuch.db" ] ||
	wrong "a refused request left files"

# Where there are no bars, the figure says why.
"$HARNESS" run --python="$tag" --strategy=freeze --scale=2000 --workers=2 \
	--requests=20 --db="$dir/failed.db" --workload="objectgraph,$(dirname \
	"$0")/workloads/request_raise.py" >/dev/null 2>&1
[ $? -eq 3 ] || wrong "the run with failed cells: not exit 3"
expect 0 --db="$dir/failed.db" --figure=copies --format=svg --out="$dir/failed"
[ "$(grep -cF '> failed<' "$dir/failed/copies.svg")" -eq 2 ] ||
	wrong "copies.svg does not say of both stacks that they failed"

# A file name that gnuplot would take for a command is a file name.
(cd "$dir" && "$HARNESS" plot --db="$db" --figure=faults --format=svg \
	--out='|touch ran; #' >/dev/null 2>&1)
[ ! -e "$dir/ran" ] || wrong "--out ran a command"

[ "$failures" -eq 0 ]
