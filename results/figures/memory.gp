# Memory of the template and of a worker over the requests it served
#
# One panel per interpreter (and workload, scale and number of workers), one
# curve per stack of strategies; means over workers and repeats.

#sql WITH c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers) AS grp,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers,
#sql                        tag COLLATE VERSION, tag, executable) AS panel,
#sql     dense_rank() OVER (ORDER BY strategy <> 'none', strategy) AS series
#sql   FROM placed WHERE run = ?1 AND status <> 'pending'),
#sql d AS (
#sql   SELECT panel, grp, series, strategy, tag, workload, scale, workers,
#sql     max(c.requests) AS requests, max(repeat) AS repeats,
#sql     max(collect_at) AS collect_at,
#sql     CASE WHEN v.requests IS NULL THEN
#sql       CASE max(status) WHEN 'ok' THEN 'not measured' ELSE max(status) END
#sql       END AS why,
#sql     v.requests AS x,
#sql     avg(CASE key_ WHEN 'worker_private_kib' THEN v.value END) / 1024.0 AS private,
#sql     avg(CASE key_ WHEN 'worker_pss_kib' THEN v.value END) / 1024.0 AS pss,
#sql     avg(CASE key_ WHEN 'worker_rss_kib' THEN v.value END) / 1024.0 AS rss,
#sql     avg(CASE key_ WHEN 'template_rss_kib' THEN v.value END) / 1024.0 AS template
#sql   FROM c LEFT JOIN (
#sql       SELECT cell, requests, key AS key_, value FROM curve
#sql       WHERE value IS NOT NULL AND key IN ('worker_private_kib',
#sql         'worker_pss_kib', 'worker_rss_kib', 'template_rss_kib')
#sql     ) v ON v.cell = c.id AND c.status = 'ok'
#sql   GROUP BY panel, series, v.requests)
#sql SELECT * FROM d
#sql WHERE EXISTS (SELECT 1 FROM d WHERE x IS NOT NULL) AND (x IS NOT NULL OR
#sql   (panel, series) NOT IN (SELECT panel, series FROM d WHERE x IS NOT NULL))
#sql ORDER BY panel, series, x

TITLE = "Memory per process over requests served"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
array KEY = [ "worker private", "worker PSS", "worker RSS", "template RSS" ]
array KEY_DASH = [ 1, 3, 4, 5 ]
array KEY_WIDTH = [ 2.2, 1.4, 1.2, 1.6 ]
AT_LINE = 1
load FIGURES."/_style.gp"

X_LABEL = "requests served per worker"
Y_LABEL = "memory (MiB)"
array TOP[GRPS]
do for [g = 1:GRPS] { TOP[g] = 1 }
do for [k = 1:4] {
	stats DATA skip 1 using ( \
		X_TOP = max(X_TOP, requests_x(column(13))), \
		TOP[number(2)] = max(TOP[number(2)], column(13 + k)), \
		0) name "IGNORED" nooutput
}

do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	load FIGURES."/_requests.gp"
	set yrange [0:1.06 * TOP[GRP_OF[p]]]
	# The private memory last, so that it lies on top.
	plot for [k = 4:1:-1] for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s ? \
			requests_x(column(13)) : NaN):(column(13 + k)) \
		with linespoints lc rgb colour(s) dt KEY_DASH[k] \
		lw (k == 1 ? width(s) + 0.4 : KEY_WIDTH[k]) pt point(s) ps (k == 1 ? 0.7 : 0.25) notitle
}
unset multiplot
unset output
