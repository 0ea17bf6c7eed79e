#!/bin/sh
# Every command explains itself, and refuses what it does not know.
. "$top_srcdir/tests/cli/lib.sh"

harness --help
expect_status 0
expect_nothing err
expect_match out '^Usage: harness COMMAND'
commands=$(sed -n 's/^  \([a-z][a-z]*\)  *[a-z].*/\1/p' "$tmp/out")
for command in run list compare export cell; do
	echo "$commands" | grep -qx $command ||
		fail "--help does not name $command"
done
cp "$tmp/out" "$tmp/help"
for word in -h help; do
	harness $word
	expect_status 0
	cmp -s "$tmp/out" "$tmp/help" || fail "'$word' is not --help"
done

for command in $commands; do
	harness "$command" --help
	expect_status 0
	expect_nothing err
	expect_match out "^Usage: harness $command"
	expect_match out '^  -?, --help '
	harness "$command" --usage
	expect_status 0
	expect_nothing err
	harness "$command" --version
	expect_status 0
	expect_nothing err
	expect_line out '^permafrost [0-9]'
	harness "$command" --no-such-option
	expect_usage "--no-such-option"
	harness "$command" --format
	expect_status 2
	expect_nothing out
done

harness --version
expect_status 0
expect_nothing err
expect_line out '^permafrost [0-9]'

harness
expect_usage "which command? Try 'harness --help'"
harness rum
expect_usage "unknown command 'rum', did you mean 'run'?"
harness quite-another
expect_usage "unknown command 'quite-another'"
harness ''
expect_usage "unknown command ''"
harness --no-such-option
expect_usage "unknown command '--no-such-option'"
harness list
expect_usage "list what?"
harness list cheese
expect_usage "cannot list 'cheese'"
harness list runs metrics
expect_usage "one thing at a time"

# Output that got lost is a fault.
full() {
	last="harness $* >/dev/full"
	: >"$tmp/out"
	"$HARNESS" "$@" >/dev/full 2>"$tmp/err"
	status=$?
	expect_status 1
	expect_line err 'cannot write to standard output: No space left'
}
full --help
full --version
full list metrics
full list metrics --format=json
for command in $commands; do
	full "$command" --help
	full "$command" --version
done
last="harness list metrics >&-"
"$HARNESS" list metrics >&- 2>"$tmp/err"
status=$?
expect_status 1
expect_line err 'cannot write to standard output'

expect_no_processes
finish
