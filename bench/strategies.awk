# strategies.awk - the table of strategies.sh, from what `harness export
# --format=tsv` says of a run with one interpreter.  -v stacks=LIST orders its
# lines.

# Without arguments: a run names all of them, also those that were not given.
function brief(stack)
{
	gsub(/:[^+]*/, "", stack)
	return stack
}

function column(key, head, divisor, decimals)
{
	keys[++columns] = key
	heads[columns] = head
	divisors[columns] = divisor
	formats[columns] = "%." decimals "f"
}

function mean(stack, key)
{
	return sum[stack, key] / measured[stack, key]
}

# The figure and its ratio to freeze's, "-" for what is not known.
function field(stack, i,	key, ratio)
{
	key = keys[i]
	if (!measured[stack, key])
		return "-"
	if (!measured["freeze", key] || mean("freeze", key) == 0)
		return sprintf(formats[i] "    (-)",
			       mean(stack, key) / divisors[i])
	ratio = mean(stack, key) / mean("freeze", key)
	ratio = sprintf(ratio < 100 ? "(%.2f)" : "(%.0f)", ratio)
	return sprintf(formats[i] " %6s", mean(stack, key) / divisors[i], ratio)
}

function print_line(stack, name,	i)
{
	printf "  %-" width "s", name
	if (ok[stack])
		for (i = 1; i <= columns; i++)
			printf "  %17s", field(stack, i)
	if (ok[stack] < repeats[stack])
		printf "  %s%s", ok[stack] ? repeats[stack] - ok[stack] " of " \
			repeats[stack] " repeats not used: " : "", reason[stack]
	print ""
}

BEGIN {
	FS = "\t"
	column("total_kib", "total MiB", 1024, 1)
	column("worker_private_kib", "private MiB", 1024, 1)
	column("worker_minor_faults", "faults", 1, 0)
	column("worker_cpu_ms", "CPU ms", 1, 0)
	column("ksm_cpu_ms", "scanner ms", 1, 0)
	column("gc_pause_p99_us", "pause p99 ms", 1000, 2)
	column("gc_pause_max_us", "pause max ms", 1000, 2)
}

NR == 1 {
	for (i = 1; i <= NF; i++)
		at[$i] = i
	next
}

{
	stack = $at["strategy"]
	if (!repeats[stack]++) {
		seen[++stacks_seen] = stack
		same[brief(stack)]++
	}
	if ($at["status"] == "ok")
		ok[stack]++
	else
		reason[stack] = $at["status"] ": " $at["reason"]
	for (i = 1; i <= columns; i++)
		if ($at[keys[i]] != "") {
			sum[stack, keys[i]] += $at[keys[i]]
			measured[stack, keys[i]]++
		}
	title = $at["tag"] "  " $at["workload"] "  scale " $at["scale"] ", " \
		$at["workers"] " workers, " $at["requests"] " requests each"
}

END {
	for (i = 1; i <= stacks_seen; i++) {
		name[i] = same[brief(seen[i])] > 1 ? seen[i] : brief(seen[i])
		if (length(name[i]) > width)
			width = length(name[i])
		if (repeats[seen[i]] > most)
			most = repeats[seen[i]]
	}
	print title ", mean of " most \
		(most == 1 ? " repeat" : " repeats") \
		" (ratio to freeze)"
	printf "  %-" width "s", "strategy"
	for (i = 1; i <= columns; i++)
		printf "  %17s", heads[i]
	print ""
	wanted = split(stacks, order, ",")
	for (k = 1; k <= wanted; k++)
		for (i = 1; i <= stacks_seen; i++)
			if (!(i in done) && brief(seen[i]) == brief(order[k])) {
				print_line(seen[i], name[i])
				done[i] = 1
			}
}
