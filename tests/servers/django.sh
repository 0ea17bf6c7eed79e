#!/bin/sh
# The Django project beside this as a user's own application: with the Django that an
# interpreter has, and where it has none with one that pip brings into the build tree,
# if it can: 1.11 up to 3.7, a newer one from 3.8 on.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
project=$top_srcdir/tests/servers/django
store=$top_builddir/tests/django
cd "$project" || exit 99
# Where databases go; that of a template which fails is left.
TMPDIR=$tmp
export TMPDIR

# has_django PYTHON
has_django() {
	"$1" -B -c 'import django' 2>/dev/null
}

# bring_django TAG PYTHON: sets PYTHONPATH, or prints why that cannot be.
bring_django() {
	wanted=$("$2" -B -c 'import sys
print("Django==1.11.*" if sys.version_info < (3, 8) else "Django<6")')
	if [ ! -e "$store/$1/done" ]; then
		rm -rf "$store/${1:?}"
		mkdir -p "$store/$1"
		if ! timeout 120 "$2" -m pip install --retries 0 --timeout 10 \
			--disable-pip-version-check --target "$store/$1" "$wanted" \
			>"$tmp/pip" 2>&1; then
			echo "$1: skipped, pip cannot install $wanted:" \
				"$(grep -v '^[A-Z]*:* *DEPR' "$tmp/pip" | tail -n 1)"
			return 1
		fi
		: >"$store/$1/done"
	fi
	PYTHONPATH=$store/$1
	export PYTHONPATH
}

# try_django TAG PAGE ANSWER: each worker makes two passes; then it meets the page,
# whose answer is a failure.
try_django() {
	harness run --workload=wsgi:shop.wsgi --urls=requests.txt --python="$1" \
		--strategy=freeze+reshare --baseline=none --scale=1 --workers=2 \
		--requests=30 --db="$tmp/$1.db" --format=json
	expect_status 0
	expect_nothing err
	expect_same "cells of $1" "ok 30
ok 30" "$(ask "$tmp/out" '["%s %s" % (c["status"], c["requests"])
	for c in d["cells"]]')"
	expect_no_file "$tmp"/permafrost-shop.*
	printf 'Host: shop.example\nGET /\nGET /%s/\n' "$2" >"$tmp/urls"
	harness run --workload=wsgi:shop.wsgi --urls="$tmp/urls" --python="$1" \
		--baseline=freeze --scale=1 --workers=2 --requests=30 \
		--db="$tmp/$1.db"
	expect_status 3
	expect_line err "warm raised RequestFailed: GET /$2/ (line 3) answered $3"
	rm -rf "$tmp"/permafrost-shop.*
	tried="$tried $1"
}

tried=
# The ends of the matrix, 3.6, and who has Django already.
for tag in $tags; do
	python=$(executable_of "$tag")
	unset PYTHONPATH
	if ! has_django "$python"; then
		echo "$tags" | sed -n '1p;$p;/^cp3\.6\./p' | grep -qxF "$tag" ||
			continue
		bring_django "$tag" "$python" || continue
	fi
	try_django "$tag" broken '500 Internal Server Error'
done
[ -n "$tried" ] || skip "no interpreter has Django (Debian: python3-django)"
expect_no_processes
finish
