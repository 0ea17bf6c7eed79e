# plan.awk - the table of plan.sh, from what `harness plan` predicts (first
# file) and `harness export --format=tsv` of the run that was kept apart.

# The plan is a table per interpreter and workload: a head that ends in
# "workers of N requests", and a line per stack with workers and total MiB.
FNR == NR {
	gsub(/\([^)]*\)/, "")
	sub(/^\* /, "")
	if (/ workers of [0-9]+ requests$/)
		workload = $2
	else if (workload != "" && $2 ~ /^[0-9]+$/ && $3 ~ /^[0-9.]+$/)
		predicted[workload, $1] = $3
	else if (NF == 0)
		workload = ""
	next
}

FNR == 1 {
	FS = "\t"
	$0 = $0
	for (i = 1; i <= NF; i++)
		at[$i] = i
	next
}

$at["status"] == "ok" {
	key = $at["workload"] SUBSEP $at["strategy"]
	if (!cells[key]++)
		order[++n] = key
	tag = $at["tag"]
	workers = $at["workers"]
	sum[key] += $at["total_kib"] / 1024
}

END {
	printf "%s, total of %d workers, MiB:\n", tag, workers
	for (i = 1; i <= n; i++) {
		split(order[i], part, SUBSEP)
		measured = sum[order[i]] / cells[order[i]]
		if (!(order[i] in predicted)) {
			printf "  %-12s %-42s no prediction\n", part[1], part[2]
			continue
		}
		error = 100 * (predicted[order[i]] / measured - 1)
		printf "  %-12s %-42s predicted %8.1f  measured %8.1f  %+5.1f %%%s\n",
			part[1], part[2], predicted[order[i]], measured, error,
			(error > 5 || error < -5) ? "  beyond 5 %" : ""
	}
	if (n == 0) {
		print "plan.awk: no cell was measured" >"/dev/stderr"
		exit 1
	}
}
