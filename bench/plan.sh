#!/bin/sh
# plan.sh HARNESS DIR TAG... - the held-out check of capacity planning: predicts
# the total of 12 workers by runs of 2 and of 4, and then measures it.  The
# databases are kept in DIR.  Settings come from the environment, or are those
# below:
#   BENCH_PLAN_STACKS BENCH_PLAN_WORKLOADS   a comma between two
#   BENCH_PLAN_FEW BENCH_PLAN_MANY           workers: to learn from, to predict
#   BENCH_PLAN_REQUESTS BENCH_PLAN_REPEAT
#   BENCH_PLAN_SCALE                         default: each workload's
harness=$1 dir=$2
shift 2
: "${BENCH_PLAN_STACKS:=none,freeze,threshold-zero,freeze+reshare}"
: "${BENCH_PLAN_WORKLOADS:=objectgraph,webapp}"
: "${BENCH_PLAN_FEW:=2 4}" "${BENCH_PLAN_MANY:=12}"
: "${BENCH_PLAN_REQUESTS:=1000}" "${BENCH_PLAN_REPEAT:=4}"
here=$(dirname "$0")

# measure DB WORKERS TAG
measure() {
	"$harness" run --db="$1" --python="$3" --workers="$2" \
		--strategy="$BENCH_PLAN_STACKS" \
		--workload="$BENCH_PLAN_WORKLOADS" \
		--requests="$BENCH_PLAN_REQUESTS" \
		--repeat="$BENCH_PLAN_REPEAT" \
		${BENCH_PLAN_SCALE:+"--scale=$BENCH_PLAN_SCALE"} >/dev/null || exit
}

for tag; do
	few=$dir/$tag-few.db many=$dir/$tag-many.db
	rm -f "$few" "$few"-* "$many" "$many"-*
	for workers in $BENCH_PLAN_FEW; do
		measure "$few" "$workers" "$tag"
	done
	measure "$many" "$BENCH_PLAN_MANY" "$tag"
	# 4 says that nothing can be recommended, which nobody asked for.
	"$harness" plan --db="$few" --memory=1024T \
		--workers="$BENCH_PLAN_MANY" >"$dir/plan.txt"
	status=$?
	[ $status -eq 0 ] || [ $status -eq 4 ] || exit $status
	"$harness" export --db="$many" --format=tsv |
		awk -f "$here/plan.awk" "$dir/plan.txt" - || exit
done
