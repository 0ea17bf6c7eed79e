# Total memory against the baseline, interpreter by strategy
#
# One panel per workload (and scale and number of workers), a row per stack of
# strategies, a column per interpreter.  A field says total_kib at the last
# checkpoint as a ratio of means to that of the run's baseline (--baseline) on
# the same interpreter.  A field without a colour has no ratio, and says why.

#sql WITH c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers) AS panel,
#sql     dense_rank() OVER (ORDER BY strategy <> 'none', strategy) AS series,
#sql     dense_rank() OVER (ORDER BY tag COLLATE VERSION, tag, executable)
#sql       AS field
#sql   FROM placed WHERE run = ?1 AND status <> 'pending'),
#sql m AS (
#sql   SELECT panel, series, field, strategy AS stack, avg(value) AS total
#sql   FROM c JOIN metric m ON m.cell = id AND m.key = 'total_kib'
#sql   WHERE status = 'ok' AND value IS NOT NULL
#sql   GROUP BY panel, series, field),
#sql b AS (
#sql   SELECT panel, field, stack AS base, total AS baseline FROM m
#sql   WHERE stack = (SELECT json_extract(options, '$.baseline') FROM runs
#sql                  WHERE id = ?1))
#sql SELECT panel, 1 AS grp, series, strategy, tag, workload, scale, workers,
#sql   max(requests) AS requests, max(repeat) AS repeats,
#sql   max(collect_at) AS collect_at,
#sql   CASE WHEN total IS NULL THEN
#sql     CASE max(status) WHEN 'ok' THEN 'not measured' ELSE max(status) END
#sql     WHEN baseline IS NULL THEN 'no baseline' END AS why,
#sql   field, total / baseline AS ratio, base
#sql FROM c LEFT JOIN m USING (panel, series, field)
#sql   LEFT JOIN b USING (panel, field)
#sql WHERE EXISTS (SELECT 1 FROM m JOIN b USING (panel, field))
#sql GROUP BY panel, series, field
#sql ORDER BY panel, series, field

TITLE = "Total memory as a ratio to the baseline"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
ROW_H = 30
ROW_GAP = 12
LEGEND_ROWS = 2
FIELD_W = 84
load FIGURES."/_style.gp"

BASELINE = ""
array NAME[FIELDS]
array WHERE[PANELS]
stats DATA skip 1 using ( \
	BASELINE = strcol(15) eq "NaN" ? BASELINE : strcol(15), \
	NAME[number(13)] = version_of(strcol(5)), \
	WHERE[number(1)] = VARIANT[number(1)], 0) name "IGNORED" nooutput
title_of(p) = strlen(WHERE[p]) ? (WHERE[p])[1:strlen(WHERE[p]) - 2] : ""
second_line(p) = ""

# From blue (a quarter of the baseline and less) over white (1) to orange (twice
# and more): both ends stay apart for the colour blind, and in lightness from 1.
mix(from, to, t) = int(from + (to - from) * t + 0.5)
shade(r, g, b, t) = mix(255, r, t) * 65536 + mix(255, g, t) * 256 + \
	mix(255, b, t)
depth(ratio) = ratio <= 0 ? 1 : min(1, abs(log(ratio) / log(ratio < 1 ? 4 : 2)))
fill(ratio) = ratio < 1 ? shade(0, 90, 160, depth(ratio)) : \
	shade(213, 94, 0, depth(ratio))
ink(ratio) = ratio < 1 && depth(ratio) > 0.75 ? 0xffffff : INK

X_LABEL = ""
Y_LABEL = ""
do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	load FIGURES."/_rows.gp"
	unset object
	STEPS = 60
	do for [k = 0:(p == 1 ? STEPS - 1 : -1)] {
		set object rectangle from screen x_of(16 + 4 * k), \
			screen y_of(HEAD + 6) to screen x_of(20 + 4 * k), \
			screen y_of(HEAD + 18) fillstyle solid noborder \
			fillcolor rgb fill(2**(3. * (k + 0.5) / STEPS - 2))
	}
	do for [k = 0:(p == 1 ? 3 : -1)] {
		set label (k == 0 ? "≤ 0.25" : k == 3 ? "≥ 2" : \
			k == 1 ? "0.5" : "1") \
			at screen x_of(16 + 80 * k), screen y_of(HEAD + 28) \
			font SMALL textcolor rgb INK noenhanced
	}
	if (p == 1) {
		set label "of the total memory with ".head(BASELINE, 60) \
			at screen x_of(290), screen y_of(HEAD + 12) \
			textcolor rgb INK noenhanced
	}
	set xrange [0.5:FIELDS + 0.5]
	set xtics nomirror scale 0 (" " 1)
	do for [f = 1:FIELDS] { set xtics add (NAME[f] f) }
	unset grid
	unset border
	plot DATA skip 1 using (column(1) == p && column(14) > 0 ? \
			column(13) : NaN):(row(column(3), 15)): \
		(column(13) - 0.485):(column(13) + 0.485): \
		(row(column(3), 1)):(row(column(3), 29)):(fill(column(14))) \
		with boxxyerror fillstyle solid border rgb 0xd0d0d0 \
		lc rgb variable lw 0.6 notitle, \
		DATA skip 1 using 13:(row(column(3), 15)): \
		(column(1) == p && strcol(14) ne "NaN" ? \
			sprintf("%.2f", column(14)) : ""): \
		(strcol(14) eq "NaN" ? INK : ink(column(14))) \
		with labels textcolor rgb variable notitle, \
		DATA skip 1 using 13:(row(column(3), 15)): \
		(why(p)) \
		with labels font SMALL textcolor rgb FAINT notitle
}
unset multiplot
unset output
