# Total memory over the number of workers, by the model that `plan` uses
#
# One panel per interpreter (and workload, scale and number of requests), one
# line per stack of strategies: shared + W * private, at the age that the last
# checkpoint had.  Of a cell with W workers, private is worker_private_kib and
# its share, one of W + 1, of page_tables_kib; shared is what is left of
# total_kib.  Both are means over repeats, then over numbers of workers.  Points
# are what was measured.  The lines end at four times the most workers that were
# measured: what lies beyond would be extrapolated.

#sql WITH c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY workload, scale, requests, collect_at)
#sql       AS grp,
#sql     dense_rank() OVER (ORDER BY workload, scale, requests, collect_at,
#sql                        tag COLLATE VERSION, tag, executable) AS panel,
#sql     dense_rank() OVER (ORDER BY strategy <> 'none', strategy) AS series
#sql   FROM placed WHERE run = ?1 AND status <> 'pending'),
#sql m AS (
#sql   SELECT panel, series, workers,
#sql     t.value AS total, p.value + l.value / (workers + 1.0) AS private
#sql   FROM c JOIN metric t ON t.cell = id AND t.key = 'total_kib'
#sql     JOIN metric p ON p.cell = id AND p.key = 'worker_private_kib'
#sql     JOIN metric l ON l.cell = id AND l.key = 'page_tables_kib'
#sql   WHERE status = 'ok' AND t.value + p.value + l.value IS NOT NULL),
#sql w AS (
#sql   SELECT panel, series, workers, avg(total) AS total,
#sql     avg(private) AS private, avg(total - workers * private) AS shared
#sql   FROM m GROUP BY panel, series, workers),
#sql model AS (
#sql   SELECT panel, series, avg(private) AS private, avg(shared) AS shared,
#sql     max(workers) AS most FROM w GROUP BY panel, series),
#sql points AS (
#sql   SELECT panel, series, 0 AS measured, 1 AS n, shared + private AS total
#sql     FROM model UNION ALL
#sql   SELECT panel, series, 0, 4 * most, shared + 4 * most * private
#sql     FROM model UNION ALL
#sql   SELECT panel, series, 1, workers, total FROM w)
#sql SELECT panel, min(grp) AS grp, series, strategy, tag, workload, scale,
#sql   group_concat(DISTINCT c.workers) AS workers, max(requests) AS requests,
#sql   max(repeat) AS repeats, max(collect_at) AS collect_at,
#sql   CASE WHEN n IS NULL THEN
#sql     CASE max(status) WHEN 'ok' THEN 'not measured' ELSE max(status) END
#sql     END AS why,
#sql   measured, n, total / 1024.0 AS mib
#sql FROM c LEFT JOIN points USING (panel, series)
#sql WHERE EXISTS (SELECT 1 FROM points)
#sql GROUP BY panel, series, measured, n
#sql ORDER BY panel, series, measured, n

TITLE = "Total memory over the number of workers"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
array KEY = [ "model", "measured", "memory to spend" ]
array KEY_DASH = [ 1, 1, 3 ]
array KEY_WIDTH = [ 1.7, 0, 1.2 ]
array KEY_POINT = [ 0, 7, 0 ]
load FIGURES."/_style.gp"

X_LABEL = "workers"
array TOP[GRPS]
do for [g = 1:GRPS] { TOP[g] = 1 }
MOST = 1
stats DATA skip 1 using ( \
	MOST = max(MOST, column(14)), \
	TOP[number(2)] = max(TOP[number(2)], column(15)), \
	0) name "IGNORED" nooutput
HIGHEST = 1
do for [g = 1:GRPS] { HIGHEST = max(HIGHEST, TOP[g]) }
UNIT = HIGHEST > 2048 ? 1024. : 1.
Y_LABEL = UNIT > 1 ? "total memory (GiB)" : "total memory (MiB)"
# Budgets: the three highest powers of two that lie in the range.
budget(g, k) = 2**(int(floor(log(1.02 * TOP[g]) / log(2))) - k)
budget_name(mib) = mib < 1024 ? sprintf("%.12g MiB", mib) : \
	sprintf("%.12g GiB", mib / 1024.)

do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	g = GRP_OF[p]
	# Behind the lines there is room for the names of the budgets.
	set xrange [0:MOST * PLOT_W / (PLOT_W - 62)]
	set xtics nomirror max(1, step(MOST, 5))
	if (x_labels) { set format x "%h" } else { set format x "" }
	set yrange [0:1.09 * TOP[g] / UNIT]
	unset arrow
	do for [k = 0:2] {
		y0 = budget(g, k) / UNIT
		if (y0 > 0) {
			set arrow from graph 0, first y0 to graph 1, first y0 \
				nohead back dt 3 lw 1.2 lc rgb FAINT
			set label budget_name(budget(g, k)) right \
				at graph 1, first y0 offset 0,0.5 \
				font SMALL textcolor rgb FAINT noenhanced
		}
	}
	plot for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s && column(13) == 0 ? \
			column(14) : NaN):(column(15) / UNIT) \
		with lines lc rgb colour(s) dt dash(s) lw width(s) notitle, \
		for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s && column(13) == 1 ? \
			column(14) : NaN):(column(15) / UNIT) \
		with points lc rgb colour(s) pt point(s) ps 0.8 notitle
}
unset multiplot
unset output
