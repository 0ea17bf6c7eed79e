#!/bin/sh
# The table of `make bench-strategies`: means, ratios and reasons from a made-up
# export, and a run of its own; that of `make bench-scale`, from made-up costs.
. "$top_srcdir/tests/cli/lib.sh"
bench=$top_srcdir/bench

# Columns: tag, workload, scale, workers, requests, strategy, status, reason, and
# metrics.
tr '|' '\t' >"$tmp/export" <<'END'
tag|workload|scale|workers|requests|strategy|status|reason|total_kib|worker_private_kib|worker_minor_faults|worker_cpu_ms|ksm_cpu_ms|gc_pause_p99_us|gc_pause_max_us
cp9|w|10|2|5|a:1+b:x=2|ok||1024|0|3|1|12.4|500|500
cp9|w|10|2|5|a:1+b:x=2|failed|worker 1 died|||||||
cp9|w|10|2|5|c:1|ok||2048|0|1|1||0|0
cp9|w|10|2|5|c:2|ok||2048|0|1|1||0|0
cp9|w|10|2|5|freeze|ok||2048|0|1|1||1|500
cp9|w|10|2|5|freeze|ok||4096|0|2|3||3|1500
cp9|w|10|2|5|u|unsupported|u: is not here|||||||
END
last="awk -f strategies.awk"
awk -v stacks="u,freeze,a+b,c:2,c:1" -f "$bench/strategies.awk" "$tmp/export" \
	>"$tmp/out" 2>"$tmp/err"
expect_nothing err
expect_same "table" \
"cp9 w scale 10, 2 workers, 5 requests each, mean of 2 repeats (ratio to freeze)
 strategy total MiB private MiB faults CPU ms scanner ms pause p99 ms pause max ms
 u unsupported: u: is not here
 freeze 3.0 (1.00) 0.0 (-) 2 (1.00) 2 (1.00) - 0.00 (1.00) 1.00 (1.00)
 a+b 1.0 (0.33) 0.0 (-) 3 (2.00) 1 (0.50) 12 (-) 0.50 (250) 0.50 (0.50) 1 of 2 repeats not used: failed: worker 1 died
 c:1 2.0 (0.67) 0.0 (-) 1 (0.67) 1 (0.50) - 0.00 (0.00) 0.00 (0.00)
 c:2 2.0 (0.67) 0.0 (-) 1 (0.67) 1 (0.50) - 0.00 (0.00) 0.00 (0.00)" \
"$(tr -s ' ' <"$tmp/out")"

# Costs of compare grow with the square of the cells, all others with the cells;
# a checkpoint costs 2 ms per worker, with 64 workers 3 ms.  A template has 32 MiB and
# 32 more per 100000 of scale.
cat >"$tmp/tool" <<'END'
#!/bin/sh
case $1 in
fill)
	head -c $(($3 * 2048)) /dev/zero >"$2"
	echo "0.500 1.250"
	;;
checkpoints)
	echo $(($2 / 10 + 1))
	;;
