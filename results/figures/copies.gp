# Where and why the pages of a worker were copied
#
# One panel per interpreter (and workload, scale and number of workers), two
# bars per stack of strategies, both as long as all that a worker had copied
# when its last request was served: the upper one says why, the lower one where.
# Means over workers and repeats.  harness/causes.h and harness/places.h say
# what the parts mean.

#sql WITH c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers) AS grp,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers,
#sql                        tag COLLATE VERSION, tag, executable) AS panel,
#sql     dense_rank() OVER (ORDER BY strategy <> 'none', strategy) AS series,
#sql     (SELECT json_extract(coalesce(facts, runs.host), '$.page_bytes') /
#sql        1048576.0 FROM runs LEFT JOIN placement ON cell = placed.id
#sql        LEFT JOIN hosts ON hosts.id = placement.host
#sql      WHERE runs.id = placed.run) AS page_mib
#sql   FROM placed WHERE run = ?1 AND status <> 'pending'),
#sql part(bar, part, name) AS (VALUES
#sql   (1, 1, 'gc_header'), (1, 2, 'reference_count'), (1, 3, 'content'),
#sql   (1, 4, 'nothing'),
#sql   (2, 1, 'pymalloc'), (2, 2, 'malloc'), (2, 3, 'library'),
#sql   (2, 4, 'stack'), (2, 5, 'other')),
#sql m AS (
#sql   SELECT panel, series, bar, part,
#sql     sum(pages * page_mib) / count(DISTINCT cell) AS mib
#sql   FROM c JOIN copies ON cell = c.id AND status = 'ok'
#sql     JOIN part ON name = CASE bar WHEN 1 THEN cause ELSE place END
#sql   GROUP BY panel, series, bar, part),
#sql d AS (
#sql   SELECT *, sum(mib) OVER (PARTITION BY panel, series, bar
#sql                            ORDER BY part) AS upto FROM m)
#sql SELECT panel, min(grp) AS grp, series, strategy, tag, workload, scale,
#sql   workers, max(requests) AS requests, max(repeat) AS repeats,
#sql   max(collect_at) AS collect_at,
#sql   CASE WHEN upto IS NULL THEN
#sql     CASE max(status) WHEN 'ok' THEN 'not measured' ELSE max(status) END
#sql     END AS why,
#sql   bar, part, upto - mib AS since, upto
#sql FROM c LEFT JOIN d USING (panel, series)
#sql WHERE EXISTS (SELECT 1 FROM d WHERE upto IS NOT NULL)
#sql GROUP BY panel, series, bar, part
#sql ORDER BY panel, series, bar, part

TITLE = "Where and why a worker's pages were copied, up to its last request"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
ROW_H = 42
ROW_GAP = 52
LEGEND_ROWS = 2
load FIGURES."/_style.gp"

array BAR[2] = [ "why", "where" ]
# Pixels from a row's upper edge; the bar's upper edge, middle and lower edge.
bar_from(bar) = bar == 1 ? 7 : 25
bar_at(bar) = bar == 1 ? 15 : 31
bar_to(bar) = bar == 1 ? 23 : 37
# The upper bar's parts, then the lower one's.  Neighbours differ in lightness,
# so that they can be told apart in grey.
array PART[9] = [ "collector's header", "reference count", "other content", \
	"nothing left of it", "pymalloc", "malloc", "libraries' data", \
	"stack", "other" ]
array FILL[9] = [ 0xd55e00, 0x7cc4f0, 0x333333, 0xdcdcdc, \
	0x00664b, 0xe69f00, 0x7a3b69, 0xcc79a7, 0xf0e442 ]
# Rows without bars have NaN for both.
fill(bar, part) = part >= 1 ? FILL[int(part) + (bar == 1 ? 0 : 4)] : 0

X_LABEL = "copied per worker (MiB)"
Y_LABEL = ""
array TOP[GRPS]
do for [g = 1:GRPS] { TOP[g] = 1e-6 }
stats DATA skip 1 using ( \
	TOP[number(2)] = max(TOP[number(2)], column(16)), \
	0) name "IGNORED" nooutput

do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	unset object
	do for [k = 1:(p == 1 ? 9 : 0)] {
		x0 = 70 + 162 * (k < 5 ? k - 1 : k - 5)
		y0 = HEAD + (k < 5 ? 12 : 33)
		if (k == 1 || k == 5) {
			set label BAR[k == 1 ? 1 : 2] at screen x_of(16), \
				screen y_of(y0) textcolor rgb INK noenhanced
		}
		set object rectangle front from screen x_of(x0), \
			screen y_of(y0 + 7) to screen x_of(x0 + 24), \
			screen y_of(y0 - 7) fillcolor rgb FILL[k] \
			fillstyle solid border rgb FAINT lw 0.6
		set label PART[k] at screen x_of(x0 + 31), screen y_of(y0) \
			textcolor rgb INK noenhanced
	}
	load FIGURES."/_rows.gp"
	do for [s = 1:(first_column(p) ? SERIES : 0)] {
		do for [b = 1:2] {
			set label BAR[b] right noenhanced font SMALL \
				at screen x_of(left(p) - 6), \
				first row(s, bar_at(b)) \
				textcolor rgb FAINT
		}
	}
	# Behind the longest bar there is room for the number.
	set xrange [0:TOP[GRP_OF[p]] * PLOT_W / (PLOT_W - 46)]
	set xtics nomirror step(TOP[GRP_OF[p]], 4)
	if (x_labels) { set format x "%h" } else { set format x "" }
	plot DATA skip 1 using (column(1) == p ? column(15) : NaN): \
		(row(column(3), bar_from(column(13)))):15:16: \
		(row(column(3), bar_from(column(13)))): \
		(row(column(3), bar_to(column(13)))): \
		(fill(column(13), column(14))) \
		with boxxyerror fillstyle solid border rgb FAINT \
		lc rgb variable lw 0.6 notitle, \
		DATA skip 1 using (max(0, column(16))): \
		(row(column(3), bar_at(1))):(column(1) == p && \
			strcol(13) eq "1" && strcol(14) eq "4" ? \
			sprintf(" %.1f", column(16)) : "") \
		with labels left font SMALL textcolor rgb INK notitle, \
		DATA skip 1 using (0):(row(column(3), 22)):(why(p)) \
		with labels left textcolor rgb FAINT notitle
}
unset multiplot
unset output
