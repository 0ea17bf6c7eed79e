# Memory saved against CPU time paid
#
# One panel per interpreter (and workload, scale and number of workers), one
# point per stack of strategies: to the right, worker_cpu_ms as a ratio to that
# of the run's baseline (--baseline); upwards, by how much total_kib is below
# the baseline's.  Both are ratios of means over repeats.  Error bars are 95 %
# intervals, from four repeats on: t of the ratio estimator's variance, repeats
# being paired with the baseline's, whose seed they share.

#sql WITH c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers) AS grp,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers,
#sql                        tag COLLATE VERSION, tag, executable) AS panel,
#sql     dense_rank() OVER (ORDER BY strategy <> 'none', strategy) AS series
#sql   FROM placed WHERE run = ?1 AND status <> 'pending'),
#sql m AS (
#sql   SELECT panel, series, repeat, strategy AS stack, 1.0 * t.value AS total,
#sql     1.0 * u.value AS cpu
#sql   FROM c JOIN metric t ON t.cell = id AND t.key = 'total_kib'
#sql     JOIN metric u ON u.cell = id AND u.key = 'worker_cpu_ms'
#sql   WHERE status = 'ok' AND t.value > 0 AND u.value > 0),
#sql pairs AS (
#sql   SELECT m.panel, m.series, m.total AS y, m.cpu AS x, b.total AS y0,
#sql     b.cpu AS x0, b.stack AS baseline
#sql   FROM m JOIN m b USING (panel, repeat)
#sql   WHERE b.stack = (SELECT json_extract(options, '$.baseline') FROM runs
#sql                       WHERE id = ?1)),
#sql r AS (
#sql   SELECT panel, series, count(*) AS n, sum(x) / sum(x0) AS x,
#sql     sum(y) / sum(y0) AS y, avg(x0) AS x0, avg(y0) AS y0
#sql   FROM pairs GROUP BY panel, series),
#sql e AS (
#sql   SELECT panel, series, n, r.x AS x, r.y AS y,
#sql     sum((p.x - r.x * p.x0) * (p.x - r.x * p.x0)) / (n - 1) / n /
#sql       (r.x0 * r.x0) AS x_variance,
#sql     sum((p.y - r.y * p.y0) * (p.y - r.y * p.y0)) / (n - 1) / n /
#sql       (r.y0 * r.y0) AS y_variance, baseline
#sql   FROM r JOIN pairs p USING (panel, series) GROUP BY panel, series)
#sql SELECT panel, min(grp) AS grp, series, strategy, tag, workload, scale,
#sql   workers, max(requests) AS requests, max(repeat) AS repeats,
#sql   max(collect_at) AS collect_at,
#sql   CASE WHEN x IS NOT NULL THEN NULL WHEN max(status = 'ok') = 0 THEN
#sql     max(status) WHEN (panel, series) IN (SELECT panel, series FROM m)
#sql     THEN 'no baseline' ELSE 'not measured' END AS why,
#sql   x AS cpu_ratio, 100 * (1 - y) AS saved_percent, n, x_variance,
#sql   1e4 * y_variance AS y_variance, baseline
#sql FROM c LEFT JOIN e USING (panel, series)
#sql WHERE EXISTS (SELECT 1 FROM e)
#sql GROUP BY panel, series
#sql ORDER BY panel, series

TITLE = "Memory saved against CPU time paid, both against the baseline"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
load FIGURES."/_style.gp"

# 97.5 % quantiles of t for 3, 4, ... degrees of freedom; the normal's beyond.
array T = [ 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, \
	2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, \
	2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042 ]
t(n) = n - 3 > |T| ? 1.96 : T[int(n) - 3]
half(n, variance) = n >= 4 ? t(n) * sqrt(variance) : 0

BASELINE = ""
Y_LABEL = "total memory saved (%)"
array LOW[GRPS]
array TOP[GRPS]
array LEAST[GRPS]
array MOST[GRPS]
do for [g = 1:GRPS] { LOW[g] = 0; TOP[g] = 10; LEAST[g] = 0.98; MOST[g] = 1.02 }
stats DATA skip 1 using ( \
	BASELINE = strcol(18) eq "NaN" ? BASELINE : strcol(18), \
	h = half(column(15), column(16)), v = half(column(15), column(17)), \
	LEAST[number(2)] = min(LEAST[number(2)], column(13) - h), \
	MOST[number(2)] = max(MOST[number(2)], column(13) + h), \
	LOW[number(2)] = min(LOW[number(2)], column(14) - v), \
	TOP[number(2)] = max(TOP[number(2)], column(14) + v), \
	0) name "IGNORED" nooutput
X_LABEL = "CPU time per worker, ratio to ".head(BASELINE, 18)

do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	g = GRP_OF[p]
	room = 0.06 * (MOST[g] - LEAST[g])
	set xrange [LEAST[g] - room:MOST[g] + room]
	set xtics nomirror step(MOST[g] - LEAST[g], 5)
	if (x_labels) { set format x "%h" } else { set format x "" }
	room = 0.06 * (TOP[g] - LOW[g])
	set yrange [LOW[g] - room:TOP[g] + room]
	unset arrow
	set arrow from 1, graph 0 to 1, graph 1 nohead back lw 0.8 \
		lc rgb 0xa0a0a0
	set arrow from graph 0, first 0 to graph 1, first 0 nohead back lw 0.8 \
		lc rgb 0xa0a0a0
	plot for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s && column(15) >= 4 ? \
			column(13) : NaN):14: \
		(half(column(15), column(16))):(half(column(15), column(17))) \
		with xyerrorbars lc rgb colour(s) pt 0 lw 1.2 notitle, \
		for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s ? \
			column(13) : NaN):14 \
		with points lc rgb colour(s) pt point(s) ps 1.1 lw 1.6 notitle
}
unset multiplot
unset output
