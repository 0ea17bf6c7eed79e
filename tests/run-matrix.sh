#!/bin/sh
# run-matrix.sh TESTS/MATRIX/TAG-NAME.pf - runs one test of the matrix.
#
# The file is only a name.  NAME is a strategy, or gc_freeze, layout, events,
# workloads, calibrate, servers, upstream or upstream-all; TAG is an interpreter of
# pythons.mk.  Automake's environment gives top_srcdir and top_builddir.  If set,
# MATRIX_ENV is variables for the interpreter, as NAME=VALUE, MATRIX_WRAPPER a program
# to run it, MATRIX_LIMIT seconds for other than the usual limit.  Exit status: 0
# passed, 77 skipped, else failed.
name=$(basename "$1" .pf)
tag=${name%%-*}
name=${name#*-}
: "${top_srcdir:=$(cd "$(dirname "$0")/.." && pwd)}"
: "${top_builddir:=$(pwd)}"
: "${EXTDIR:=$top_builddir/ext}"
: "${HARNESS:=$top_builddir/harness/harness}"
PYTHONDONTWRITEBYTECODE=1
# What the user has set for other programs must not change what is tested.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONMALLOC PYTHON_GIL
# PyPy makes it as large as the processor's cache, and all its limits follow.
PYPY_GC_NURSERY=1M
export PYTHONDONTWRITEBYTECODE PYPY_GC_NURSERY EXTDIR top_srcdir top_builddir

# Ends the test without a verdict.
skip() {
	echo "skipped: $*"
	exit 77
}

[ -r "$top_builddir/pythons.mk" ] || {
	echo "$top_builddir/pythons.mk is missing; run configure" >&2
	exit 99
}
python=
while read -r key equals value; do
	[ "$key" = "PYTHON_$tag" ] && python=$value
done <"$top_builddir/pythons.mk"
[ -n "$python" ] || {
	echo "pythons.mk has no interpreter $tag" >&2
	exit 99
}
[ -x "$python" ] || skip "$python is gone; run configure again"

folder=$top_srcdir/tests/conformance
upstream=$top_srcdir/tests/upstream/upstream.py
limit=${MATRIX_LIMIT:-120}
case $name in
gc_freeze) set -- "$folder/gc_freeze_test.py" "$EXTDIR/$tag" ;;
layout) set -- "$folder/layout_test.py" "$EXTDIR/$tag" ;;
events)
	case $tag in
	pp*) set -- "$folder/pypy_probe.py" "$EXTDIR/$tag" ;;
	*) set -- "$folder/gcevents_test.py" "$EXTDIR/$tag" ;;
	esac
	;;
upstream) set -- "$upstream" "$EXTDIR/$tag" --short ;;
upstream-all)
	set -- "$upstream" "$EXTDIR/$tag"
	limit=3600
	;;
servers) set -- "$top_srcdir/tests/servers/hooks_test.py" "$EXTDIR/$tag" ;;
workloads) set -- "$top_srcdir/tests/test_workloads.py" ;;
calibrate)
	timeout 120 "$HARNESS" doctor --calibrate --python="$tag"
	exit
	;;
*) set -- "$folder/conformance.py" "$EXTDIR/$tag" "$name" ;;
esac
[ -r "$1" ] || {
	echo "$1 is missing" >&2
	exit 99
}
# shellcheck disable=SC2086 # lists of words
timeout "$limit" env $MATRIX_ENV $MATRIX_WRAPPER "$python" -B "$@" 2>&1
status=$?
[ $status -ne 124 ] || echo "failed: no end after $limit s"
exit $status
