#!/bin/sh
# numbers.sh - makes everything in the paper that was measured.
#
#     numbers.sh DATABASE OUT
#
# Writes into the folder OUT: facts.tex (one \deffact per number of
# queries/facts.sql and one \defcheck per claim of queries/checks.sql), a
# table-NAME.tex for each queries/table-NAME.sql, and NAME.pdf for each NAME of
# queries/figure-NAME[+NAME...].sql, which leaves in a copy of the database what
# these figures of `harness plot` are to show.  PAPER_RUN chooses another run than the newest,
# SQLITE another program than sqlite3; HARNESS is the program.  Intervals and
# verdicts are those of `harness compare`.
here=$(dirname "$0")
db=$1
out=$2
sqlite=${SQLITE:-sqlite3}

die() {
	echo "make paper: $*" >&2
	exit 1
}

[ $# -eq 2 ] || die "expected DATABASE OUT"
[ -r "$db" ] || die "there is no database $db"
mkdir -p "$out" || exit 1
work=$out/work.db
rm -f "$out"/*.db "$out"/*.json "$out"/*.tex "$out"/*.pdf

# Functions of sqlite3, some of which run programs, are for our queries alone, not
# for the schema of a database from elsewhere.
lite() {
	"$sqlite" -cmd 'PRAGMA trusted_schema = OFF' "$@"
}

# Runs SQL of stdin on the copy.
sql() {
	lite -bail -batch -list -separator '|' "$work" ||
		die "a query failed: $1"
}

lite "$db" ".backup '$work'" || die "cannot copy $db"
run=${PAPER_RUN:-$(lite "$work" "SELECT max(id) FROM runs")}
case $run in
'') die "$db holds no run" ;;
*[!0-9]*) die "$run is no run's number" ;;
esac
echo "CREATE TABLE chosen AS SELECT $run AS run;" | sql chosen
mixed=$(sql blocks <<-'SQL'
	SELECT tag || ' ' || workload FROM cells JOIN chosen USING (run)
	WHERE status = 'ok' GROUP BY tag, workload
	HAVING count(DISTINCT scale || ' ' || workers || ' ' || requests || ' ' ||
		collect_at) > 1 LIMIT 1;
SQL
)
[ -z "$mixed" ] || die "run $run has $mixed in several sizes; name another" \
	"run with PAPER_RUN="

# Names are put into queries, into names of files and into TeX.
odd=$(sql names <<-'SQL'
	SELECT 'a cell' FROM cells JOIN chosen USING (run)
	WHERE strategy GLOB '*[^-A-Za-z0-9+:=%._]*' OR strategy GLOB '-*' OR
		workload GLOB '*[^-A-Za-z0-9._/]*' OR
		tag || python GLOB '*[^A-Za-z0-9._+]*'
	UNION ALL SELECT 'its host' FROM runs JOIN chosen ON run = id
	WHERE coalesce(json_extract(host, '$.cpu'), '') || coalesce(
		json_extract(host, '$.machine'), '') GLOB '*[\{}$%#^~&]*'
	LIMIT 1;
SQL
)
[ -z "$odd" ] || die "$odd of run $run has a name with characters that are" \
	"not put into a paper"

# Labels of stacks: without arguments, where that leaves them different.
echo "SELECT DISTINCT strategy FROM cells JOIN chosen USING (run);" |
	sql stacks | sort >"$out/stacks"
awk '{
	full[NR] = $0
	gsub(/:[^+]*/, "")
	label[NR] = $0
	seen[$0]++
}
END {
	print "CREATE TABLE stack (strategy TEXT PRIMARY KEY, label TEXT);"
	for (i = 1; i <= NR; i++)
		printf "INSERT INTO stack VALUES (\047%s\047, \047%s\047);\n",
			full[i], (seen[label[i]] > 1 ? full[i] : label[i])
}' "$out/stacks" | sql labels

# What is to be compared: numbers of documents, bases and stacks.  A stack's words
# need no quoting.
while read -r stack; do
	[ "$stack" = none ] || echo "none $stack"
	case +$stack+ in
	+freeze+) ;;
	*+freeze+*) echo "freeze $stack" ;;
	esac
done <"$out/stacks" | awk '{ print NR, $0 }' >"$out/pairs"

# Exit codes of compare: 5, pauses have no verdict, for lost samples; 2 and 3,
# the two have no cell in common that could be compared, so there is no document.
metrics=total_kib,worker_private_kib,worker_minor_faults,worker_cow_pages
metrics=$metrics,worker_floor_pages,gc_pause_p99_us,gc_pause_max_us
metrics=$metrics,request_p99_us,worker_cpu_ms,fork_us,freeze_us,exit_faults
export db out run metrics
xargs -n 3 -P "$(nproc)" sh -c '
	"$HARNESS" compare "$2" "$3" --run="$run" --db="$db" --format=json \
		--metric="$metrics" >"$out/$1.json" 2>"$out/$1.err"
	case $? in
	0 | 5) ;;
	2 | 3) rm "$out/$1.json" ;;
	*) sed "s/^/make paper: /" "$out/$1.err" >&2; exit 255 ;;
	esac' compare <"$out/pairs" || die "harness compare failed"

echo "CREATE TABLE document (base TEXT, stack TEXT, words TEXT);
CREATE TABLE plans (words TEXT);" | sql documents
while read -r n base stack; do
	[ ! -s "$out/$n.json" ] || echo "INSERT INTO document
		SELECT '$base', label, readfile('$out/$n.json')
		FROM stack WHERE strategy = '$stack';"
done <"$out/pairs" | sql documents

if "$HARNESS" plan --memory=16G --run="$run" --db="$db" --format=json \
	>"$out/plan.json" 2>"$out/plan.err" && [ -s "$out/plan.json" ]; then
	echo "INSERT INTO plans VALUES (readfile('$out/plan.json'));" | sql plans
fi

sql views <"$here/queries/views.sql" || exit 1
sql facts <"$here/queries/facts.sql" >"$out/facts" || exit 1
sql checks <"$here/queries/checks.sql" >"$out/checks" || exit 1
{
	echo "% Made by numbers.sh from run $run; do not edit."
	awk -F '|' '$2 != "" { printf "\\deffact{%s}{%s}\n", $1, $2 }' \
		"$out/facts" | LC_ALL=C sort
	awk -F '|' '{ printf "\\defcheck{%s}{%s}{%s}\n", $1, $2, $3 }' \
		"$out/checks"
} >"$out/facts.tex" || exit 1
for query in "$here"/queries/table-*.sql; do
	name=$(basename "$query" .sql)
	sql "$name" <"$query" >"$out/$name.tex" || exit 1
	[ -s "$out/$name.tex" ] || die "$name has no rows"
done
for query in "$here"/queries/figure-*.sql; do
	[ -e "$query" ] || continue
	lite "$db" ".backup '$out/figure.db'" &&
		lite -bail "$out/figure.db" <"$query" ||
		die "$query failed"
	for name in $(basename "$query" .sql | sed 's/^figure-//' | tr + ' '); do
		"$HARNESS" plot --figure="$name" --format=pdf --out="$out" \
			--run="$run" --db="$out/figure.db" >/dev/null &&
			[ -s "$out/$name.pdf" ] ||
			die "the figure $name could not be drawn"
	done
done
rm -f "$out"/*.json "$out"/*.err "$out/figure.db"
