# Erosion of sharing: the template's pages that a worker still shares
#
# One panel per interpreter (and workload, scale and number of workers), one
# curve per stack of strategies: the share of the pages that the template had at
# the fork, in private mappings, of which the worker has no copy of its own.
# Means over workers and repeats.

#sql WITH c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers) AS grp,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers,
#sql                        tag COLLATE VERSION, tag, executable) AS panel,
#sql     dense_rank() OVER (ORDER BY strategy <> 'none', strategy) AS series
#sql   FROM placed WHERE run = ?1 AND status <> 'pending'),
#sql v AS (
#sql   SELECT id AS cell, v.requests AS x,
#sql     100 * (1 - 1.0 * v.value / m.value) AS percent
#sql   FROM c JOIN metric m ON m.cell = id AND m.key = 'template_pages'
#sql     JOIN curve v ON v.cell = id AND v.key = 'worker_cow_pages'
#sql   WHERE status = 'ok' AND v.value IS NOT NULL AND m.value > 0),
#sql d AS (
#sql   SELECT panel, grp, series, strategy, tag, workload, scale, workers,
#sql     max(c.requests) AS requests, max(repeat) AS repeats,
#sql     max(collect_at) AS collect_at,
#sql     CASE WHEN x IS NULL THEN
#sql       CASE max(status) WHEN 'ok' THEN 'not measured' ELSE max(status) END
#sql       END AS why,
#sql     x, avg(percent) AS percent
#sql   FROM c LEFT JOIN v ON cell = id
#sql   GROUP BY panel, series, x)
#sql SELECT * FROM d
#sql WHERE EXISTS (SELECT 1 FROM d WHERE x IS NOT NULL) AND (x IS NOT NULL OR
#sql   (panel, series) NOT IN (SELECT panel, series FROM d WHERE x IS NOT NULL))
#sql ORDER BY panel, series, x

TITLE = "Erosion of sharing: how much of the template a worker still shares"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
AT_LINE = 1
load FIGURES."/_style.gp"

X_LABEL = "requests served per worker"
Y_LABEL = "template's pages shared (%)"
stats DATA skip 1 using (X_TOP = max(X_TOP, requests_x(column(13))), 0) \
	name "IGNORED" nooutput

do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	load FIGURES."/_requests.gp"
	set yrange [0:103]
	set ytics nomirror 25
	plot for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s ? \
			requests_x(column(13)) : NaN):14 \
		with linespoints lc rgb colour(s) dt dash(s) lw width(s) \
		pt point(s) ps 0.6 notitle
}
unset multiplot
unset output