time)
	out=$3
	shift 4
	for word; do
		case $word in
		*.db) n=${word##*/}; n=${n%.db} ;;
		*/objectgraph)
			w=${word#*/w}; w=${w%%/*}; r=${word#*/n}; r=${r%%/*}
			s=${word#*/s}; s=${s%%/*}
			echo '{"methods": {"total_kib": "x"}, "total_kib": 2048,' \
				"\"template_pages\": $((8192 + s * 8192 / 100000)).0}" >"$out"
			[ "$w" -lt 64 ] && each=2 || each=3
			echo "9 $((50 + w * r / 10 * each)).0 7 1024"
			exit
			;;
		esac
	done
	[ "$1" != compare ] || n=$((n * n / 100))
	echo "$n.0 1.0 1.0 2048"
	;;
esac
END
chmod +x "$tmp/tool"
last="scale.sh"
BENCH_CELLS='100 1000' BENCH_LARGE_MIB=128 "$bench/scale.sh" harness \
	"$tmp/tool" "$tmp/large" cp9 >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 0
expect_nothing err
expect_match out '^  CPU per cell stored (ms)  *0.500  *0.500  *(x1.00)$'
expect_match out '^  database per cell (KiB)  *2  *2  *(x1.00)$'
expect_match out '^  compare (ms)  *100.0  *10000.0  *(x100.00)  worse than linear$'
expect_match out '^  export as tables (ms)  *100.0  *1000.0  *(x10.00)$'
expect_match out '^  freeze per worker (ms)  *2.000  *2.000  *(x1.00)  *2.000  *(x1.00)  *3.000  *(x1.50)  worse than linear$'
expect_same "lines that are worse" 3 "$(grep -c 'worse than' "$tmp/out")"
expect_match out '^Large cell: 64 workers of a template of 128 MiB (cp9, freeze+reshare, objectgraph 300000)$'
expect_match out '^  0.0 s in all, 0.43 s CPU time of the harness, which had 1 MiB; total_kib is 2 MiB$'
BENCH_CELLS=100 BENCH_LARGE_MIB=99999999 "$bench/scale.sh" harness \
	"$tmp/tool" "$tmp/large" cp9 >"$tmp/out" 2>"$tmp/err"
expect_match out '^Large cell: skipped: it needs [0-9]* MiB, [0-9]* MiB are available$'
"$bench/scale.sh" harness false "$tmp/large" cp9 >"$tmp/out" 2>"$tmp/err"
status=$?
expect_status 1
expect_line err '^bench-scale: cannot fill '

need_interpreter
last="strategies.sh $tag"
BENCH_STACKS=none,freeze,freeze+ksm BENCH_SCALE=2000 BENCH_WORKERS=2 \
	BENCH_REQUESTS=20 BENCH_REPEAT=2 PERMAFROST_TEST=$tmp timeout 90 \
	"$bench/strategies.sh" "$HARNESS" "$tmp/bench.db" "$tag" \
	>"$tmp/out" 2>"$tmp/err.all"
status=$?
without_warnings
expect_status 0
expect_nothing err
expect_match out "^$tag  objectgraph  scale 2000, 2 workers, 20 .* 2 repeats"
expect_match out '^  none  *[0-9.]* ([0-9.]*)  *[0-9.]* ([0-9.]*)  *[0-9]'
expect_match out '^  freeze  *[0-9.]* (1.00)  *[0-9.]* (1.00)  *[0-9]* (1.00)'
expect_match out '^  freeze+ksm  *\([0-9.]* (\|unsupported: ksm: \)'

# The held-out check of plans: its table, and a run of its own.
cat >"$tmp/plan" <<'END'
1 MiB, of which 10 % are kept free: 1 MiB for a template and its workers

cp9  w  scale 10, workers of 5 requests
  strategy  workers (95 %)  total MiB
* a:1             3 (2 to 4)      2.2  1.0
  b               3               2.0  1.0
  a:1: a reason that begins as a line does

* recommended.
END
tr '|' '\t' >"$tmp/export" <<'END'
tag|workload|workers|strategy|status|total_kib
cp9|w|3|a:1|ok|2048
cp9|w|3|b|ok|1024
cp9|w|3|b|ok|3072
cp9|w|3|b|failed|
cp9|w|3|c|ok|1024
END
last="awk -f plan.awk"
awk -f "$bench/plan.awk" "$tmp/plan" "$tmp/export" >"$tmp/out" 2>"$tmp/err"
expect_nothing err
expect_same "table" "cp9, total of 3 workers, MiB:
 w a:1 predicted 2.2 measured 2.0 +10.0 % beyond 5 %
 w b predicted 2.0 measured 2.0 +0.0 %
 w c no prediction" "$(tr -s ' ' <"$tmp/out")"

last="plan.sh $tag"
BENCH_PLAN_STACKS=none,freeze BENCH_PLAN_WORKLOADS=objectgraph \
	BENCH_PLAN_FEW="1 2" BENCH_PLAN_MANY=3 BENCH_PLAN_REQUESTS=20 \
	BENCH_PLAN_REPEAT=1 BENCH_PLAN_SCALE=20000 PERMAFROST_TEST=$tmp \
	timeout 90 "$bench/plan.sh" "$HARNESS" "$tmp" "$tag" \
	>"$tmp/out" 2>"$tmp/err.all"
status=$?
expect_status 0
expect_match out "^$tag, total of 3 workers, MiB:"
for stack in none freeze; do
	expect_match out \
		"^  objectgraph *$stack *predicted .* measured .* [+-][0-4][.][0-9] %$"
done

expect_no_processes
finish
