# The rows of panel p, one for each series, counted in pixels from its upper
# edge, with the names of the series.  Loaded after _panel.gp by figures that
# set ROW_H and ROW_GAP (see _style.gp).

row(s, y) = ROW_H * (s - 1) + y
# A long name in two lines, broken behind a +; of what is longer still, the end.
lines(name) = strlen(name) <= NAME_MAX ? 1 : 2
cut(name, n) = n == 0 ? NAME_MAX : name[n:n] eq "+" ? n : cut(name, n - 1)
line(name, n) = lines(name) == 1 ? name : n == 1 ? name[1:cut(name, NAME_MAX)] : \
	tail(name[cut(name, NAME_MAX) + 1:strlen(name)], NAME_MAX)

# Plots `with labels` give all rows, labels that are not wanted being empty:
# gnuplot 5.4 crashes when no point of such a plot is valid.  It also makes a
# label of every NaN that it reads, so these are told by strcol().
why(p) = column(1) == p && strcol(12) ne "NaN" ? " ".strcol(12) : ""

set yrange [ROW_H * SERIES + 6:0]
unset ytics
do for [s = 1:(first_column(p) ? SERIES : 0)] {
	do for [n = 1:lines(STRATEGY[s])] {
		set label line(STRATEGY[s], n) right noenhanced \
			at screen x_of(left(p) - ROW_GAP), \
			first row(s, ROW_H / 2 + (lines(STRATEGY[s]) == 1 ? 0 : \
				n == 1 ? -7 : 8)) textcolor rgb INK
	}
}
