# Interpreters compared: RSS of a worker over the requests it served
#
# One panel per stack of strategies (and workload, scale and number of workers),
# one curve per interpreter; means over workers and repeats.  Dotted, the largest
# RSS since the fork: what was freed between two checkpoints shows there only,
# as with the workloads gc_resource.

#sql WITH c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY scale, workers) AS grp,
#sql     dense_rank() OVER (ORDER BY scale, workers, workload,
#sql                        strategy <> 'none', strategy) AS panel,
#sql     dense_rank() OVER (ORDER BY tag COLLATE VERSION, tag,
#sql                        executable) AS series
#sql   FROM placed WHERE run = ?1 AND status <> 'pending'),
#sql d AS (
#sql   SELECT panel, grp, series,
#sql     CASE WHEN tag GLOB 'cp[0-9]*' THEN 'CPython ' || substr(tag, 3)
#sql          WHEN tag GLOB 'pp[0-9]*' THEN 'PyPy ' || substr(tag, 3)
#sql          WHEN tag GLOB 'go[0-9]*' THEN 'Go ' || substr(tag, 3)
#sql          ELSE tag END AS interpreter,
#sql     strategy, workload, scale, workers,
#sql     max(c.requests) AS requests, max(repeat) AS repeats,
#sql     max(collect_at) AS collect_at,
#sql     CASE WHEN v.requests IS NULL THEN
#sql       CASE max(status) WHEN 'ok' THEN 'not measured' ELSE max(status) END
#sql       END AS why,
#sql     v.requests AS x,
#sql     avg(CASE key_ WHEN 'worker_rss_kib' THEN v.value END) / 1024.0 AS rss,
#sql     avg(CASE key_ WHEN 'worker_peak_rss_kib' THEN v.value END) / 1024.0 AS peak
#sql   FROM c LEFT JOIN (
#sql       SELECT cell, requests, key AS key_, value FROM curve
#sql       WHERE value IS NOT NULL AND key IN ('worker_rss_kib',
#sql         'worker_peak_rss_kib')
#sql     ) v ON v.cell = c.id AND c.status = 'ok'
#sql   GROUP BY panel, series, v.requests)
#sql SELECT * FROM d
#sql WHERE EXISTS (SELECT 1 FROM d WHERE x IS NOT NULL) AND (x IS NOT NULL OR
#sql   (panel, series) NOT IN (SELECT panel, series FROM d WHERE x IS NOT NULL))
#sql ORDER BY panel, series, x

TITLE = "Memory of a worker over requests served, by interpreter"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
array KEY = [ "RSS", "largest RSS so far" ]
array KEY_DASH = [ 1, 5 ]
array KEY_WIDTH = [ 2.2, 1.4 ]
AT_LINE = 1
load FIGURES."/_style.gp"
title_of(p) = head(TAG[p], int(PLOT_W / 9))

X_LABEL = "requests served per worker"
Y_LABEL = "RSS (MiB)"
array TOP[GRPS]
do for [g = 1:GRPS] { TOP[g] = 1 }
stats DATA skip 1 using ( \
	X_TOP = max(X_TOP, column(13)), \
	TOP[number(2)] = max(max(TOP[number(2)], column(14)), column(15)), \
	0) name "IGNORED" nooutput

do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	set xrange [-0.03 * X_TOP:1.03 * X_TOP]
	set xtics nomirror step(X_TOP, PLOT_W / 120)
	if (x_labels) { set format x "%.0f" } else { set format x "" }
	unset arrow
	if (COLLECT_AT[p] > 0) {
		set arrow from COLLECT_AT[p], graph 0 to COLLECT_AT[p], graph 1 \
			nohead back dt 1 lw 0.8 lc rgb 0xa0a0a0
	}
	set yrange [0:1.06 * TOP[GRP_OF[p]]]
	plot for [k = 2:1:-1] for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s ? column(13) : NaN): \
		(column(13 + k)) \
		with linespoints lc rgb colour(s) dt KEY_DASH[k] \
		lw KEY_WIDTH[k] pt point(s) ps (k == 1 ? 0.7 : 0.25) notitle
}
unset multiplot
unset output
