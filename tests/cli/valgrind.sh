#!/bin/sh
# How make check-valgrind judges: what memcheck has reported of made-up processes, and
# counts of made-up calls.  Needs no valgrind.
. "$top_srcdir/tests/cli/lib.sh"

# judge OURS FILE: what errors.awk says of the file, in $tmp/out, and $status.
judge() {
	last="errors.awk of $*"
	awk -v ours="$1" -f "$top_srcdir/tests/valgrind/errors.awk" \
		"$tmp/$2" >"$tmp/out" 2>"$tmp/err"
	status=$?
	expect_nothing err
}

# report PID: the log of a process, with what is on stdin.
report() {
	{
		printf 'Memcheck, a memory error detector\nParent PID: 1\n\n'
		cat
		printf '\nERROR SUMMARY: 1 errors from 1 contexts\n'
	} | sed "s/^/==$1== /; s/ \$//" >"$tmp/$1"
}

report 11 <<'END'
Invalid read of size 8
   at 0x4C2FB0F: gc_list_size (/usr/src/Modules/gcmodule.c:12)
   by 0x4C2FB0F: main (in /usr/bin/python3)
END
judge strategies/ 11
expect_status 1
expect_match out '^11: Invalid read of size 8$'
expect_match out '^    gc_list_size (/usr/src/Modules/gcmodule.c:12)$'
expect_match out '^1 processes, of which 0 .*; 1 errors, 0 leaks of others$'

report 12 <<'END'
7 bytes in 1 blocks are definitely lost in loss record 1 of 2
   at 0x4C2FB0F: malloc (in /usr/lib/vgpreload_memcheck-amd64-linux.so)
   by 0x4C2FB0F: before_fork (/home/x/strategies/freeze.c:7)

LEAK SUMMARY:
   definitely lost: 7 bytes in 1 blocks
END
judge strategies/ 12
expect_status 1
expect_match out '^12: 7 bytes .* definitely lost'
expect_match out '; 1 errors, 0 leaks of others$'
judge others/ 12
expect_status 0
expect_match out '; 0 errors, 1 leaks of others$'
judge "" 12
expect_status 1

# Only the first stack says whose it is.
report 13 <<'END'
7 bytes in 1 blocks are definitely lost in loss record 1 of 2
   at 0x4C2FB0F: malloc (in /usr/lib/vgpreload_memcheck-amd64-linux.so)
 Something of the address
   at 0x4C2FB0F: before_fork (/home/x/strategies/freeze.c:7)
END
judge strategies/ 13
expect_status 0

report 14 <<'END'
Process terminating with default action of signal 11 (SIGSEGV)
 Access not within mapped region at address 0x0
   at 0x4C2FB0F: f (/home/x/strategies/freeze.c:7)

Process terminating with default action of signal 15 (SIGTERM)
   at 0x4C2FB0F: f (/home/x/strategies/freeze.c:7)

Warning: set address range perms: large range
END
judge strategies/ 14
expect_status 1
expect_match out '; 1 errors, 0 leaks of others$'

# What was killed has made its errors all the same, the last one, too.
report 15 <<'END'
Conditional jump or move depends on uninitialised value(s)
   at 0x4C2FB0F: f (/usr/src/f.c:7)
END
sed -i '/f.c:7/q' "$tmp/15"
judge strategies/ 15
expect_status 1
expect_match out '^15: Conditional jump'
expect_match out '^1 processes, of which 1 were killed'

last="errors.awk of nothing"
awk -f "$top_srcdir/tests/valgrind/errors.awk" /dev/null >"$tmp/out"
status=$?
expect_status 2

# check LINE...: what instructions.awk says of them.
check() {
	last="instructions.awk"
	printf '%s\n' "$@" | awk -v tag="$tag" -v check=1 \
		-f "$top_srcdir/bench/instructions.awk" >"$tmp/out"
	status=$?
}
tag=cp9.9.9
check "freeze freeze 1000 345" "freeze count 1000 4100" \
	"freeze freeze 2000 345" "freeze count 2000 8100" \
	"freeze freeze 4000 350" "freeze count 4000 16100"
expect_status 0
expect_match out '^instructions cp9.9.9, freeze freeze: 345 at 1000 objects, 350 at 4000; 0.00 per object$'
expect_match out 'freeze count: 4100 at 1000 objects, 16100 at 4000; 4.00 per object$'
check "a freeze 1000 345" "a freeze 2000 345" "a freeze 4000 385"
expect_status 1
expect_match out 'depends on the number of objects$'
check "a count 1000 4100" "a count 2000 8100" "a count 4000 17100"
expect_status 1
expect_match out 'not linear$'
check "a count 1000 9100" "a count 2000 18100" "a count 4000 36100"
expect_status 1
expect_match out 'more than 8 per object$'
check "a count 1000 100" "a count 2000 100" "a count 4000 100"
expect_status 1
expect_match out 'it has not counted them$'
check "a freeze 1000 345" "a freeze 4000 345"
expect_status 1
check "a freeze 1000 "
expect_status 1
tag=cp3.14.2
check "a freeze 1000 3000" "a freeze 2000 6000" "a freeze 4000 12000"
expect_status 0

finish
