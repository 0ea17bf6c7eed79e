#!/bin/sh
# check.sh KIND - builds everything with sanitizers and runs our tests with them.
#
# KIND is address (which includes undefined), undefined (for what address cannot
# run, see exceptions.txt) or thread (for the one program with threads).  `make
# check-sanitizers` gives CC, MAKE, PYTHONS (paths, by commas) and TESTS (empty:
# all that KIND can run) in the environment and starts this in the build tree.
#
# A finding ends the program that has it with a report; any report is a failure,
# whatever the test thought of that end.  First, bugs on purpose must be found.
# Exit status: 0 passed, 77 skipped, else failed.
here=$(cd "$(dirname "$0")" && pwd) || exit 99
source=$(dirname "$(dirname "$here")")
kind=$1
arithmetic="overflow shift unaligned conversion"
case $kind in
address)
	sanitizers=address,undefined,float-cast-overflow
	bugs="heap-overflow heap-reuse stack-overflow $arithmetic"
	;;
undefined)
	sanitizers=undefined,float-cast-overflow
	bugs=$arithmetic
	;;
thread)
	sanitizers=thread
	bugs=
	PYTHONS=
	;;
*)
	echo "usage: check.sh address|undefined|thread" >&2
	exit 2
	;;
esac
# The tests of the command line that heed neither time, nor how a program died,
# nor how much memory the cells took.
quick="canonical compare figures help json paper report usage"
# How UndefinedBehaviorSanitizer, which writes to stderr beside the other one,
# begins its reports.
undefined='^[^ ]*:[0-9]*:[0-9]*: runtime error: '
build=$(pwd)/sanitizers/$kind
reports=$build/reports
bad=0

say() {
	echo "check-sanitizers: $kind: $*"
}

fail() {
	say "FAIL: $*"
	bad=1
}

skip() {
	say "skipped: $*"
	exit 77
}

# Programs write what they find into $reports.
clean_reports() {
	rm -rf "$reports"
	mkdir -p "$reports"
}

# seen BUG PROGRAM ARG...: the program does not get away with it.
seen() {
	name=$1
	shift
	clean_reports
	"$@" >"$build/bug.out" 2>&1
	status=$?
	[ $status -ne 0 ] || fail "nobody saw the bug $name in: $*"
	[ -n "$(ls "$reports")" ] || grep -q "$undefined" "$build/bug.out" || {
		cat "$build/bug.out"
		fail "no report (status $status) of the bug $name in: $*"
	}
}

