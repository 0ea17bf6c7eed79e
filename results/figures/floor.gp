# Copied pages of a worker over the requests it served, and their floor
#
# One panel per interpreter (and workload, scale and number of workers), one
# curve per stack of strategies; means over workers and repeats.  The floor,
# those copies whose content differs from the template's page, is what no
# strategy can avoid.  It is known at the last checkpoint only: to compare the
# contents reads every copy, which at each checkpoint would disturb what is
# measured (see take_checkpoint() in harness/cell.c).

#sql WITH c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers) AS grp,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers,
#sql                        tag COLLATE VERSION, tag, executable) AS panel,
#sql     dense_rank() OVER (ORDER BY strategy <> 'none', strategy) AS series
#sql   FROM placed WHERE run = ?1 AND status <> 'pending'),
#sql v AS (
#sql   SELECT id AS cell, v.requests AS x, value AS copied, NULL AS floor_
#sql   FROM c JOIN curve v ON v.cell = id AND v.key = 'worker_cow_pages'
#sql   WHERE status = 'ok' AND value IS NOT NULL
#sql   UNION ALL
#sql   SELECT id, requests, NULL, value
#sql   FROM c JOIN metric m ON m.cell = id AND m.key = 'worker_floor_pages'
#sql   WHERE status = 'ok' AND value IS NOT NULL),
#sql d AS (
#sql   SELECT panel, grp, series, strategy, tag, workload, scale, workers,
#sql     max(c.requests) AS requests, max(repeat) AS repeats,
#sql     max(collect_at) AS collect_at,
#sql     CASE WHEN x IS NULL THEN
#sql       CASE max(status) WHEN 'ok' THEN 'not measured' ELSE max(status) END
#sql       END AS why,
#sql     x, avg(copied) AS copied, avg(floor_) AS floor_
#sql   FROM c LEFT JOIN v ON cell = id
#sql   GROUP BY panel, series, x)
#sql SELECT * FROM d
#sql WHERE EXISTS (SELECT 1 FROM d WHERE x IS NOT NULL) AND (x IS NOT NULL OR
#sql   (panel, series) NOT IN (SELECT panel, series FROM d WHERE x IS NOT NULL))
#sql ORDER BY panel, series, x

TITLE = "Pages copied per worker, and how many of them really differ at the end"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
array KEY = [ "copied", "floor at the last checkpoint: copies that differ" ]
array KEY_DASH = [ 1, 1 ]
array KEY_WIDTH = [ 1.7, 0 ]
array KEY_POINT = [ 0, 3 ]
AT_LINE = 1
load FIGURES."/_style.gp"

X_LABEL = "requests served per worker"
Y_LABEL = "pages"
array TOP[GRPS]
do for [g = 1:GRPS] { TOP[g] = 1 }
do for [k = 1:2] {
	stats DATA skip 1 using ( \
		X_TOP = max(X_TOP, requests_x(column(13))), \
		TOP[number(2)] = max(TOP[number(2)], column(13 + k)), \
		0) name "IGNORED" nooutput
}

do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	load FIGURES."/_requests.gp"
	set yrange [0:1.06 * TOP[GRP_OF[p]]]
	plot for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s ? \
			requests_x(column(13)) : NaN):14 \
		with linespoints lc rgb colour(s) dt dash(s) lw width(s) \
		pt point(s) ps 0.6 notitle, \
		for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s ? \
			requests_x(column(13)) : NaN):15 \
		with points lc rgb colour(s) pt KEY_POINT[2] ps 1.2 lw 2 notitle
}
unset multiplot
unset output
