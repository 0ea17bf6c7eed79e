# Minor faults of a worker over the requests it served
#
# One panel per interpreter (and workload, scale and number of workers), one
# curve per stack of strategies; means over workers and repeats.

#sql WITH c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers) AS grp,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers,
#sql                        tag COLLATE VERSION, tag, executable) AS panel,
#sql     dense_rank() OVER (ORDER BY strategy <> 'none', strategy) AS series
#sql   FROM cells WHERE run = ?1 AND status <> 'pending'),
#sql d AS (
#sql   SELECT panel, grp, series, strategy, tag, workload, scale, workers,
#sql     max(c.requests) AS requests, max(repeat) AS repeats,
#sql     max(collect_at) AS collect_at,
#sql     CASE WHEN v.requests IS NULL THEN
#sql       CASE max(status) WHEN 'ok' THEN 'not measured' ELSE max(status) END
#sql       END AS why,
#sql     v.requests AS x, avg(v.value) AS faults
#sql   FROM c LEFT JOIN curve v ON v.cell = c.id AND c.status = 'ok'
#sql     AND v.key = 'worker_minor_faults' AND v.value IS NOT NULL
#sql   GROUP BY panel, series, v.requests)
#sql SELECT * FROM d
#sql WHERE EXISTS (SELECT 1 FROM d WHERE x IS NOT NULL) AND (x IS NOT NULL OR
#sql   (panel, series) NOT IN (SELECT panel, series FROM d WHERE x IS NOT NULL))
#sql ORDER BY panel, series, x

TITLE = "Minor page faults per worker since the fork"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
AT_LINE = 1
load FIGURES."/_style.gp"

X_LABEL = "requests served per worker"
Y_LABEL = "minor faults"
array TOP[GRPS]
do for [g = 1:GRPS] { TOP[g] = 1 }
stats DATA skip 1 using ( \
	X_TOP = max(X_TOP, requests_x(column(13))), \
	TOP[number(2)] = max(TOP[number(2)], column(14)), \
	0) name "IGNORED" nooutput

do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	load FIGURES."/_requests.gp"
	set yrange [0:1.06 * TOP[GRP_OF[p]]]
	plot for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s ? \
			requests_x(column(13)) : NaN):14 \
		with linespoints lc rgb colour(s) dt dash(s) lw width(s) \
		pt point(s) ps 0.6 notitle
}
unset multiplot
unset output
