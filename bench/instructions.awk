# instructions.awk - table of `SUBJECT CALL OBJECTS INSTRUCTIONS` lines, sizes of the
# heap in ascending order.
#
#   tag=TAG    the interpreter
#   check=...  not empty: exit status 1 unless freeze and unfreeze take no instruction
#              more per object (but where a collector has no lists), and count takes
#              the same per object between any two sizes within 2 %, and at most
#              CEILING: a look at a header is 4 or 5, by any compiler that optimises.
#              FLAT is far below 1 and above what differs between two runs of the same:
#              CPython's cache of attributes goes by addresses, which was worth 190 of
#              the 6,700 instructions of a freeze that first finds the lists.
# Absolute numbers depend on the interpreter's build and the compiler, so nothing is
# compared with those of other hosts.
BEGIN {
	TOLERANCE = 0.02
	CEILING = 8
	FLAT = 0.01
	has_lists = tag !~ /t$/ && tag !~ /^cp3\.14\.[0-4]$/
}

function far(a, b)
{
	return a - b > TOLERANCE * b || b - a > TOLERANCE * b
}

NF != 4 || $4 !~ /^[1-9][0-9]*$/ {
	print "instructions " tag ": not counted: " $0
	failed = 1
	next
}
{
	key = $1 " " $2
	if (!(key in n))
		keys[++n_keys] = key
	n[key]++
	objects[key, n[key]] = $3
	counted[key, n[key]] = $4
}
END {
	for (k = 1; k <= n_keys; k++) {
		key = keys[k]
		last = n[key]
		more = objects[key, last] - objects[key, 1]
		slope = more > 0 ? \
			(counted[key, last] - counted[key, 1]) / more : 0
		line = sprintf("instructions %s, %s: %d at %d objects, %d at %d; " \
			"%.2f per object", tag, key, counted[key, 1],
			objects[key, 1], counted[key, last],
			objects[key, last], slope)
		why = ""
		if (last < 3 || more <= 0)
			why = "not at three sizes"
		else if (key ~ /freeze$/ && has_lists &&
			 (slope > FLAT || slope < -FLAT))
			why = "depends on the number of objects"
		else if (key ~ / count$/) {
			for (i = 2; i <= last; i++) {
				part = (counted[key, i] - counted[key, i - 1]) / \
					(objects[key, i] - objects[key, i - 1])
				if (far(part, slope))
					why = "not linear"
			}
			if (slope > CEILING)
				why = "more than " CEILING " per object"
			else if (slope < 1)
				why = "it has not counted them"
		}
		print line (why == "" ? "" : ": NOT AS IT MUST BE: " why)
		if (why != "")
			failed = 1
	}
	exit check != "" && failed
}
