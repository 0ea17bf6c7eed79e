# table.awk - the table of faults, out of the lines "# fault:", "# when:" and
# "# then:" of the tests that it is given; a line behind one of them that begins with
# "#     " goes on with it.  An incomplete row is an error.
#
#     awk -f table.awk tests/faults/*.sh tests/cli/*.sh
#
# This is the whole grammar, for both the table in README.md and its check.
function file_of(path) {
	sub(/.*\/tests\//, "tests/", path)
	sub(/^tests\/faults\//, "", path)
	return path
}

function flush_row() {
	if (fault == "" && when == "" && what == "")
		return
	if (fault == "" || when == "" || what == "") {
		print "table.awk: incomplete row in " file ": " fault \
			> "/dev/stderr"
		bad = 1
	}
	gsub(/\|/, "\\|", fault)
	gsub(/\|/, "\\|", what)
	print "| " fault " | " when " | " what " | " file_of(file) " |"
	fault = when = what = part = ""
}

BEGIN {
	print "| fault | when | what must hold | test |"
	print "| --- | --- | --- | --- |"
}
FNR == 1 {
	flush_row()
	file = FILENAME
	part = ""
}
/^[ \t]*# fault: / {
	flush_row()
	sub(/^[ \t]*# fault: */, "")
	fault = $0
	part = "fault"
	next
}
/^[ \t]*# when: / && part != "" {
	sub(/^[ \t]*# when: */, "")
	when = $0
	part = "when"
	next
}
/^[ \t]*# then: / && part != "" {
	sub(/^[ \t]*# then: */, "")
	what = $0
	part = "then"
	next
}
/^[ \t]*#     / && part != "" {
	sub(/^[ \t]*# */, "")
	if (part == "fault")
		fault = fault " " $0
	else if (part == "when")
		when = when " " $0
	else
		what = what " " $0
	next
}
part != "" {
	flush_row()
	part = ""
}
END {
	flush_row()
	exit bad
}
