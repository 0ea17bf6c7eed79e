#!/bin/sh
# harness.sh - the harness of a build with sanitizers, for tests/cli: gives the
# interpreters that it starts the runtime that our extensions need.  Leaks count in
# the harness alone (harness.options, which the runtime reads by the name of the
# program): what interpreters or gnuplot never free is not ours.  Tests start it with
# a PATH that has no programs, so that it uses none.
: "${top_builddir:?}"
here=${0%/*}
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0:handle_segv=0:handle_sigbus=0:include_if_exists=$here/%b.options
export ASAN_OPTIONS
if [ -n "$SANITIZER_RUNTIME" ]; then
	LD_PRELOAD=$SANITIZER_RUNTIME
	export LD_PRELOAD
fi
exec "$top_builddir/harness/harness" "$@"
