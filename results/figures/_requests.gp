# The x axis of panel p, requests served on a scale of log10(1 + n), and a line
# where workers are made to run a full collection.  Loaded after _panel.gp.

set xrange [-0.03 * X_TOP:1.03 * X_TOP]
set xtics nomirror ((x_labels ? "0" : "") 0)
do for [k = 0:int(X_TOP)] {
	set xtics add ((x_labels ? sprintf("%.0f", 10.0**k) : "") \
		requests_x(10.0**k))
	do for [i = 2:9] {
		set xtics add ("" requests_x(i * 10.0**k) 1)
	}
}
unset arrow
if (COLLECT_AT[p] > 0) {
	set arrow from requests_x(COLLECT_AT[p]), graph 0 \
		to requests_x(COLLECT_AT[p]), graph 1 nohead back \
		dt 1 lw 0.8 lc rgb 0xa0a0a0
}
