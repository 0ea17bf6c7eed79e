#!/bin/sh
# run.sh SRCDIR SECONDS TARGET... - fuzzes one target after the other, each for its
# part of the seconds, in the build tree.  A target ends at its first crash, the
# others go on.  Exit status: 0 nothing was found, 1 something was.
srcdir=$1
seconds=$2
shift 2
case $seconds in
'' | *[!0-9]*)
	echo "FUZZ_SECONDS is '$seconds', not a number of seconds" >&2
	exit 2
	;;
esac
each=$((seconds / $#))
[ "$each" -gt 0 ] || each=1
found=0

# Targets write files; memory is the place for them, if there is one.
base=${TMPDIR:-/tmp}
[ ! -w /dev/shm ] || base=/dev/shm
TMPDIR=$(mktemp -d "$base/permafrost-fuzz.XXXXXX") || exit 2
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' HUP INT TERM

mkdir -p fuzz/crashes || exit 2
for target; do
	mkdir -p "fuzz/corpus/$target"
	"fuzz/$target" -max_total_time="$each" -max_len=4096 -timeout=20 \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="fuzz/crashes/$target-" "fuzz/corpus/$target" \
		"$srcdir/tests/fuzz/corpus/$target" >"fuzz/$target.log" 2>&1
	status=$?
	awk -v target="$target" '
		/^stat::number_of_executed_units:/ { runs = $2 }
		/ cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
		END { printf "%-10s %9d inputs, %5d branches\n", target, runs, cov }
	' "fuzz/$target.log"
	[ $status -ne 0 ] || continue
	found=1
	input=$(sed -n 's/.*Test unit written to //p' "fuzz/$target.log")
	sed -n -e '/does not hold: /p' -e '/^SUMMARY: /p' -e '/runtime error: /p' \
		"fuzz/$target.log" | sed 's/^/  /'
	echo "  it ended with status $status; all of it: fuzz/$target.log"
	if [ -n "$input" ]; then
		echo "  again: fuzz/$target $input"
		echo "  smaller: fuzz/$target -minimize_crash=1 -runs=10000 $input"
		echo "  as a test: cp $input $srcdir/tests/fuzz/corpus/$target/crash-NAME"
	fi
done
exit $found
