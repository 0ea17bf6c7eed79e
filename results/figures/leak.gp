# Leak: growth of a worker's private memory per 1000 requests
#
# One panel per interpreter (and workload, scale and number of workers), one bar
# per stack of strategies: leak_kib_per_1k, the slope over the second half of
# the requests; means over repeats.  Sharing that still erodes counts as growth,
# too (see the figure of erosion).  The line goes from the least to the most of
# the repeats.

#sql WITH c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers) AS grp,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers,
#sql                        tag COLLATE VERSION, tag, executable) AS panel,
#sql     dense_rank() OVER (ORDER BY strategy <> 'none', strategy) AS series
#sql   FROM placed WHERE run = ?1 AND status <> 'pending'),
#sql d AS (
#sql   SELECT panel, grp, series, strategy, tag, workload, scale, workers,
#sql     max(requests) AS requests, max(repeat) AS repeats,
#sql     max(collect_at) AS collect_at,
#sql     CASE WHEN count(value) = 0 THEN
#sql       CASE max(status) WHEN 'ok' THEN 'not measured' ELSE max(status) END
#sql       END AS why,
#sql     avg(value) AS kib, min(value) AS least, max(value) AS most,
#sql     count(value) AS n
#sql   FROM c LEFT JOIN metric m ON m.cell = id AND m.key = 'leak_kib_per_1k'
#sql     AND status = 'ok'
#sql   GROUP BY panel, series)
#sql SELECT * FROM d WHERE EXISTS (SELECT 1 FROM d WHERE kib IS NOT NULL)
#sql ORDER BY panel, series

TITLE = "Growth of a worker's private memory, second half of the requests"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
ROW_H = 34
ROW_GAP = 10
LEGEND_ROWS = 0
load FIGURES."/_style.gp"

X_LABEL = "KiB per 1000 requests"
Y_LABEL = ""
array LOW[GRPS]
array TOP[GRPS]
do for [g = 1:GRPS] { LOW[g] = 0; TOP[g] = 1 }
stats DATA skip 1 using ( \
	LOW[number(2)] = min(LOW[number(2)], column(14)), \
	TOP[number(2)] = max(TOP[number(2)], column(15)), \
	0) name "IGNORED" nooutput

do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	load FIGURES."/_rows.gp"
	# Behind the longest bar there is room for the number.
	g = GRP_OF[p]
	set xrange [LOW[g]:LOW[g] + (TOP[g] - LOW[g]) * PLOT_W / (PLOT_W - 56)]
	set xtics nomirror step(TOP[g] - LOW[g], 3)
	if (x_labels) {
		set format x (TOP[g] < 10000 ? "%h" : "%.0s%c")
	} else { set format x "" }
	plot DATA skip 1 using (column(1) == p ? column(13) : NaN): \
		(row(column(3), 7)):(min(0, column(13))):(max(0, column(13))): \
		(row(column(3), 7)):(row(column(3), 27)): \
		(colour(int(column(3)))) \
		with boxxyerror fillstyle solid 0.75 border rgb FAINT \
		lc rgb variable lw 0.6 notitle, \
		DATA skip 1 using (column(1) == p && column(16) > 1 ? \
			column(13) : NaN):(row(column(3), 17)):14:15 \
		with xerrorbars pt 0 lw 1.1 lc rgb INK notitle, \
		DATA skip 1 using (max(0, column(15))):(row(column(3), 17)): \
		(column(1) == p && strcol(13) ne "NaN" ? \
			sprintf("  %.0f", column(13)) : "") \
		with labels left font SMALL textcolor rgb INK notitle, \
		DATA skip 1 using (0):(row(column(3), 17)): \
		(why(p)) \
		with labels left textcolor rgb FAINT notitle
}
unset multiplot
unset output
