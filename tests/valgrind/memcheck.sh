#!/bin/sh
# memcheck.sh PROGRAM ARGUMENT... - runs the program, all it forks and what it
# starts, under memcheck.
#
# Each process leaves MEMCHECK_OUT/PID.log, which errors.awk judges.  An exit code could
# not tell our leaks from the interpreter's, and that of a forked process may go
# nowhere; so it stays the program's.  MEMCHECK_HEAP says whose blocks there are:
#   malloc   each block is memcheck's: reads behind it, uses of what was never
#            written and leaks are seen.  Up to 3.5 and for 3.11, pyobject.c has a
#            hand in that.
#   own      objects lie in the interpreter's own pools and large blocks are mapped
#            (blocks.c), as strategies expect that look for such memory.
# MEMCHECK_TOOLS is the folder of the preloaded parts, MEMCHECK_PRELOAD their names;
# MEMCHECK_OPTIONS is more for valgrind.
here=$(cd "$(dirname "$0")" && pwd) || exit 99
set -- --suppressions="$here/interpreters.supp" "$@"
# shellcheck disable=SC2086 # a list of words
set -- $MEMCHECK_OPTIONS "$@"
case $MEMCHECK_HEAP in
malloc)
	PYTHONMALLOC=malloc
	export PYTHONMALLOC
	set -- --leak-check=full --show-leak-kinds=definite \
		--errors-for-leak-kinds=definite "$@"
	;;
own)
	set -- --leak-check=no --soname-synonyms=somalloc=nouserintercepts \
		--suppressions="$here/own.supp" "$@"
	;;
*)
	echo "memcheck.sh: MEMCHECK_HEAP is '$MEMCHECK_HEAP'" >&2
	exit 99
	;;
esac
preload=
for name in $MEMCHECK_PRELOAD; do
	preload=$preload${preload:+:}$MEMCHECK_TOOLS/$name.so
done
[ -z "$preload" ] || LD_PRELOAD=$preload
[ -z "$preload" ] || export LD_PRELOAD
# Stacks of blocks are kept from their making only, and no deeper than tells whose
# they are: both cost much time where each object is a block.
exec "$VALGRIND" --tool=memcheck --trace-children=yes --vgdb=no \
	--log-file="$MEMCHECK_OUT/%p.log" --fullpath-after= \
	--keep-stacktraces=alloc --num-callers=12 "$@"
