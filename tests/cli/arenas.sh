#!/bin/sh
# Which share of the allocator's arenas is in use: what the harness sees from
# outside is what the allocator says of itself, where it does
# (sys._debugmallocstats, 3.3 on); fragmentation leaves little, and most again
# when a strategy fills the holes of pools.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter

# fragmentation, and what the allocator says behind warm() and each request.
cat >"$tmp/told.py" <<'END'
import os, sys
SCALE = 2000
sys.path.insert(0, os.environ["WORKLOADS"])
import fragmentation

def tell(name):
    if not hasattr(sys, "_debugmallocstats"):
        return
    error, fd = os.dup(2), os.open(os.path.join(os.environ["TOLD"], name),
                                   os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(fd, 2)
    sys._debugmallocstats()
    os.dup2(error, 2)
    os.close(fd)
    os.close(error)

def warm(scale):
    state = fragmentation.warm(scale)
    tell("warm")
    return state

def request(state, n):
    fragmentation.request(state, n)
    tell("worker")
END
WORKLOADS=$top_srcdir/workloads TOLD=$tmp
export WORKLOADS TOLD

# told FILE: the share that the allocator has told of.
told() {
	[ -f "$tmp/$1" ] || return
	tr -d , <"$tmp/$1" | awk '/bytes in allocated blocks/ {
			used = $NF
		}
		/ arenas \* [0-9]+ bytes\/arena/ {
			all = $NF
		}
		END {
			print used / all
		}'
}

compared=0
for tag in $tags; do
	rm -f "$tmp/warm" "$tmp/worker"
	harness run --python="$tag" --workload="$tmp/told.py" --strategy=seal \
		--workers=1 --requests=20 --format=json --db="$tmp/told.db"
	expect_status 0
	expect_metrics "$tmp/out"
	values=$(ask "$tmp/out" '[repr(c[m + "_arena_share"])
		for s in ("none", "seal") for c in d["cells"]
		if c["strategy"] == s for m in ("warm", "template", "worker")]')
	case $tag in
	*t)	# without a GIL
		expect_same "$tag" "None None None None None None" \
			"$(echo "$values" | tr '\n' ' ' | sed 's/ $//')"
		continue
		;;
	esac
	# 3 to 4 MiB are the interpreter's own.
	echo "$values" | awk '
		NR <= 3 { few += $1 > 0.05 && $1 < 0.25 }
		NR == 4 { few += $1 > 0.05 && $1 < 0.25 }
		NR > 4 { full += $1 > 0.6 && $1 <= 1 }
		END { exit !(few == 4 && full == 2) }' ||
		fail "$tag: shares of none and seal: $(echo "$values" |
			tr '\n' ' ')"
	# The files are of the cell that ran last, so of a cell of its own.
	harness run --python="$tag" --workload="$tmp/told.py" --strategy=none \
		--workers=1 --requests=20 --format=json --db="$tmp/told.db"
	for at in warm worker; do
		own=$(told "$at")
		seen=$(ask "$tmp/out" "repr(d['cells'][0]['${at}_arena_share'])")
		[ -n "$own" ] || continue
		compared=$((compared + 1))
		echo "$own $seen" | awk '{ d = $1 - $2 }
			END { exit !(d < 0.001 && d > -0.001) }' ||
			fail "$tag: $at: the allocator tells $own, seen $seen"
	done
done
echo "compared with the allocator's own account: $compared times"

# Blocks of malloc() are in no arena.
PYTHONMALLOC=malloc
export PYTHONMALLOC
for tag in $(echo "$tags" | grep -v -e '^cp2' -e '^cp3\.[45]\.'); do
	harness run --python="$tag" --workload=fragmentation --strategy=none \
		--scale=100 --workers=1 --requests=1 --format=json \
		--db="$tmp/malloc.db"
	expect_status 0
	expect_metrics "$tmp/out"
	expect_json "$tmp/out" 'all(c[k] is None and
		"PYTHONMALLOC" in c["unavailable"][k] for c in d["cells"]
		for k in ("warm_arena_share", "worker_arena_share"))'
	break
done
expect_no_processes
finish
