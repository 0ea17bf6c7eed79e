#!/bin/sh
# The workloads gc_resource: how many resources a worker holds at checkpoints, by
# its RSS, and at most, by its peak.  Every 25th request ends with a collection.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# serve WORKLOADS STACKS: sets `got` to what is held after 1, 2, 5, 20, 25, 43 and 50
# requests, and at most, of resources of $mib MiB.
serve() {
	harness run --python="$tag" --workload="$1" --strategy="$2" \
		--scale="$mib" --workers=1 --requests=50 --format=json \
		--db="$tmp/$tag.db"
	expect_status 0
	expect_metrics "$tmp/out"
	got=$(ask "$tmp/out" '["%s %s %s %s" % (c["workload"], c["strategy"],
		c["worker_peak_rss_kib"], " ".join(str(p["worker_rss_kib"])
			for p in c["curve"]
			if p["requests"] in (0, 1, 2, 5, 20, 25, 43, 50)))
		for c in d["cells"]]' | sort |
		awk -v mib="$mib" 'function held(kib) {
				return int((kib - $4) / 1024 / mib + 0.5)
			}
			{
				printf "%s %s:", $1, $2
				for (i = 5; i <= NF; i++)
					printf " %d", held($i)
				printf ", at most %d\n", held($3)
			}')
}

expect_held() {
	expect_same "$tag, what is held" "$1" "$got"
}

# The oldest and the newest.
mib=4
for tag in $(echo "$tags" | sed -n '1p;$p' | uniq); do
	serve gc_resource,gc_resource_cycle,gc_resource_pressure,gc_resource_released \
		none
	expect_held "gc_resource none: 0 0 0 0 0 0 0, at most 1
gc_resource_cycle none: 1 2 5 20 0 18 0, at most 25
gc_resource_pressure none: 0 0 0 0 0 0 0, at most 1
gc_resource_released none: 0 0 0 0 0 0 0, at most 1"
	# Collections after each request, and when there are two.
	serve gc_resource_cycle oob:1,rss-collect:8M
	expect_held "gc_resource_cycle none: 1 2 5 20 0 18 0, at most 25
gc_resource_cycle oob:1: 0 0 0 0 0 0 0, at most 1
gc_resource_cycle rss-collect:8M: 1 0 1 0 0 0 0, at most 2"
done

# PyPy grows by some MiB itself; what it holds under pressure is its own choice.
mib=16
for tag in $(echo "$pypy_tags" | tail -n 1); do
	serve gc_resource,gc_resource_released none
	expect_held "gc_resource none: 1 2 5 20 0 18 0, at most 25
gc_resource_released none: 0 0 0 0 0 0 0, at most 1"
	serve gc_resource oob:1,rss-collect:32M
	expect_held "gc_resource none: 1 2 5 20 0 18 0, at most 25
gc_resource oob:1: 0 0 0 0 0 0 0, at most 1
gc_resource rss-collect:32M: 1 0 1 0 0 0 0, at most 2"
	serve gc_resource,gc_resource_pressure pressure
	echo "$got" | awk '/pressure/ && $NF > 1 && $NF < 13 { n++ }
		END { exit n != 3 }' || fail "$tag, under pressure: $got"
done
expect_no_processes
finish
