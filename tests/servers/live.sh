# live.sh - what the tests of real servers share, behind ../cli/lib.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # variables of lib.sh

# need_module NAME PACKAGE: sets `tag` and `python` to an interpreter that can
# import it.  Skips the test if there is none.
need_module() {
	for tag in $tags; do
		python=$(executable_of "$tag")
		"$python" -B -c "import sys, $1
sys.exit(sys.version_info < (3, 7))" 2>/dev/null && return
	done
	skip "no interpreter of the matrix from 3.7 on has $1 (Debian: $2)"
}

# run_live SCRIPT OPTION...: ends the test.
run_live() {
	script=$1
	shift
	PERMAFROST_TEST=$tmp timeout 600 "$python" -B \
		"$top_srcdir/tests/servers/$script" \
		"$top_builddir/ext/$tag" "$tmp" "$@"
	status=$?
	last=$script
	expect_status 0
	expect_no_processes
	finish
}
