# lib.sh - what the checks of our sources share; they source it first.
# shellcheck shell=sh
cd "$top_builddir" || exit 99
jobs=$(nproc 2>/dev/null || echo 1)

skip() {
	echo "skipped: $*"
	exit 77
}

# need PROGRAM NAME MAJOR: ends the test unless it is there.  What another version
# finds, nobody has looked at yet: it runs when it is asked for alone.
need() {
	[ -n "$1" ] || skip "$2 is missing (Debian: $2)"
	version=$("$1" --version | sed -n 's/.*[vV]ersion:* *\([0-9][0-9.]*\).*/\1/p;
		s/^Cppcheck \([0-9.]*\).*/\1/p' | head -n 1)
	case $version in
	"$3" | "$3".*) ;;
	*)
		[ -n "$STATIC_ANY_VERSION" ] ||
			skip "$2 is $version and not $3; make check-static runs it all the same"
		;;
	esac
}

# Prints the names of C files that are ours to check, of which all but bugs on
# purpose are; `extensions` and `harness` are compiled with different flags.
extensions() {
	ls "$top_srcdir"/strategies/*.c "$top_srcdir"/tests/conformance/*.c \
		"$top_srcdir"/bench/timecalls.c "$top_srcdir"/bench/countcalls.c
}

harness() {
	ls "$top_srcdir"/harness/*.c "$top_srcdir"/strategies/pypy/*.c \
		"$top_srcdir"/tests/unit/*.c \
		"$top_srcdir"/tests/fuzz/*.c "$top_srcdir"/bench/sampling.c \
		"$top_srcdir"/bench/scale.c "$top_srcdir"/tests/faults/*.c \
		"$top_srcdir"/tests/valgrind/blocks.c \
		"$top_srcdir"/tests/valgrind/kernel.c "$top_srcdir"/tests/valgrind/pyobject.c
}

# Prints the folders of flags of interpreters.
interpreters() {
	for flags in tests/static/*/compile_flags.txt; do
		case $flags in
		*/harness/*) ;;
		*) dirname "$flags" ;;
		esac
	done
}
