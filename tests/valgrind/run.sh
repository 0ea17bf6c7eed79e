#!/bin/sh
# run.sh TESTS/MEMCHECK/NAME.vg - runs one test of make check-valgrind.
#
# NAME is
#   TAG-TEST        a test of the matrix (run-matrix.sh), each object a block of
#                   memcheck's malloc
#   TAG-TEST-own    what of it is about the interpreter's own allocators, with these
#   TAG-faults      deliberate faults: they must be found
#   TAG-instructions  callgrind's counts (bench/instructions.sh)
#   unit-NAME       tests/unit/test_NAME
#   harness-run     harness run --quick and what reads its results; interpreters are
#                   not watched
# Automake's environment gives top_srcdir and top_builddir; $VALGRIND is the program.
# Exit status: 0 passed, 77 skipped, else failed.
name=$(basename "$1" .vg)
tag=${name%%-*}
test=${name#*-}
here=$top_srcdir/tests/valgrind
MEMCHECK_TOOLS=$top_builddir/tests/memcheck/lib
MEMCHECK_OUT=$top_builddir/tests/memcheck/$name.out
MEMCHECK_HEAP=malloc
MEMCHECK_PRELOAD=kernel
MEMCHECK_OPTIONS=
export VALGRIND MEMCHECK_TOOLS MEMCHECK_OUT MEMCHECK_HEAP MEMCHECK_PRELOAD \
	MEMCHECK_OPTIONS
unset PYTHONPATH PYTHONHOME PYTHONMALLOC PYTHON_GIL

skip() {
	echo "skipped: $*"
	exit 77
}

fail() {
	echo "failed: $*"
	exit 1
}

# The sources whose leaks are ours, where an interpreter's are around.
ours='(strategies|tests/conformance)/[a-z_]+[.]c:|tests/valgrind/faulty[.]c:'

# Judges what the processes have left; $1 is whose leaks count, as errors.awk has it.
judge() {
	awk -v ours="$1" -f "$here/errors.awk" "$MEMCHECK_OUT"/*.log
}

# Whether process $1 has made each of the errors like $2... in $MEMCHECK_OUT/judged.
has_errors() {
	pid=$1
	shift
	for kind; do
		grep -q "^$pid: $kind" "$MEMCHECK_OUT/judged" ||
			fail "no '$kind' was found in process $pid, which has made one"
	done
}

# Finds the faults of faults.py, and none where there are none.
find_faults() {
	"$here/memcheck.sh" "$python" -B "$here/faults.py" "$EXTDIR/$tag" ||
		fail "faults.py"
	judge "$ours" || fail "errors without a fault"
	rm -f "$MEMCHECK_OUT"/*
	case $MEMCHECK_HEAP in
	malloc)
		faults="read use lose"
		kinds="Invalid.read Conditional.jump .*definitely.lost"
		;;
	own)
		faults=use
		kinds=Conditional.jump
		;;
	esac
	# shellcheck disable=SC2086 # lists of words
	"$here/memcheck.sh" "$python" -B "$here/faults.py" "$EXTDIR/$tag" \
		$faults >"$MEMCHECK_OUT/pids" || fail "faults.py $faults"
	judge "$ours" >"$MEMCHECK_OUT/judged" &&
		fail "faults were not found"
	cat "$MEMCHECK_OUT/judged"
	while read -r _ pid; do
		# shellcheck disable=SC2086
		has_errors "$pid" $kinds
	done <"$MEMCHECK_OUT/pids"
	[ "$(wc -l <"$MEMCHECK_OUT/pids")" -eq 2 ] || fail "two processes, not these:
$(cat "$MEMCHECK_OUT/pids")"
}

# A run and what reads its results, all in one folder of their own.
run_harness() {
	db=$MEMCHECK_OUT/results.db
	for arguments in "run --quick --repeat=2 --strategy=freeze --python=$first" \
		"cell $first/none/w2/n50/c50/s2000/r1/x1/objectgraph" \
		"cell $first/freeze/w2/n50/c50/s500/r1/x1/finalizers" \
		"cell $first/freeze/w2/n50/c50/s500/r1/x1/fragmentation" \
		"list runs" "compare none freeze" "plan --memory=1G" \
		"export --format=tables --out=$MEMCHECK_OUT/tables" \
		"import $MEMCHECK_OUT/tables" "export --format=json" \
		"report --out=$MEMCHECK_OUT/report.html" doctor; do
		echo "harness $arguments"
		# shellcheck disable=SC2086 # a list of words
		PERMAFROST_DB=$db "$here/memcheck.sh" "$HARNESS" $arguments \
			>"$MEMCHECK_OUT/stdout" 2>"$MEMCHECK_OUT/stderr" </dev/null
		status=$?
		[ $status -eq 0 ] || {
			cat "$MEMCHECK_OUT/stderr"
			fail "exit code $status"
		}
	done
}

# The last line of the log is CPU time of all processes, user and system: what takes
# long is known by it on a busy host, too.
trap times EXIT
[ -n "$VALGRIND" ] || skip "needs valgrind (Debian: valgrind)"
rm -rf "$MEMCHECK_OUT"
mkdir -p "$MEMCHECK_OUT" || exit 99
case $test in
*-own)
	test=${test%-own}
	MEMCHECK_HEAP=own
	MEMCHECK_PRELOAD="kernel blocks"
	;;
esac

pythons=
first=
python=
while read -r key _ value; do
	case $key in
	TAGS) first=${value%% *} ;;
	"PYTHON_$tag") python=$value ;;
	esac
	case $key in
	PYTHON_*) pythons=$pythons${pythons:+,}$value,$(readlink -f "$value") ;;
	esac
done <"$top_builddir/pythons.mk"

case $tag in
unit)
	# Blocks of their own are what test_adopt adopts.
	[ "$test" != adopt ] || {
		MEMCHECK_HEAP=own
		MEMCHECK_PRELOAD="kernel blocks"
		MEMCHECK_OPTIONS=--suppressions=$here/reshare.supp
	}
	timeout 1800 "$here/memcheck.sh" "$top_builddir/tests/unit/test_$test"
	status=$?
	judge ""
	judged=$?
	;;
harness)
	[ -n "$first" ] || skip "needs an interpreter"
	MEMCHECK_OPTIONS="--trace-children-skip=$pythons,*/gnuplot*"
	run_harness
	judge ""
	exit
	;;
*)
	[ -n "$python" ] || fail "pythons.mk has no interpreter $tag"
	# What valgrind cannot run at all: make check-valgrind has tried.
	why=$top_builddir/tests/memcheck/$tag.cannot
	[ ! -s "$why" ] || skip "$(cat "$why")"
	case $tag,$MEMCHECK_HEAP in
	cp2.7.*,malloc | cp3.[45].*,malloc | cp3.11.*,malloc)
		MEMCHECK_PRELOAD="$MEMCHECK_PRELOAD pyobject"
		;;
	esac
	[ ! -r "$here/$test.supp" ] ||
		MEMCHECK_OPTIONS=--suppressions=$here/$test.supp
	case $test in
	faults)
		find_faults
		exit
		;;
	instructions)
		"$top_srcdir/bench/instructions.sh" "$tag" "$python" \
			"$EXTDIR/$tag" check
		exit
		;;
	esac
	MATRIX_WRAPPER=$here/memcheck.sh MATRIX_LIMIT=1800 \
		"$top_srcdir/tests/run-matrix.sh" "tests/matrix/$tag-$test.pf"
	status=$?
	[ $status -ne 77 ] || exit 77
	judge "$ours"
	judged=$?
	;;
esac
[ $judged -eq 0 ] || fail "memcheck has found errors, or has not run"
[ $status -eq 0 ] || fail "exit status $status; the test itself failed"
