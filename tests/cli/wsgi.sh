#!/bin/sh
# A user's own WSGI application, --workload=wsgi:MODULE:APP --urls=FILE: found from
# the folder one is in, by a key from anywhere; with a virtual environment; what is
# wrong with it is told, before anything runs where that is possible.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
# A few passes over the requests, in a fraction of a second.
small="--scale=2 --workers=2 --requests=12"

mkdir "$tmp/site" "$tmp/elsewhere"
cd "$tmp/site" || exit 99
cat >tiny.py <<'END'
import os

served = []


def application(environ, start_response):
    """Tells what it was asked for; /fail, /raise and /once do not last long."""
    path = environ["PATH_INFO"]
    # A page for each visitor that has asked for the one before.
    number = int(environ.get("HTTP_COOKIE", "seen=0").split("=")[1])
    served.append(path)
    if path == "/raise":
        raise ValueError(u"caf\xe9")
    if path == "/exit":
        raise SystemExit(4)
    status = {"/fail": "503 Later", "/none": "404 Not Found"}.get(path, "200 OK")
    if path == "/second" and number != 1 or os.getcwd() != os.path.dirname(
            os.path.abspath(__file__)):
        status = "500 Out of order"
    start_response(status, [("Set-Cookie", "seen=%d" % (number + 1))])
    return [path.encode("latin-1")]


def factory():
    return application


text = "no application"
END
printf 'GET /\n# a comment\nPOST /second a=1\nGET /none -> 404\n' >urls

# Each end of the matrix, one right after the other; the name holds all paths.
name=wsgi:tiny:application/$tmp/site/$tmp/site/urls
for each in $(echo "$tags" | sed -n '1p;$p' | uniq); do
	# shellcheck disable=SC2086 # a list of options
	harness run --workload=wsgi:tiny --urls=urls --python="$each" $small \
		--db="$tmp/$each.db" --format=json
	expect_status 0
	expect_nothing err
	expect_same "outcomes of $each" "freeze ok
none ok" "$(ask "$tmp/out" 'sorted("%s %s" % (c["strategy"], c["status"])
	for c in d["cells"])')"
	expect_same "name in $each" "$name" "$(ask "$tmp/out" 'd["cells"][0]["workload"]')"
	expect_metrics "$tmp/out"
	key=$(ask "$tmp/out" 'd["cells"][0]["key"]')
done

# The key is all that a cell needs, wherever it runs.
cd "$tmp/elsewhere" || exit 99
harness cell "$key"
expect_status 0
expect_json "$tmp/out" "d['status'] == 'ok' and d['requests'] == 12"
expect_json "$tmp/out" "d['workload'] == '$name'"
# So is the name, for commands and for other hosts.
harness run --workload="$name" --python="$tag" --dry-run --baseline=freeze
expect_status 0
expect_line out "/wsgi%3Atiny%3Aapplication/$tmp/site/$tmp/site/urls\$"
harness report --workload="$name" --db="$tmp/$tag.db" --out="$tmp/report.html"
expect_status 0
harness compare none freeze --workload="$name" --db="$tmp/$tag.db"
expect_status 0
cd "$tmp/site" || exit 99

# expect_cell PATTERN NAME REQUEST...: with this file the cell fails with the reason.
expect_cell() {
	pattern=$1
	app=$2
	shift 2
	printf '%s\n' "$@" >"$tmp/site/urls"
	# shellcheck disable=SC2086 # a list of options
	harness run --workload="wsgi:$app" --urls=urls --python="$tag" $small \
		--baseline=freeze --db="$tmp/cell.db" --format=json
	expect_status 3
	expect_line err "^harness: failed: .*$pattern"
	expect_no_processes
}
expect_cell 'warm raised .*No module named' nosuch 'GET /'
expect_cell 'warm raised ImportError: tiny has no nosuch' tiny:nosuch 'GET /'
expect_cell 'raised TypeError: tiny:text is no application' tiny:text 'GET /'
expect_cell 'GET /raise (line 2) raised ValueError: caf' tiny 'GET /' 'GET /raise'
expect_cell 'GET /fail (line 1) answered 503 Later' tiny 'GET /fail'
expect_cell 'GET /none?a (line 1) answered 404 Not Found' tiny 'GET /none?a'
expect_cell 'GET / (line 3) answered 200 OK, not 302' tiny '# one' '' 'GET / -> 302'
expect_cell 'GET /second (line 1) answered 500' tiny 'GET /second'
expect_cell 'warm called sys.exit(4)' tiny 'GET /exit'

