#!/bin/sh
# No number in the paper is typed in: its text has none, what it names is made from
# a database and is what that says, and what the data lack or deny is not printed.
. "$(dirname "$0")/lib.sh"

paper=$top_srcdir/paper
last="awk -f paper/check-numbers.awk"
awk -f "$paper/check-numbers.awk" "$paper"/*.tex >"$tmp/out" 2>"$tmp/err" ||
	fail "numbers were typed into the paper: $(sed 1q "$tmp/out")"

# refused FILE LINE: the check finds something in a line that is appended.
refused() {
	cp "$paper/$1" "$tmp/$1" && printf '%s\n' "$2" >>"$tmp/$1"
	awk -f "$paper/check-numbers.awk" "$tmp/$1" >"$tmp/out" &&
		fail "in $1 this was not found: $2"
	grep -q "$1:[0-9]*: ." "$tmp/out" || fail "no place is told: $2"
}
accepted() {
	cp "$paper/$1" "$tmp/$1" && printf '%s\n' "$2" >>"$tmp/$1"
	awk -f "$paper/check-numbers.awk" "$tmp/$1" >"$tmp/out" ||
		fail "in $1 this was refused: $2"
}
refused results.tex 'Freezing saves 42\,\% of it.'
refused results.tex 'Freezing saves .5 of it.'
refused results.tex '$x=7$'
refused results.tex 'It saves \fact{saved/x/least} to 60\,\% of it.'
refused results.tex 'Pauses are twenty times shorter.'
refused results.tex 'Pauses fall tenfold.'
refused results.tex 'It takes half of that,'
refused results.tex 'It is less in two of the cases'
refused results.tex '\py{1995} MiB'
refused results.tex '\linux{300} MiB'
refused results.tex '\bibyear{1066} faults'
refused results.tex '\stack{freeze-gen:2}'
refused results.tex '\iffact{pythons}{On 9 interpreters}'
refused results.tex '\emph{of 50\%} % \fact{x}'
refused discussion.tex '\caption{With 8 workers.}'
refused references.tex 'It saved 31 of them.'
refused permafrost.tex '\def\x{12}'
refused style.tex '\newcommand{\saving}{42}'
refused constants.tex '\newcommand{\saving}{42\,\%}'
refused constants.tex 'Freezing saves 42.'
accepted results.tex '\means{faults/x/y} on \py{3.11.7} and \linux{6.7} (\pep{683})'
accepted results.tex 'One of the first % 42 in a comment'
accepted constants.tex '\newcommand{\saving}{42\,\%}% reported in [x]'

[ -n "$SQLITE" ] || { [ "$failures" -gt 0 ] || skip "sqlite3 is not installed"; finish; }
[ -n "$GNUPLOT" ] || { [ "$failures" -gt 0 ] || skip "gnuplot is not installed"; finish; }
need_interpreter
# shellcheck disable=SC2086 # a list of words
harness run $small --strategy=none,freeze --workload=objectgraph --repeat=4 \
	--python="$tag" --db="$tmp/small.db" --format=json
expect_status 0
cp "$tmp/out" "$tmp/run.json"
last="paper/numbers.sh"
HARNESS=$HARNESS SQLITE=$SQLITE timeout 120 "$paper/numbers.sh" \
	"$tmp/small.db" "$tmp/made" >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 0
expect_nothing err
facts=$tmp/made/facts.tex

# fact NAME: prints it.
fact() {
	sed -n "s,^.deffact{$1}{\\(.*\\)}\$,\\1,p" "$facts"
}
name=$(fact python/first)
expect_same "the number of cells" 8 "$(fact cells)"
expect_same "the number of repeats" 4 "$(fact repeats)"
expect_same "the number of workers" 2 "$(fact workers/objectgraph)"
for stack in none freeze; do
	wanted=$(ask "$tmp/run.json" "'%.4f' % (sum(c['total_kib'] for c in
		d['cells'] if c['strategy'] == '$stack') / 4096.0)")
	got=$(fact "mean/total/objectgraph/$stack/$name")
	awk -v a="$wanted" -v b="$got" 'BEGIN {
		exit !(b > 0 && (a - b) ^ 2 <= (a * .005) ^ 2) }' ||
		fail "total of $stack is $wanted MiB, the paper says $got"
done
harness compare none freeze --db="$tmp/small.db" --format=json --metric=total_kib
wanted=$(ask "$tmp/out" "'%.2f' % d['blocks'][0]['metrics'][0]['ratio']")
expect_same "the ratio of totals" "$wanted" \
	"$(fact "ratio/total/objectgraph/none/freeze/$name")"
expect_same "a fact that is not in the data" "" \
	"$(fact "mean/total/objectgraph/freeze+reshare/$name")"
for file in table-memory.tex table-stacks.tex memory.pdf copies.pdf pauses.pdf; do
	[ -s "$tmp/made/$file" ] || fail "there is no $file"
done
grep -q 'defcheck{no-lost-samples}{1}' "$facts" || fail "no check of lost samples"
grep -q 'defcheck{reshare-' "$facts" &&
	fail "a check has an outcome without data"

# Cells of different sizes in a run are not mixed.
"$SQLITE" "$tmp/small.db" "UPDATE cells SET scale = 1 WHERE repeat = 1"
HARNESS=$HARNESS SQLITE=$SQLITE "$paper/numbers.sh" "$tmp/small.db" \
	"$tmp/mixed" >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 1
expect_line err "^make paper: run 1 has .* in several sizes"

[ -n "$PDFLATEX" ] || finish
# latex TEXT: sets $status and what LaTeX says, of a document of that text.
latex() {
	last="pdflatex: $1"
	cat >"$tmp/made/probe.tex" <<-END
		\\input{style}\\input{constants}\\input{facts}
		\\begin{document}$1\\end{document}
	END
	(cd "$tmp/made" && TEXINPUTS="$paper:" "$PDFLATEX" -halt-on-error \
		-interaction=nonstopmode probe) >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
}
latex '\fact{cells} \means{total/objectgraph/none}\iffact{none/such}{\fact{none/such}}'
expect_status 0
latex '\fact{none/such}'
expect_status 1
expect_match out "the data have no fact .none/such'"
latex '\claim{reshare-everywhere}'
expect_status 1
expect_match out "the data cannot tell whether .reshare-everywhere'"
echo '\defcheck{denied}{0}{water is dry}' >>"$facts"
latex '\claim{denied}'
expect_status 1
expect_match out "the data deny the claim .denied'"
finish
