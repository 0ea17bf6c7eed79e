# fill.awk - prints README.md with what it shows of a measurement filled in.
#
#     awk -v dir=results/example -f results/fill.awk README.md
#
# What stands between a line `<!-- begin FILE ... -->` and a line `<!-- end -->`
# is replaced by the lines of dir/FILE, indented as code.  Exit code 1, and the
# output is not to be used, unless both table.txt and command.txt are there.
function fill(file,	line, result) {
	print ""
	while ((result = (getline line < file)) > 0)
		print (line == "" ? "" : "    " line)
	close(file)
	print ""
	return result
}

/^<!-- begin / {
	print
	if (within || fill(dir "/" $3) < 0)
		bad = 1
	within = 1
	seen[$3]++
	next
}
/^<!-- end -->$/ {
	within = 0
}
!within {
	print
}
END {
	exit bad || within || seen["table.txt"] != 1 || seen["command.txt"] != 1
}
