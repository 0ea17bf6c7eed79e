#!/bin/sh
# scale.sh HARNESS TOOL FOLDER TAG - how costs grow: of a database with the number
# of its cells, and of a checkpoint with the number of workers; then one cell of
# BENCH_LARGE_WORKERS workers of a template of BENCH_LARGE_MIB.  Settings come from
# the environment, or are those below.  What grows tenfold while the cells grow
# tenfold is linear; TOOL is bench/scale.  Cost is CPU time, which minds company
# less than time does.
harness=$1 tool=$2 folder=$3 tag=$4
: "${BENCH_CELLS:=100 1000 10000}" "${BENCH_WORKER_COUNTS:=8 16 32 64}"
: "${BENCH_LARGE_WORKERS:=64}" "${BENCH_LARGE_MIB:=1024}"
mkdir -p "$folder" || exit 1
die() {
	echo "bench-scale: $*" >&2
	exit 1
}

# grow NAME UNIT COST...: a line with the ratio of each cost to the one before, and
# what that is per cell, or per worker, of $sizes.
grow() {
	echo "$* : $sizes" | awk '{
		name = $1; unit = $2
		for (i = 3; $i != ":"; i++)
			cost[++n] = $i
		for (k = 1; k <= n; k++)
			size[k] = $(i + k)
		gsub(/_/, " ", name)
		printf "  %-24s", name " (" unit ")"
		verdict = ""
		for (k = 1; k <= n; k++) {
			if (cost[k] == "-") {
				printf "  %18s", "-"
				continue
			}
			ratio = ""
			if (k > 1 && cost[k - 1] > 0) {
				r = cost[k] / cost[k - 1]
				ratio = sprintf("(x%.2f)", r)
				limit = name ~ / per / ? 1 : size[k] / size[k - 1]
				if (r > 1.25 * limit)
					verdict = "  worse than linear"
			}
			printf "  %9s %8s", cost[k], ratio
		}
		print verdict
	}'
}

heads() {
	printf '  %-24s' "$1"
	for size in $sizes; do
		printf '  %9s %8s' "$size" ''
	done
	echo
}

# ---- databases

sizes=$BENCH_CELLS
cpu= elapsed= kib=
for size in $sizes; do
	db=$folder/$size.db
	rm -f "$db"
	costs=$("$tool" fill "$db" "$size") || die "cannot fill $db"
	cpu="$cpu ${costs% *}"
	elapsed="$elapsed ${costs#* }"
	kib="$kib $(($(stat -c %s "$db") / 1024 / size))"
done
echo "Databases: cost over the number of cells in one run (ratio to the column before)"
heads cells
# shellcheck disable=SC2086 # lists
{
	grow CPU_per_cell_stored ms $cpu
	grow time_per_cell_stored ms $elapsed
	grow database_per_cell KiB $kib
}
# NAME ARGUMENT...: the harness with these, on each database.
over_cells() {
	name=$1
	shift
	costs= resident=
	for size in $sizes; do
		times=$((2000 / size))
		[ $times -le 5 ] || times=5
		[ $times -ge 1 ] || times=1
		# An exit code says what became of the cells, not of the time.
		line=$("$tool" time $times "$folder/out" "$harness" "$@" \
			--db="$folder/$size.db" 2>"$folder/err")
		[ -n "$line" ] || die "$name: $(tail -n 1 "$folder/err")"
		costs="$costs ${line%% *}"
		# What ended at once was not seen.
		mib=$((${line##* } / 1024))
		[ $mib -gt 0 ] || mib=-
		resident="$resident $mib"
	done
	# shellcheck disable=SC2086 # lists
	grow "$name" ms $costs
	# shellcheck disable=SC2086
	grow "__its_memory" MiB $resident
}
over_cells list_runs list runs
over_cells compare compare none freeze
over_cells plan plan --memory=16G
over_cells export export
over_cells export_as_csv export --format=csv
over_cells export_as_tables export --format=tables --out="$folder/tables"
over_cells report report --memory=16G --out="$folder/report.html"
[ -n "$BENCH_KEEP" ] || rm -rf "$folder"/*.db "$folder/tables" "$folder/out"

# ---- workers

# cell STACK WORKERS REQUESTS SCALE TIMES: what a cell costs; its document is in
# $folder/cell.json.
cell() {
	"$tool" time "$5" "$folder/cell.json" "$harness" cell --timeout=30m \
		"$tag/$1/w$2/n$3/c-1/s$4/r1/x1/objectgraph" 2>"$folder/err" ||
		die "$tag/$1, $2 workers: $(cat "$folder/err" "$folder/cell.json" |
			tail -n 1 | cut -c -300)"
}

requests=20
points=$(($("$tool" checkpoints $requests) - $("$tool" checkpoints 0)))
sizes=$BENCH_WORKER_COUNTS
echo
echo "Checkpoints of $tag, scale 100000: CPU time of the harness alone"
heads workers
for stack in freeze freeze+reshare; do
	costs= whole=
	for workers in $sizes; do
		none=$(cell $stack "$workers" 0 100000 3) || exit 1
		some=$(cell $stack "$workers" $requests 100000 3) || exit 1
		costs="$costs $(echo "$none $some" | awk "{
			printf \"%.3f\", (\$6 - \$2) / $points / $workers }")"
		whole="$whole $(echo "$some" | cut -d ' ' -f 2)"
	done
	# shellcheck disable=SC2086 # lists
	grow "${stack}_per_worker" ms $costs
	# shellcheck disable=SC2086
	grow "${stack},_whole_cell" ms $whole
done

# ---- a large cell

# field KEY: a metric of $folder/cell.json.
field() {
	grep -o "\"$1\": *[0-9][0-9.]*" "$folder/cell.json" | head -n 1 |
		sed 's/.*: *//'
}
# The MiB of the template's pages.
template() {
	echo "$(field template_pages) $(getconf PAGESIZE)" | awk '{
		printf "%d", $1 * $2 / 1048576 }'
}
available=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
# Besides the template: for each worker its page tables, what its requests copy,
# and what its end copies.
need=$((BENCH_LARGE_MIB * 2 + BENCH_LARGE_WORKERS * (BENCH_LARGE_MIB / 32 + 64)))
echo
if [ "$available" -lt "$need" ]; then
	echo "Large cell: skipped: it needs $need MiB, $available MiB are available"
	exit 0
fi
cell freeze 1 0 100000 1 >/dev/null || exit 1
small=$(template)
cell freeze 1 0 400000 1 >/dev/null || exit 1
scale=$((100000 + (BENCH_LARGE_MIB - small) * 300000 / ($(template) - small)))
line=$(cell freeze+reshare "$BENCH_LARGE_WORKERS" $requests "$scale" 1) || exit 1
echo "$line $(template) $(field total_kib)" | awk \
	-v tag="$tag" -v scale="$scale" -v workers="$BENCH_LARGE_WORKERS" '{
	printf "Large cell: %d workers of a template of %d MiB (%s, freeze+reshare, " \
		"objectgraph %d)\n", workers, $5, tag, scale
	printf "  %.1f s in all, %.2f s CPU time of the harness, which had %d MiB; " \
		"total_kib is %d MiB\n", $3 / 1000, $2 / 1000, $4 / 1024, $6 / 1024
}'