# Prints the names in `make print-tests` as `make check TESTS=` wants them, less
# exceptions.
tests() {
	"$MAKE" -s --no-print-directory print-tests | while IFS= read -r name; do
		case $(excepted "$name") in
		'') wanted=address ;;
		address) wanted=undefined ;;
		*) wanted=none ;;
		esac
		[ $wanted = "$kind" ] || continue
		case $name in
		tests/matrix/*) echo "$name.pf" ;;
		tests/cli/*)
			case " $quick " in
			*" ${name#tests/cli/} "*) echo "$name.sh" ;;
			esac
			;;
		tests/unit/*) echo "$name" ;;
		tests/fuzz/*) echo "$name.fuzz" ;;
		esac
	done
}

# Prints the kind of exceptions.txt that names $1, if one does.
excepted() {
	while read -r what pattern reason; do
		# shellcheck disable=SC2254 # a pattern it is
		case $1 in $pattern)
			echo "$what"
			return
			;;
		esac
	done <<-END
	$exceptions
	END
}

exceptions=$(grep -v -e '^#' -e '^$' "$here/exceptions.txt")
echo "$exceptions" | awk 'NF < 3 { print "no reason: " $0; bad = 1 } END { exit bad }' || {
	fail "exceptions.txt"
	exit 1
}
mkdir -p "$build" || exit 99
echo 'int main(void) { return 0; }' >"$build/try.c"
# shellcheck disable=SC2086 # CC may have options
$CC "-fsanitize=$sanitizers" -o "$build/try" "$build/try.c" \
	2>"$build/try.err" && "$build/try" ||
	skip "$CC -fsanitize=$sanitizers makes no program that runs"
runtime=
if [ "$kind" = address ]; then
	# shellcheck disable=SC2086
	case $($CC --version) in
	*clang*) skip "interpreters need gcc's runtime; configure with CC=gcc" ;;
	esac
	# shellcheck disable=SC2086
	runtime=$($CC -print-file-name=libasan.so)
	[ -e "$runtime" ] || skip "$CC has no libasan.so for interpreters to load"
fi

cd "$build" || exit 99
options="--enable-sanitizers=$sanitizers --enable-debug --enable-werror --with-pythons=$PYTHONS"
if [ "$options" != "$(cat options 2>/dev/null)" ] || [ ! -e Makefile ]; then
	# shellcheck disable=SC2086 # a list of words; paths have no spaces
	"$source/configure" --quiet CC="$CC" $options >configure.out 2>&1 || {
		tail -n 5 configure.out
		fail "configure failed, see $build/config.log"
		exit 1
	}
	echo "$options" >options
fi

ASAN_OPTIONS=log_path=$reports/asan:detect_stack_use_after_return=1
UBSAN_OPTIONS=log_path=$reports/ubsan:print_stacktrace=1
TSAN_OPTIONS=log_path=$reports/tsan
export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS
SANITIZER_RUNTIME=$runtime
MATRIX_LIMIT=${MATRIX_LIMIT:-600}	# seconds: all of it is slower
MATRIX_ENV=
if [ -n "$runtime" ]; then
	# Leaks are the interpreter's; a test may ask for too much memory, or
	# make a worker die of a signal, or drop 40 MiB and see that they go.
	MATRIX_ENV="LD_PRELOAD=$runtime PYTHONMALLOC=malloc ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0:allocator_may_return_null=1:handle_segv=0:handle_sigbus=0:handle_abort=0:quarantine_size_mb=16"
fi
export SANITIZER_RUNTIME MATRIX_ENV MATRIX_LIMIT
# The tests of this build are none of the make that called us.
unset TEST_LOGS VERBOSE
TESTS_ASKED=$TESTS
unset TESTS

if [ "$kind" = thread ]; then
	"$MAKE" --no-print-directory bench/sampling tests/sanitizers/bugs >make.out || exit
	# Its runtime finds no room in all address spaces that are random.
	fixed=
	setarch -R true 2>/dev/null && fixed="setarch -R"
	# shellcheck disable=SC2086 # a list of words
	seen race $fixed tests/sanitizers/bugs race
	clean_reports
	printf 'threads 4\nthreads 4\n' |
		$fixed bench/sampling $$ $$ $$ $$ $$ >sampling.out 2>&1
	[ "$(grep -c '^[0-9]' sampling.out)" -eq 2 ] || {
		cat sampling.out
		fail "bench/sampling has not done its work"
	}
else
	modules=$(sed -n 's,^PYTHON_\([^ ]*\) =.*,ext/\1/tests/bugsmodule.so,p' pythons.mk)
	# shellcheck disable=SC2086
	"$MAKE" --no-print-directory tests/sanitizers/bugs $modules >make.out || exit
	for bug in $bugs; do
		seen "$bug" tests/sanitizers/bugs "$bug"
	done
	[ "$kind" != address ] || seen leak tests/sanitizers/bugs leak
	for module in $modules; do
		tag=${module#ext/}
		python=$(sed -n "s/^PYTHON_${tag%%/*} = //p" pythons.mk)
		for bug in $bugs; do
			# shellcheck disable=SC2086
			seen "$bug" env $MATRIX_ENV PYTHONPATH="${module%/*}" \
				"$python" -B -c "import bugsmodule
bugsmodule.commit('$bug')"
		done
	done
	clean_reports
	"$MAKE" --no-print-directory check TESTS="${TESTS_ASKED:-$(tests | tr '\n' ' ')}" \
		TESTS_ENVIRONMENT="HARNESS='$here/harness.sh'" >check.out 2>&1 || {
		grep -E '^(FAIL|ERROR|XPASS)|\*\*\*' check.out
		fail "tests failed, see $build/*.log"
	}
	grep -q '^# TOTAL: *[1-9]' check.out || fail "no test was run"
	grep -r --include='*.log' "$undefined" tests &&
		fail "reports in the logs of tests, see $build/tests"
	grep -E '^# (TOTAL|PASS|SKIP|FAIL|ERROR):' check.out | tr '\n' ' '
	echo
fi
for report in "$reports"/*; do
	[ -e "$report" ] || continue
	head -n 40 "$report"
	fail "a report: $report"
done
[ $bad -ne 0 ] || say "passed"
exit $bad
