# check-numbers.awk - finds numbers that somebody has typed into the paper.
#
#     awk -f check-numbers.awk FILE.tex...
#
# Prints FILE:LINE: what is wrong, and ends with exit code 1 if there is any.  In
# the text no digit may stand and no word for a number but "one", "first" and
# "second", except in the arguments of the macros below: those name facts, which
# the data decide, or versions, years and addresses.  style.tex may hold lengths and
# LaTeX's parameters; constants.tex definitions, each with its reason behind it.
# Files that `make paper` makes are not to be given.
BEGIN {
	named = "fact|claim|saved|ratios|means|percents|verdict|cite|ref|label"
	named = named "|input|rows|url|made|bibitem"
	words = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
	words = words "|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen"
	words = words "|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty"
	words = words "|ninety|hundreds?|thousands?|millions?|billions?|dozens?"
	words = words "|half|halves|halved?|halving|thirds?|quarters?|fifths?"
	words = words "|tenths?|twice|thrice|doubl(e|es|ed|ing)|tripl(e|es|ed)"
	words = words "|percent|[a-z]+fold|zeros?"
	split("py=^[23][.][0-9]+([.][0-9]+)?$ linux=^[0-9]+[.][0-9]+$" \
		" pep=^[0-9]+$ bibyear=^(19|20)[0-9][0-9]$" \
		" bibpages=^[0-9]+--[0-9]+$", list, " ")
	for (i in list) {
		at = index(list[i], "=")
		form[substr(list[i], 1, at - 1)] = substr(list[i], at + 1)
	}
}

function wrong(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what
	bad = 1
}

# Takes \NAME{ARGUMENT} out of the line for each NAME of `form`; an argument that
# is not of its form stays, and is found.
function versions(line,	name, rest, argument) {
	for (name in form) {
		rest = ""
		while (match(line, "\\\\" name "[{][^{}]*[}]")) {
			argument = substr(line, RSTART + length(name) + 2,
				RLENGTH - length(name) - 3)
			rest = rest substr(line, 1, RSTART - 1)
			if (argument !~ form[name] && argument != "")
				rest = rest " " argument
			line = substr(line, RSTART + RLENGTH)
		}
		line = rest line
	}
	return line
}

{
	text = $0
	reason = ""
	# A comment begins at a % that is not \%.
	if (match(text, /(^|[^\\])%/)) {
		at = RSTART + RLENGTH - 1
		reason = substr(text, at + 1)
		text = substr(text, 1, at - 1)
	}
}

FILENAME ~ /(^|\/)constants[.]tex$/ {
	if (text !~ /^(\\newcommand[{]\\[a-z]+[}][{].*[}])?$/)
		wrong("only \\newcommand{\\name}{value}% reason may stand here")
	else if (text != "" && reason !~ /[a-zA-Z].*[a-zA-Z]/)
		wrong("a constant needs its reason behind it")
	next
}

FILENAME ~ /(^|\/)style[.]tex$/ {
	gsub(/#+[0-9]/, "", text)
	gsub(/\[[0-9]\]/, "", text)
	gsub(/[0-9.]+(pt|em|ex|cm|mm|\\linewidth|\\textheight)/, "", text)
	gsub(/fraction[}][{][.][0-9]+[}]/, "", text)
	if (text ~ /multicolumn[{]1[}]/)
		sub(/[{]1[}]/, "", text)
	if (match(text, /[0-9]+/))
		wrong("'" substr(text, RSTART, RLENGTH) \
			"' is neither a length nor a parameter")
	next
}

{
	text = versions(text)
	gsub("\\\\(" named ")[{][^{}]*[}]", "", text)
	gsub(/\\iffact[{][^{}]*[}]/, "", text)
	gsub(/\\multicolumn[{][0-9][}]/, "", text)
	gsub(/~|\\,|---?/, " ", text)
	if (match(text, /[0-9][0-9.,]*/))
		wrong("'" substr(text, RSTART, RLENGTH) "' is typed in; use a " \
			"\\fact, or a constant with its reason")
	lower = " " tolower(text) " "
	# Names of strategies are no numbers.
	gsub(/\\stack[{][^{}]*[}]/, "", lower)
	gsub(/\\[a-z]+/, " ", lower)
	if (match(lower, "[^a-z](" words ")[^a-z]"))
		wrong("'" substr(lower, RSTART + 1, RLENGTH - 2) \
			"' is a number in words; use a \\fact, or a constant")
}

END {
	exit bad
}
