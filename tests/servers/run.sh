#!/bin/sh
# harness run --server: real cells on a real gunicorn and a real uWSGI, under requests
# from a real generator; what goes wrong there is one reason, and leaves nothing behind.
# shellcheck disable=SC2086 # $small is a list of options
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
mkdir "$tmp/site" && cd "$tmp/site" || exit 99
cat >tiny.py <<'END'
import os
import signal
import sys

loaded_by = os.getpid()
heap = [{"n": [n], "name": str(n)} for n in range(20000)]
served = []


def application(environ, start_response):
    path = environ["PATH_INFO"]
    late = os.getpid() != loaded_by and len(served) > 20
    served.append(path)
    seen = environ.get("HTTP_COOKIE", "seen=0")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    # What is asked for comes in the order of the file, in each process.
    wanted = {"/": (b"", "seen=0"), "/second": (b"a=1", "seen=1")}
    if path in wanted and wanted[path] != (body, seen):
        raise ValueError("%s came with %r and %s" % (path, body, seen))
    if path == "/who" and os.getpid() != loaded_by:
        # The server's own environ; nothing of the generator's request.
        if "REMOTE_ADDR" not in environ or "HTTP_USER_AGENT" in environ:
            raise ValueError("%r" % sorted(environ))
        if os.environ["WANTED"] not in str(sorted(environ)).lower():
            raise ValueError("%r" % sorted(environ))
    if late and path == "/late":
        raise KeyError("late")
    if late and path == "/die":
        os._exit(3)
    if late and path == "/master":
        os.kill(os.getppid(), signal.SIGKILL)
    if path == "/noise":
        sys.stderr.write("noise " * 2000 + "\n")
    status = "404 Not Found" if path == "/none" else "200 OK"
    write = start_response(status, [
        ("Set-Cookie", "seen=%d" % (int(seen[5:]) + 1)), ("Content-Length", "2")])
    if path == "/none":
        write(b"ok")
        return []
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else b"ok"]
END
printf '%s\n' 'GET /' 'POST /second a=1' 'GET /none -> 404' 'HEAD /head' 'GET /who' \
	'GET /noise' >urls
small="--workers=3 --requests=24 --scale=1"

# What is refused before anything runs, whether there are servers or not.
# expect_refused PATTERN OPTION...
expect_refused() {
	pattern=$1
	shift
	harness run --python="$tag" --db="$tmp/none.db" "$@"
	expect_usage "$pattern"
	expect_no_file "$tmp/none.db"
}
expect_refused "takes builtin, gunicorn or uwsgi, not 'apache'" --server=apache
expect_refused 'objectgraph is no WSGI application' --server=gunicorn \
	--workload=objectgraph
expect_refused 'objectgraph is no WSGI application' --workload=objectgraph@uwsgi
expect_refused "unknown server 'apache'" --workload=webapp@apache
expect_refused "unknown server ''" --workload=webapp@
expect_refused "'webapp@uwsgi' has its server; leave --server out" \
	--server=gunicorn --workload=webapp@uwsgi
expect_refused 'not the file ./tiny.py' --server=gunicorn --workload=./tiny.py
harness run --server=builtin --dry-run --python="$tag" $small --baseline=freeze
expect_status 0
expect_line out '/objectgraph$'

harness list workloads --format=json
expect_json "$tmp/out" '[w["name"] for w in d["workloads"] if w["wsgi"]] ==
	["webapp", "wsgi:MODULE:APP"]'

# find_server NAME: sets `tag` and `python` to an interpreter that can have it.
find_server() {
	for tag in $tags; do
		python=$(executable_of "$tag")
		harness run --server="$1" --dry-run --format=cells --python="$tag" \
			--baseline=freeze $small
		expect_status 0
		grep -q '"status":"pending"' "$tmp/out" && return
		ask "$tmp/out" 'd["reason"]'
	done
	return 1
}

# expect_cell PATTERN LINE: an application that is asked for this fails so.
expect_cell() {
	printf '%s\n' "$2" >"$tmp/site/bad"
	harness run --server="$server" --workload=wsgi:tiny --urls=bad \
		--python="$tag" --baseline=freeze --db="$tmp/bad.db" --workers=3 \
		--requests=50 --scale=1
	expect_status 3
	expect_line err "^harness: failed: .*$1"
	expect_no_processes
}

# A generator that answers when it is looked for, and dies at work.
mkdir "$tmp/dying"
printf '#!/bin/sh\n[ $# -eq 0 ] || kill -9 $$\n' >"$tmp/dying/hey"
chmod +x "$tmp/dying/hey"

tried=
for server in gunicorn uwsgi; do
	find_server $server || {
		echo "$server was not tried"
		continue
	}
	tried="$tried $server"
	WANTED=$server
	export WANTED

	# Both ways of passing requests on; the strategy is in force, and what is
	# measured is whole.
	harness run --server=$server --workload=webapp,wsgi:tiny --urls=urls \
		--python="$tag" --strategy=freeze,freeze+reshare:every=5:grow=0:cpu=100% \
		$small --db="$tmp/$server.db" --format=json
	expect_status 0
	expect_nothing err
	expect_metrics "$tmp/out"
	expect_same "outcomes on $server" "freeze ok $server
