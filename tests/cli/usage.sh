#!/bin/sh
# A wrong command line is refused in one line, before anything is written.
. "$top_srcdir/tests/cli/lib.sh"
need_interpreter
cd "$tmp" || exit 99

# refused PATTERN OPTION...: of `run`.
refused() {
	pattern=$1
	shift
	# shellcheck disable=SC2086 # a list of options
	harness run --db="$tmp/new.db" $small "$@"
	expect_usage "$pattern"
	expect_no_file "$tmp/new.db" "$tmp/new.db.lock"
}

refused "unknown strategy 'frezee', did you mean 'freeze'?" --strategy=frezee
refused "unknown strategy 'none2'" --strategy=freeze,none2
refused "unknown strategy 'cheese'" --strategy=cheese
refused "unknown strategy 'FREEZE'" --strategy=FREEZE
refused "unknown strategy 'freze', did you mean 'freeze'?" \
	--strategy=collect+freze
refused "unknown strategy 'nonne', did you mean 'none'?" --baseline=nonne
refused "unknown strategy ''" --strategy=:
refused "freeze-gen: '7'" --strategy=freeze-gen:7
refused "freeze-gen: '2-1'" --strategy=freeze-gen:2-1
refused "freeze-gen: '-1'" --strategy=freeze-gen:-1
refused "freeze-gen: 'x'" --strategy=freeze,freeze-gen:x
refused "freeze-gen: '7'" --baseline=freeze-gen:7
refused "tuned needs threshold1" --strategy=tuned:1
refused "tuned: 'a'" --strategy=tuned:a:b:c
refused "freeze takes no further argument '1'" --strategy=freeze:1
refused "empty part or argument in 'freeze:'" --strategy=freeze:
refused "empty part or argument in 'freeze+'" --strategy=freeze+
refused "empty part or argument in '+freeze'" --strategy=+freeze
refused "empty part or argument in 'none++freeze'" --strategy=none++freeze
refused "empty" --strategy=+
refused "needs a stack" --strategy=
refused "needs a stack" --strategy=,
refused "empty" --baseline=

refused "no interpreter matches '1.2'" --python=1.2
refused "no interpreter matches 'cp9.9.9'" --python="$tag",cp9.9.9
refused "cannot run /no/such/python: No such file" --python=/no/such/python
refused "/bin/false is not a Python interpreter" --python=/bin/false
refused "cannot run $tmp: " --python="$tmp"
refused "needs an interpreter" --python=
refused "unknown workload 'objectgrap', did you mean 'objectgraph'?" \
	--workload=objectgrap
refused "unknown workload 'driver'" --workload=driver
refused "cannot read the workload ./none.py: No such file" --workload=./none.py
refused "cannot read the workload $tmp: Is a directory" --workload="$tmp"
refused "needs a name" --workload=

refused "--workers takes .*, not '0'" --workers=0
refused "--workers takes .*, not 'abc'" --workers=abc
refused "--workers takes .*, not '1000000'" --workers=1000000
refused "--workers takes .*, not '2 '" --workers='2 '
refused "--workers takes .*, not '99999999999999999999'" \
	--workers=99999999999999999999
refused "--scale takes .*, not '-1'" --scale=-1
refused "--scale takes .*, not '1e3'" --scale=1e3
refused "--repeat takes .*, not '0'" --repeat=0
refused "--requests takes .*, not '-1'" --requests=-1
refused "--seed takes .*, not 'x'" --seed=x
refused "--parallel takes .*, not '0'" --parallel=0
refused "--timeout takes .*, not '0'" --timeout=0
refused "--timeout takes .*, not 's'" --timeout=s
refused "--timeout takes .*, not '1d'" --timeout=1d
refused "--timeout takes .*, not '99999999999999999999'" \
	--timeout=99999999999999999999
refused "--format takes .*, not 'xml'" --format=xml
refused "--min-free takes .*, not 'x'" --min-free=x
refused "--min-free takes .*, not '-1M'" --min-free=-1M
refused "--min-free takes .*, not '1X'" --min-free=1X
refused "'stray' is no option" stray
refused "requires an argument" --strategy
refused "ambiguous" --work=1
refused "resume takes the selection" --resume

harness export --format=xml
expect_usage "--format takes .*, not 'xml'"
harness export --run=0
expect_usage "--run takes"
harness list metrics --format=csv
expect_usage "--format takes .*, not 'csv'"

key=$tag/freeze/w2/n20/c10/s2000/r1/x1/objectgraph
for wrong in x '' / "$tag" "$tag/freeze" "$tag/freeze/w2/n20" "$key%zz" \
	"$key%00" "$tag/freeze/w0/n20/c10/s2000/r1/x1/objectgraph" \
	"$tag/freeze/n20/w2/c10/s2000/r1/x1/objectgraph" \
	"$tag/freeze/w2/n20/c10/s2000/r1/x1/" \
	"/freeze/w2/n20/c10/s2000/r1/x1/objectgraph" \
	"$tag//w2/n20/c10/s2000/r1/x1/objectgraph" \
	"$tag@/freeze/w2/n20/c10/s2000/r1/x1/objectgraph" \
	"$tag/freeze/w2/n20/c10/s2000/r1/x99999999999999999999/objectgraph"; do
	harness cell "$wrong"
	expect_usage "is not a cell's key"
done
harness cell "cp9.9.9/freeze/w2/n20/c10/s2000/r1/x1/objectgraph"
expect_usage "nothing was built for 'cp9.9.9'"
harness cell "$tag/freeze/w2/n20/c10/s2000/r1/x1/objectgrap"
expect_usage "unknown workload 'objectgrap'"
harness cell
expect_usage "which cell?"
harness cell "$key" "$key"
expect_usage "[Tt]oo many arguments"

expect_same "files in the working directory" "" \
	"$(find . -type f ! -name out ! -name 'err*')"
expect_no_processes
finish
