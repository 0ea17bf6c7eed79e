#!/bin/sh
# harness.sh - the harness of a build with sanitizers, for tests/cli: gives the
# interpreters that it starts the runtime that our extensions need.  Leaks count in
# the harness alone (harness.options, which the runtime reads by the name of the
# program): what interpreters or gnuplot never free is not ours.
: "${top_builddir:?}"
here=$(cd "$(dirname "$0")" && pwd)
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0:handle_segv=0:handle_sigbus=0:include_if_exists=$here/%b.options
export ASAN_OPTIONS
[ -z "$SANITIZER_RUNTIME" ] ||
	exec env LD_PRELOAD="$SANITIZER_RUNTIME" "$top_builddir/harness/harness" "$@"
exec "$top_builddir/harness/harness" "$@"
