# Collection pauses by percentile
#
# One panel per interpreter (and workload, scale and number of workers), one
# curve per stack of strategies; the collections of all generations, workers
# and repeats together.  The x axis opens up the tail: -log10 of the share of
# collections that took longer.  A step goes from the share before a bucket of
# the histogram to the share after it; marks are at 50, 90, 99 % and so on, as
# far as there are collections enough, and at the longest.
#
# Go's cells are a curve in each panel of their workload, scale, workers and host,
# and have a panel of their own only where there is no other.

#sql WITH drawn AS (
#sql   SELECT *, tag GLOB 'go[0-9]*' AS go,
#sql     substr(tag, instr(tag || ' on ', ' on ')) AS host
#sql   FROM placed WHERE run = ?1 AND status <> 'pending'),
#sql frames AS (
#sql   SELECT DISTINCT workload, scale, workers, host, tag, executable FROM drawn
#sql   WHERE NOT go),
#sql curves AS (
#sql   SELECT id, status, requests, collect_at, repeat, workload, scale, workers,
#sql     tag, executable, strategy, 0 AS go FROM drawn AS d
#sql   WHERE NOT go OR NOT EXISTS (SELECT 1 FROM frames AS f
#sql     WHERE f.workload = d.workload AND f.scale = d.scale
#sql       AND f.workers = d.workers AND f.host = d.host) UNION ALL
#sql   SELECT d.id, status, requests, collect_at, repeat, f.workload, f.scale,
#sql     f.workers, f.tag, f.executable,
#sql     'Go ' || substr(d.tag, 3, length(d.tag) - 2 - length(d.host)), 1
#sql   FROM drawn AS d JOIN frames AS f USING (workload, scale, workers, host)
#sql   WHERE go AND strategy = 'none'),
#sql c AS (
#sql   SELECT *,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers) AS grp,
#sql     dense_rank() OVER (ORDER BY workload, scale, workers,
#sql                        tag COLLATE VERSION, tag, executable) AS panel,
#sql     dense_rank() OVER (ORDER BY go, strategy <> 'none', strategy) AS series
#sql   FROM curves),
#sql h AS (
#sql   SELECT panel, series, lower_ns AS ns, sum(count) AS n
#sql   FROM c JOIN histogram ON cell = c.id AND status = 'ok'
#sql   WHERE generation >= 0 AND count > 0 GROUP BY panel, series, lower_ns),
#sql q AS (
#sql   SELECT *, sum(n) OVER (PARTITION BY panel, series ORDER BY ns) AS upto,
#sql     sum(n) OVER (PARTITION BY panel, series) AS total FROM h),
#sql level(mark) AS (VALUES (0.5), (0.1), (0.01), (0.001), (0.0001), (0.00001)),
#sql points AS (
#sql   SELECT panel, series, 0 AS is_mark, ns, total,
#sql     1.0 * (total - upto + n) / total AS longer FROM q UNION ALL
#sql   SELECT panel, series, 0, ns, total, 1.0 * (total - upto) / total
#sql     FROM q UNION ALL
#sql   SELECT panel, series, 1, ns, total, mark FROM q JOIN level
#sql     ON mark * total >= 1 AND mark * total < total - upto + n
#sql     AND mark * total >= total - upto UNION ALL
#sql   SELECT panel, series, 1, ns, total, 0.0 FROM q WHERE upto = total)
#sql SELECT panel, min(grp) AS grp, series, strategy, tag, workload, scale,
#sql   workers, max(requests) AS requests, max(repeat) AS repeats,
#sql   max(collect_at) AS collect_at,
#sql   CASE WHEN ns IS NULL THEN CASE WHEN max(status = 'ok') = 0 THEN max(status)
#sql     WHEN sum(EXISTS (SELECT 1 FROM metric WHERE cell = c.id
#sql       AND key = 'gc_collections' AND value IS NOT NULL) AND NOT EXISTS
#sql       (SELECT 1 FROM placement WHERE cell = c.id AND jobs > 1)) > 0
#sql     THEN 'no collection' ELSE 'not measured' END END AS why,
#sql   is_mark, longer, max(ns, 1) / 1e6 AS ms, total
#sql FROM c LEFT JOIN points USING (panel, series)
#sql WHERE EXISTS (SELECT 1 FROM points)
#sql GROUP BY panel, series, is_mark, longer, ns
#sql ORDER BY panel, series, is_mark, longer DESC, ns

TITLE = "Collection pauses in workers by percentile"
DATA = ARG1; OUT = ARG2; FORMAT = ARG3; FIGURES = ARG4
POOLED = 1
load FIGURES."/_style.gp"

Y_LABEL = "pause (ms)"
X_LABEL = "percentile of collections"
array LOW[GRPS]
array TOP[GRPS]
do for [g = 1:GRPS] { LOW[g] = 1e9; TOP[g] = 1e-9 }
MOST = 1
stats DATA skip 1 using ( \
	MOST = max(MOST, column(16)), \
	LOW[number(2)] = -max(-LOW[number(2)], -column(15)), \
	TOP[number(2)] = max(TOP[number(2)], column(15)), \
	0) name "IGNORED" nooutput

# The last percentile that the largest number of collections tells, and from
# there room for the label of the maximum.
LAST = floor(log10(MOST))
X_TOP = max(log10(MOST) + 0.1, LAST + max(0.55, 0.16 * LAST))
percentile_x(longer) = longer > 0 ? -log10(longer) : X_TOP

do for [p = 1:PANELS] {
	load FIGURES."/_panel.gp"
	set xrange [-0.03 * X_TOP:1.03 * X_TOP]
	set xtics nomirror ((x_labels ? "0" : "") 0, (x_labels ? "max" : "") X_TOP)
	if (MOST >= 2) { set xtics add ((x_labels ? "50" : "") log10(2)) }
	do for [k = 1:LAST] {
		set xtics add ((x_labels ? sprintf("%.12g", \
			100 - 100 * 10.0**-k) : "") k)
	}
	set logscale y
	g = GRP_OF[p]
	set yrange [10**floor(log10(LOW[g])):10**max(ceil(log10(TOP[g])), \
		floor(log10(LOW[g])) + 1)]
	set ytics nomirror 10
	plot for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s && column(13) == 0 ? \
			percentile_x(column(14)) : NaN):15 \
		with lines lc rgb colour(s) dt dash(s) lw width(s) notitle, \
		for [s = 1:SERIES] DATA skip 1 \
		using (column(1) == p && column(3) == s && column(13) == 1 ? \
			percentile_x(column(14)) : NaN):15 \
		with points lc rgb colour(s) pt point(s) ps 0.8 notitle
}
unset multiplot
unset output