# expect_refused PATTERN OPTION...: before anything runs, and stores nothing.
expect_refused() {
	pattern=$1
	shift
	harness run --python="$tag" --db="$tmp/none.db" "$@"
	expect_status 2
	expect_nothing out
	expect_line err "^harness: $pattern"
	expect_no_file "$tmp/none.db"
}
for app in wsgi: wsgi:: wsgi:tiny: wsgi:a-b 'wsgi:tiny:x(1)' wsgi:a..b wsgi:/x \
	'wsgi:$(touch x):y' wsgi:tiny:a:b wsgi:tiny/x; do
	expect_refused "'wsgi:.*is no application; .*say wsgi:MODULE:APP" \
		--workload="$app"
done
expect_refused "unknown workload 'wsgi'.*wsgi:MODULE:APP" --workload=wsgi
expect_refused '--urls needs --workload=wsgi:' --urls=urls
expect_refused 'cannot read --urls=nosuch: No such file' --workload=wsgi:tiny \
	--urls=nosuch
expect_refused '.*/site is no file' --workload=wsgi:tiny --urls=.
expect_refused '.*leave --urls out' --workload="$name" --urls=urls
expect_refused 'cannot find .*/nosuch: ' "--workload=wsgi:tiny:application/$tmp/nosuch"
ln -s site "$tmp/link"
expect_refused '.*/link is a link to .*/site' \
	"--workload=wsgi:tiny:application/$tmp/link"
printf 'GET /\n\nGET / it\n' >urls
expect_refused '--urls: .*/urls: line 3: GET has no body' --workload=wsgi:tiny \
	--urls=urls
: >urls
expect_refused '--urls: .*/urls: it has no request' --workload=wsgi:tiny --urls=urls

# Files of any name; without --urls it is GET /.
hostile=$(printf '%s/a b"$(touch x)`\047{}%%;\\\303\251:c' "$tmp")
mkdir "$hostile"
cp tiny.py "$hostile"
printf 'GET /\n' >"$hostile/url s?;&"
cd "$hostile" || exit 99
for option in '' '--urls=url s?;&'; do
	# shellcheck disable=SC2086 # lists of options
	harness run --workload="wsgi:tiny:factory()" ${option:+"$option"} $small \
		--python="$tag" --baseline=freeze --db="$tmp/hostile.db" --format=json
	expect_status 0
	expect_nothing err
	expect_no_file x
	harness cell "$(ask "$tmp/out" 'd["cells"][0]["key"]')"
	expect_status 0
	[ -n "$PARALLEL_PROGRAM" ] || continue
	# shellcheck disable=SC2086 # lists of options
	harness run --workload="wsgi:tiny:factory()" ${option:+"$option"} $small \
		--python="$tag" --db="$tmp/parallel.db" --jobs=2
	expect_status 0
	expect_no_file x
done
for bad in "$tmp/a,b" "$tmp/$(printf 'a\377')"; do
	mkdir "$bad"
	cd "$bad" || exit 99
	expect_refused '.*comma or is not UTF-8' --workload=wsgi:tiny
done

# What only a virtual environment has, found by its own interpreter.
cd "$tmp/site" || exit 99
printf 'import only_there\n\n\ndef application(environ, start_response):\n    %s\n' \
	"return only_there.application(environ, start_response)" >user.py
for each in $tags; do
	env -u PYTHONPATH timeout 60 "$(executable_of "$each")" -B -m venv --without-pip \
		"$tmp/venv" >/dev/null 2>&1 && break
	rm -rf "$tmp/venv"
done
if [ -d "$tmp/venv" ]; then
	cp tiny.py "$(echo "$tmp"/venv/lib/python3*/site-packages)/only_there.py"
	sed -i 's/os.getcwd() != /False and /' \
		"$tmp"/venv/lib/python3*/site-packages/only_there.py
	# shellcheck disable=SC2086 # a list of options
	harness run --workload=wsgi:user --python="$tmp/venv/bin/python" $small \
		--baseline=freeze --db="$tmp/venv.db" --format=json
	expect_status 0
	expect_json "$tmp/out" "[c['executable'] for c in d['cells']] ==
		['$tmp/venv/bin/python'] and d['cells'][0]['tag'] == '$each'"
	# shellcheck disable=SC2086 # a list of options
	harness run --workload=wsgi:user --python="$each" $small \
		--baseline=freeze --db="$tmp/venv.db"
	expect_status 3
	expect_match err 'No module named.*only_there'
else
	echo "no interpreter makes virtual environments (Debian: python3-venv)"
fi

# --quick means another scale for other workloads; no million of passes here.
harness run --workload=wsgi:tiny --quick --dry-run --python="$tag"
expect_match out '/w2/n200/c100/s10/'
harness list workloads
expect_match out '^wsgi:MODULE:APP  *10 '

expect_no_processes
finish
