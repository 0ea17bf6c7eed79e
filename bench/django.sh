#!/bin/sh
# django.sh HARNESS DIR TAG PYTHON EXT_DIR - what stacks save of Django under gunicorn:
# the shop of tests/servers/django, preloaded, asked for a few pages in turn by hey.
# Each server is looked at from outside (`harness observe`) as the load ends, and again
# when it has been idle.  Ratios are to plain preloading in the same run; stacks take
# turns.  Results and logs are kept in DIR.  Settings come from the environment, or are
# those below:
#   BENCH_DJANGO_STACKS     a space between two; none is preloading alone
#   BENCH_DJANGO_SETTINGS   shop.settings, shop.large (a larger project)
#   BENCH_DJANGO_WORKERS BENCH_DJANGO_REQUESTS (in all) BENCH_DJANGO_REPEAT
#   BENCH_DJANGO_IDLE       seconds; 0: do not look again
#   BENCH_REHEARSALS        requests that every template serves itself; by default as
#                           many as its stack says
harness=$1 dir=$2 tag=$3 python=$4 ext=$5
: "${BENCH_DJANGO_STACKS:=none freeze freeze+reshare refork:100+seal+reshare}"
: "${BENCH_DJANGO_SETTINGS:=shop.settings shop.large}"
: "${BENCH_DJANGO_WORKERS:=8}" "${BENCH_DJANGO_REQUESTS:=5000}"
: "${BENCH_DJANGO_REPEAT:=2}" "${BENCH_DJANGO_IDLE:=25}"
BENCH_PATHS='/ /product/7/ /api/product/8 /admin/login/'
# Of each page; hey makes a multiple of its clients.
each=$((BENCH_DJANGO_REQUESTS / 4 / BENCH_DJANGO_WORKERS * BENCH_DJANGO_WORKERS))
here=$(cd "$(dirname "$0")" && pwd)
export BENCH_PATHS PYTHONDONTWRITEBYTECODE=1

for module in django gunicorn; do
	"$python" -B -c "import $module" 2>/dev/null && continue
	echo "bench-django: $tag has no $module" >&2
	exit 0
done
if ! command -v hey >/dev/null; then
	echo "bench-django: there is no hey (Debian: hey)" >&2
	exit 0
fi
mkdir -p "$dir" || exit
dir=$(cd "$dir" && pwd)
rm -f "$dir"/*

free_port() {
	"$python" -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start STACK SETTINGS: a server, $master, that answers at $url.
start() {
	url=127.0.0.1:$(free_port)
	config=
	[ "$1" = none ] || config=--config=python:permafrost.gunicorn
	rm -f "$dir/shop.sqlite"
	# Idle workers wake up each half of the timeout.
	env PERMAFROST_STRATEGY="$1" DJANGO_SETTINGS_MODULE="$2" \
		SHOP_DATABASE="$dir/shop.sqlite" \
		PYTHONPATH="$here:$here/../tests/servers/django:$ext" \
		"$python" -B -m gunicorn $config --preload --timeout=10 \
		--workers="$BENCH_DJANGO_WORKERS" --bind="$url" \
		django_app:application >"$dir/log" 2>&1 &
	master=$!
	tries=0
	until hey -n 1 -c 1 -host shop.example "http://$url/" 2>/dev/null |
		grep -q '\[200\]'; do
		tries=$((tries + 1))
		if [ $tries -gt 300 ] || ! kill -0 "$master" 2>/dev/null; then
			echo "bench-django: $1 does not answer, see $dir/log" >&2
			kill "$master" 2>/dev/null
			exit 1
		fi
		sleep 0.2
	done
}

# load: prints the seconds it took and the number of answers with 200.
load() {
	for path in $BENCH_PATHS; do
		hey -n $each -c "$BENCH_DJANGO_WORKERS" \
			-host shop.example "http://$url$path"
	done | awk '$1 == "Total:" { s += $2 } $1 == "[200]" { n += $2 }
		END { print s, n + 0 }'
}

# cpu: prints the seconds of CPU time that the server has taken.
cpu() {
	for pid in "$master" $(cat "/proc/$master/task/$master/children"); do
		sed 's/.*) //' "/proc/$pid/stat"
	done | awk -v hz="$(getconf CLK_TCK)" '{ s += $12 + $13 }
		END { print s / hz }'
}

# look: prints the total, MiB.
look() {
	"$harness" observe --pid="$master" --once --interval=1 --format=json |
		"$python" -c 'import json, sys
print(json.load(sys.stdin)["total_kib"] / 1024.0)'
}

master=
trap '[ -z "$master" ] || kill "$master"' EXIT
trap 'exit 1' INT TERM
turn=0
while [ $turn -lt "$BENCH_DJANGO_REPEAT" ]; do
	turn=$((turn + 1))
	for settings in $BENCH_DJANGO_SETTINGS; do
		for stack in $BENCH_DJANGO_STACKS; do
			start "$stack" "$settings"
			before=$(cpu)
			taken=$(load)
			after=$(cpu)
			total=$(look)
			idle=-
			if [ "$BENCH_DJANGO_IDLE" -gt 0 ]; then
				sleep "$BENCH_DJANGO_IDLE"
				idle=$(look)
			fi
			kill "$master"
			wait "$master"
			master=
			grep 'permafrost: .* is off' "$dir/log" >&2
			printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
				"$settings" "$stack" "${taken% *}" "${taken#* }" \
				"$total" "$idle" "$before" "$after" \
				>>"$dir/results.tsv"
		done
	done
done
printf '%s, Django under gunicorn, %s workers, %s requests; ratios to the first stack\n' \
	"$tag" "$BENCH_DJANGO_WORKERS" $((each * 4))
awk -F '\t' -f "$here/django.awk" wanted=$((each * 4)) \
	"$dir/results.tsv"
