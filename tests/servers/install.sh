#!/bin/sh
# `make install-python` and `pip install .` put a package into an interpreter
# that works there.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR PREFIX PYTHON

# run COMMAND...: like `harness`, for any command.
run() {
	last=$*
	timeout -s KILL 300 env PERMAFROST_TEST="$tmp" "$@" \
		>"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
}

# works FOLDER: the package in it is whole and in use after a fork.
works() {
	cp "$tmp/out" "$tmp/installed"
	run "$python" -B -c 'import sys; sys.path.insert(0, sys.argv[1])
import os, permafrost, gc_freeze
for module in permafrost, gc_freeze:
    assert module.__file__.startswith(sys.argv[1]), module.__file__
for name in sys.argv[2].split():
    permafrost.load(name.replace("_", "-"))
from permafrost import atfork
permafrost.install("freeze")
pid = os.fork()
if pid:
    sys.exit(os.waitpid(pid, 0)[1])
sys.stdout.write(str(permafrost.status()["on"]))
sys.stdout.flush()
os._exit(0)' "$1" "$strategies"
	expect_status 0
	expect_nothing err
	expect_same "a strategy of the package in $1" True "$(cat "$tmp/out")"
	for name in gunicorn uwsgi celery; do
		[ -s "$1/permafrost/$name.py" ] || fail "there is no $name.py"
	done
}

strategies=$(sed -n 's/^PERMAFROST_STRATEGY(\(.*\),.*/\1/p' \
	"$top_srcdir"/strategies/*.c | tr '\n' ' ')
make="make -s -C $top_builddir"

# Whoever does not say into which, or names one that was not built for.
run $make install-python
expect_match err 'say for which interpreter: PYTHON='
[ "$status" -ne 0 ] || fail "exit code 0"
run $make install-python PYTHON="$tmp/none"
expect_match err "$tmp/none does not run as a Python"
[ "$status" -ne 0 ] || fail "exit code 0"
printf '#!/bin/sh\necho implementation=cpython\necho version=3.99.1\necho flags=\n' \
	>"$tmp/other"
chmod +x "$tmp/other"
run $make install-python PYTHON="$tmp/other"
expect_match err "nothing is built for $tmp/other (cp3.99.1)"
[ "$status" -ne 0 ] || fail "exit code 0"
printf '#!/bin/sh\necho implementation=pypy\n' >"$tmp/other"
run $make install-python PYTHON="$tmp/other"
expect_match err "$tmp/other is no CPython"
[ "$status" -ne 0 ] || fail "exit code 0"

for tag in $(echo "$tags" | sed -n '1p;$p'); do
	python=$(executable_of "$tag")

	# Below a prefix, and where a package of it is made.
	run $make install-python PYTHON="$python" PREFIX="$tmp/$tag"
	expect_status 0
	expect_nothing err
	expect_line out "^installed for $tag into $tmp/$tag/lib"
	to=$(sed 's/.* into //' "$tmp/out")
	works "$to"
	[ -n "$(find "$to" -name 'serving*.pyc')" ] || fail "nothing was compiled"
	run $make uninstall-python PYTHON="$python" PREFIX="$tmp/$tag"
	expect_status 0
	expect_same "what uninstall-python leaves" "" "$(find "$to" -type f)"

	# Its own folder, below DESTDIR only.
	run $make install-python PYTHON="$python" DESTDIR="$tmp/dest-$tag"
	expect_status 0
	to=$(sed -n "s,.* into $tmp/dest-$tag,,p" "$tmp/out")
	run "$python" -c 'import sys; print(sys.argv[1] in sys.path)' "$to"
	expect_same "sys.path has $to" True "$(cat "$tmp/out")"
	works "$tmp/dest-$tag$to"
done

# pip, in a copy: it writes where it builds.
for tag in $tags; do
	python=$(executable_of "$tag")
	"$python" -B -c 'import pip, setuptools, sys
try:
    import wheel
except ImportError:
    version = [int(n) for n in pip.__version__.split(".")[:2]]
    sys.exit(version >= [23, 1])' 2>/dev/null && break
	python=
done
[ -n "$python" ] || {
	[ "$failures" -eq 0 ] || finish
	skip "pip was not tried: no interpreter has it, setuptools and wheel"
}
mkdir "$tmp/source"
(cd "$top_srcdir" && cp -R setup.py MANIFEST.in configure.ac LICENSE README.md \
	strategies "$tmp/source") && chmod -R u+w "$tmp/source"
run env CFLAGS=-O0 HOME="$tmp" PIP_DISABLE_PIP_VERSION_CHECK=1 \
	"$python" -m pip install --quiet --no-index --no-build-isolation \
	--no-cache-dir --target="$tmp/pip" "$tmp/source"
expect_status 0
works "$tmp/pip"
expect_same "the version" \
	"$(sed -n 's/^AC_INIT(\[permafrost\], \[\(.*\)\])/\1/p' \
		"$top_srcdir/configure.ac")" \
	"$(cat "$tmp"/pip/permafrost-*-info/METADATA \
		"$tmp"/pip/permafrost-*-info/PKG-INFO 2>/dev/null |
		sed -n 's/^Version: //p')"
finish
