# errors.awk FILE.log... - judges what memcheck has found, a file for each process.
# (Its XML would be easier to read, but up to 3.25 forked processes write it into the
# file of the first one.)
#
#   ours=REGEX   of leaks only those count in whose stack is a source file like that;
#                without, all do
#
# Of errors other than leaks all count, wherever they show, and so do signals that end
# a process by its own fault.  Prints `PID: what` for each, with the stack when it is
# new, then a summary.  Exit status: 0 none, 1 some, 2 no process has left a report.

function end_of_error(	is_leak)
{
	is_leak = what ~ / (definitely|indirectly|possibly) lost in loss record /
	if (frames == 0 || what ~ /^Process terminating/ &&
	    what !~ /SIGSEGV|SIGBUS|SIGILL|SIGFPE|SIGABRT/) {
	} else if (is_leak && ours != "" && !is_ours) {
		others++
	} else {
		errors++
		print pid ": " what
		if (seen[stacks]++ == 0)
			printf "%s", stacks
	}
	what = stacks = ""
	is_ours = frames = about = 0
}

function end_of_process()
{
	if (what != "")
		end_of_error()
	if (pid != "" && !is_complete)
		incomplete++
	is_complete = 0
}

FNR == 1 {
	end_of_process()
	processes++
}
/^--[0-9]+-- WARNING: unhandled/ && seen[substr($0, 1 + index($0, " "))]++ == 0 {
	print
}
!/^==[0-9]+==/ { next }
{
	pid = substr($1, 3, length($1) - 4)
	line = $0
	sub(/^==[0-9]+== ?/, "", line)
}
line == "" {
	end_of_error()
	next
}
line ~ /^ERROR SUMMARY/ { is_complete = 1 }
what == "" {
	what = line
	next
}
line ~ /^ +(at|by) 0x/ {
	if (!about && ours != "" && line ~ ours)
		is_ours = 1
	frames++
	sub(/^ +(at|by) 0x[0-9A-F]+: /, "    ", line)
	stacks = stacks line "\n"
	next
}
{	# what the address belongs to, and where that was made
	about = frames > 0
	stacks = stacks "  " line "\n"
}
END {
	end_of_process()
	printf "%d processes, of which %d were killed or ran something else; " \
		"%d errors, %d leaks of others\n", processes, incomplete, errors, others
	exit processes == 0 ? 2 : errors > 0
}
