# django.awk - means over turns of what django.sh has measured, with ratios to the first
# stack of the same settings.  Columns: settings, stack, seconds, answers with 200, total
# MiB, MiB when idle, or -, and CPU seconds before and after the load; `wanted` is how many
# answers there should be.
{
	key = $1 FS $2
	if (!(key in n)) {
		order[++keys] = key
		if (!($1 in first))
			first[$1] = key
	}
	n[key]++
	rate[key] += $4 / $3
	failed[key] += wanted - $4
	total[key] += $5
	cpu[key] += 1000 * ($8 - $7) / $4
	idle[key] = $6 == "-" ? "-" : idle[key] + $6
}

# A mean with its ratio; "" when there is none.
function column(sum, key, base, digits)
{
	if (sum[key] == "-")
		return sprintf("  %16s", "-")
	return sprintf("  %8.*f (%5.3f)", digits, sum[key] / n[key],
		(sum[key] / n[key]) / (sum[base] / n[base]))
}

END {
	printf "%-14s %-24s  %16s  %16s  %16s  %16s  %6s\n", "settings", "stack",
		"total MiB", "idle MiB", "requests/s", "CPU ms/request", "failed"
	for (i = 1; i <= keys; i++) {
		key = order[i]
		split(key, part, FS)
		base = first[part[1]]
		printf "%-14s %-24s%s%s%s%s  %6d\n", part[1], part[2],
			column(total, key, base, 1), column(idle, key, base, 1),
			column(rate, key, base, 1), column(cpu, key, base, 2),
			failed[key]
	}
}
