#!/bin/sh
# The workloads gc_resource: how many resources, each of them 4 MiB, a worker holds
# at checkpoints, by its RSS, and at most, by its peak.  Every 25th request ends
# with a collection.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# expect_held WHAT WANTED WORKLOADS STACKS: what is held after 1, 2, 5, 20, 25, 43
# and 50 requests, and at most.
expect_held() {
	harness run --python="$tag" --workload="$3" --strategy="$4" --scale=4 \
		--workers=1 --requests=50 --format=json --db="$tmp/$tag.db"
	expect_status 0
	expect_metrics "$tmp/out"
	ask "$tmp/out" '["%s %s %s %s" % (c["workload"], c["strategy"],
		c["worker_peak_rss_kib"], " ".join(str(p["worker_rss_kib"])
			for p in c["curve"]
			if p["requests"] in (0, 1, 2, 5, 20, 25, 43, 50)))
		for c in d["cells"]]' | sort |
		awk 'function held(kib) {
				return int((kib - $4) / 4096 + 0.5)
			}
			{
				printf "%s %s:", $1, $2
				for (i = 5; i <= NF; i++)
					printf " %d", held($i)
				printf ", at most %d\n", held($3)
			}' >"$tmp/got"
	expect_same "$tag, $1" "$2" "$(cat "$tmp/got")"
}

# The oldest and the newest.
for tag in $(echo "$tags" | sed -n '1p;$p' | uniq); do
	expect_held "without a strategy" \
		"gc_resource none: 0 0 0 0 0 0 0, at most 1
gc_resource_cycle none: 1 2 5 20 0 18 0, at most 25
gc_resource_pressure none: 0 0 0 0 0 0 0, at most 1
gc_resource_released none: 0 0 0 0 0 0 0, at most 1" \
		gc_resource,gc_resource_cycle,gc_resource_pressure,gc_resource_released \
		none
	# After each request, and when there are two.
	expect_held "collections between requests" \
		"gc_resource_cycle none: 1 2 5 20 0 18 0, at most 25
gc_resource_cycle oob:1: 0 0 0 0 0 0 0, at most 1
gc_resource_cycle rss-collect:8M: 1 0 1 0 0 0 0, at most 2" \
		gc_resource_cycle oob:1,rss-collect:8M
done
expect_no_processes
finish