freeze ok $server
freeze+reshare:every=5:grow=0:cpu=100% ok $server
freeze+reshare:every=5:grow=0:cpu=100% ok $server
none ok $server
none ok $server" "$(ask "$tmp/out" 'sorted("%s %s %s" % (c["strategy"], c["status"],
	c["server"]) for c in d["cells"])')"
	expect_same "workloads on $server" "webapp@$server
wsgi:tiny:application@$server/$tmp/site/$tmp/site/urls" \
		"$(ask "$tmp/out" 'sorted(set(c["workload"] for c in d["cells"]))')"
	# 3 workers have served 72 requests together, each with its own latency.
	expect_json "$tmp/out" 'all(c["lost_samples"] == 0 and
		sum(n for _, n in c["latencies"]) == 72 and c["throughput_rps"] > 0 and
		c["methods"]["server"].startswith("'$server' ") and
		c["methods"]["requests_least"] <= 24 <= c["methods"]["requests_most"] and
		c["methods"]["requests_most"] <= 72 and
		[p["requests"] for p in c["curve"]] ==
			[0, 1, 2, 5, 10, 12, 15, 18, 20, 21, 24] and
		c["curve"][0]["gc_collections"][2] <= 1 and
		c["curve"][5]["gc_collections"][2] > c["curve"][0]["gc_collections"][2] and
		c["exit_faults"] is None and c["worker_private_kib"] > 0
		for c in d["cells"])'
	expect_json "$tmp/out" 'all((c["reshare_passes"] or 0) > 2
		for c in d["cells"] if "reshare" in c["strategy"])'
	# A full collection copies a heap that is not frozen, in those workers at least
	# that serve after half of the requests.
	expect_json "$tmp/out" 'all(max(a["per_worker"]["worker_cow_pages"]) <
		0.7 * max(b["per_worker"]["worker_cow_pages"])
		for a in d["cells"] for b in d["cells"] if a["workload"] == b["workload"]
		and a["workload"].startswith("wsgi")
		and a["strategy"] == "freeze" and b["strategy"] == "none")'
	expect_json "$tmp/out" 'all(c["cgroup_kib"] is None or
		abs(c["total_kib"] / c["cgroup_kib"] - 1) < 0.1 for c in d["cells"])'
	expect_no_processes

	# The key is all that a cell needs; the same commands read the results.
	key=$(ask "$tmp/out" 'd["cells"][0]["key"]')
	harness cell "$key"
	expect_status 0
	expect_json "$tmp/out" "d['status'] == 'ok' and d['server'] == '$server'"
	harness compare none freeze --workload=webapp@$server --db="$tmp/$server.db" \
		--format=json
	expect_status 0
	harness plan --memory=16G --workload=webapp@$server --db="$tmp/$server.db" \
		--format=json
	expect_status 0
	expect_json "$tmp/out" "d['plans'][0]['workload'] == 'webapp@$server'"
	harness plot --db="$tmp/$server.db" --figure=memory --format=tsv --out="$tmp/tsv"
	if [ -n "$PARALLEL_PROGRAM" ]; then
		harness run --server=$server --workload=wsgi:tiny --urls=urls --jobs=2 \
			--python="$tag" $small --db="$tmp/jobs.db" --format=json
		expect_status 0
		expect_json "$tmp/out" "[c['status'] for c in d['cells']] == ['ok'] * 2"
	fi

	expect_cell 'warm raised RequestFailed: GET /second (line 1) raised ValueError' \
		'GET /second'
	expect_cell 'worker [123]: request [0-9]* raised .*KeyError: .late' 'GET /late'
	expect_cell "worker [123] ended after [0-9]* requests; $server puts another" \
		'GET /die'
	expect_cell 'the template was killed by signal 9' 'GET /master'
	path=$PATH
	PATH=$tmp/dying:$PATH
	expect_cell 'hey was killed by signal 9 (Killed) and has told nothing' 'GET /'
	PATH=$path
done

# Who has not the server, or not the generator.
mkdir "$tmp/bin"
for each in $tags; do
	harness run --server=uwsgi --dry-run --format=cells --python="$each" \
		--baseline=freeze $small
	expect_status 0
	grep -q '"status":"pending"' "$tmp/out" && continue
	expect_json "$tmp/out" 'd["status"] == "unsupported" and
		("uwsgi" in d["reason"] or "hey" in d["reason"])'
	break
done
for name in env grep timeout; do
	ln -s "$(command -v $name)" "$tmp/bin"
done
path=$PATH
PATH=$tmp/bin
harness run --server=gunicorn --python="$tag" --baseline=freeze $small \
	--db="$tmp/nohey.db"
PATH=$path
expect_status 4
expect_match out 'unsupported: .*hey cannot be run'
[ -n "$tried" ] || {
	[ "$failures" -eq 0 ] || finish
	skip "no interpreter has a server (Debian: gunicorn, uwsgi-plugin-python3, hey)"
}
expect_no_processes
finish
