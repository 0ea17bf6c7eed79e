#!/bin/sh
# gunicorn and uWSGI of this system, preloaded and under load, are understood: their
# workers, their interpreter, what their pages hold.
. "$top_srcdir/tests/cli/lib.sh"
python=$(command -v python3) || skip "there is no python3"
servers=$top_srcdir/tests/cli/servers
seen=0

# load PORT: 200 requests, as soon as somebody answers.
load() {
	"$python" -B - "$1" <<-'END'
	import sys, time
	try:
	    from urllib.request import urlopen
	except ImportError:
	    from urllib2 import urlopen
	for n in range(200):
	    for attempt in range(200):
	        try:
	            urlopen("http://127.0.0.1:%s/" % sys.argv[1]).read()
	            break
	        except IOError:
	            time.sleep(0.1)
	    else:
	        sys.exit("nobody answers")
	END
}

# A port that is free now.
free_port() {
	"$python" -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# watch NAME: the server $master, with 3 workers, is looked at under load.
watch() {
	load "$port" || {
		fail "$1 does not answer: $(tail -n 3 "$tmp/log")"
		return
	}
	harness observe --pid="$master" --once --interval=1 --format=json
	expect_status 0
	expect_nothing err
	expect_json "$tmp/out" 'len(d["workers"]) == 3'
	expect_json "$tmp/out" 'd["master"]["implementation"] == "CPython" and
		d["master"]["python"].startswith("3.")'
	expect_json "$tmp/out" 'sum(w["equal_pages"] for w in d["workers"]) > 300
		and all(w["cow_pages"] >= w["equal_pages"] >=
		w["reshareable_pages"] > 0 for w in d["workers"])'
	expect_json "$tmp/out" 'd["total_kib"] >
		d["saving"]["freeze_reshare"]["high_kib"] > 0 and
		d["saving"]["freeze_reshare"]["high_kib"] >=
		d["saving"]["freeze"]["high_kib"]'
	seen=$((seen + 1))
}

cd "$servers" || exit 99
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
if gunicorn=$(command -v /usr/bin/gunicorn || command -v gunicorn) &&
	"$gunicorn" --version >/dev/null 2>&1; then
	port=$(free_port)
	env PERMAFROST_TEST="$tmp" "$gunicorn" --preload --workers=3 \
		--bind="127.0.0.1:$port" app:application >"$tmp/log" 2>&1 &
	master=$!
	watch gunicorn
	kill -TERM "$master"
	wait "$master"
else
	echo "gunicorn is not installed (Debian: gunicorn)"
fi
if uwsgi=$(command -v /usr/bin/uwsgi || command -v uwsgi); then
	plugin=
	"$uwsgi" --plugin-list 2>&1 | grep -q python || plugin=--plugin=python3
	port=$(free_port)
	env PERMAFROST_TEST="$tmp" "$uwsgi" $plugin --master --processes=3 \
		--http-socket="127.0.0.1:$port" --module=app:application \
		--die-on-term >"$tmp/log" 2>&1 &
	master=$!
	watch uWSGI
	kill -TERM "$master"
	wait "$master"
else
	echo "uWSGI is not installed (Debian: uwsgi, uwsgi-plugin-python3)"
fi
expect_no_processes
[ "$failures" -gt 0 ] || [ "$seen" -gt 0 ] || skip "neither server is installed"
finish
