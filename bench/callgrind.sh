#!/bin/sh
# callgrind.sh ARGUMENT... - stands in for an interpreter: runs $OBSERVER_PYTHON
# with the arguments under callgrind.  Each process leaves $OBSERVER_OUT/PID when
# it ends, and this first one its PID in $OBSERVER_OUT/first, since exec keeps it.
echo $$ >"$OBSERVER_OUT/first" &&
exec valgrind --tool=callgrind -q --callgrind-out-file="$OBSERVER_OUT/%p" \
	"$OBSERVER_PYTHON" "$@"
