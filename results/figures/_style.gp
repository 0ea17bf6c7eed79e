# What the figures share: reading the table, the layout and the looks.
#
# A figure sets TITLE, and DATA, OUT, FORMAT and FIGURES to ARG1..ARG4 (see
# harness/draw.c; gnuplot hides them from loaded files), then loads this file.
# A figure of rows also sets ROW_H, see "layout".
# It draws what is above the panels; the figure goes on panel by panel.  The
# table (DATA) is ordered by panel and series and begins with the columns
#     1 panel   2 grp   3 series   4 strategy   5 tag   6 workload   7 scale
#     8 workers   9 requests   10 repeats   11 collect_at   12 why
# where panels of one grp share their y axis and why tells why a series has no
# curve in a panel (NaN: it has one).  Texts of the table are data: they are
# kept in arrays, never given to eval, and drawn without enhanced text.

set encoding utf8
set datafile separator "\t" commentschars ""

# A leading < or | would make gnuplot run a command.
plain(path) = path[1:1] eq "/" ? path : "./".path
DATA = plain(DATA)
OUT = plain(OUT)

# ---- the table

# b may be NaN: then a.
max(a, b) = b > a ? b : a
min(a, b) = b < a ? b : a
number(s) = int(column(s))
# The end of a text says more than its beginning: most are paths.
tail(s, n) = strlen(s) <= n ? s : "…".s[strlen(s) - n + 2:]
head(s, n) = strlen(s) <= n ? s : s[1:n - 1]."…"
count(n, noun) = sprintf("%s %s%s", n, noun, n eq "1" ? "" : "s")

stats DATA skip 1 using 1:3 name "TABLE" nooutput
PANELS = int(TABLE_max_x)
SERIES = int(TABLE_max_y)
stats DATA skip 1 using 2 name "GRP" nooutput
GRPS = int(GRP_max)

array STRATEGY[SERIES]
array DRAWN[SERIES]	# rows with data in all panels
array WHY[SERIES]	# why a series has no curve anywhere, or ""
do for [s = 1:SERIES] { DRAWN[s] = 0; WHY[s] = "" }
array TAG[PANELS]
array GRP_OF[PANELS]
array VARIANT[PANELS]	# what tells panels of one interpreter apart
array NOTE[PANELS]
array HELD[PANELS]	# rows with data
array EMPTY[PANELS]	# why there are none
array COLLECT_AT[PANELS]	# requests before a full collection is due
do for [p = 1:PANELS] { NOTE[p] = ""; HELD[p] = 0; EMPTY[p] = "" }

WORKLOAD = ""; SCALE = ""; WORKERS = ""; REQUESTS = ""; REPEATS = ""
COLLECT = ""
same(old, new) = old eq "" || old eq new ? new : "*"
stats DATA skip 1 using ( \
	WORKLOAD = same(WORKLOAD, strcol(6)), \
	SCALE = same(SCALE, strcol(7)), \
	WORKERS = same(WORKERS, strcol(8)), \
	REQUESTS = same(REQUESTS, strcol(9)), \
	REPEATS = same(REPEATS, strcol(10)), \
	COLLECT = same(COLLECT, strcol(11)), \
	COLLECT_AT[number(1)] = column(11), \
	STRATEGY[number(3)] = strcol(4), \
	DRAWN[number(3)] = DRAWN[number(3)] + (strcol(12) eq "NaN"), \
	WHY[number(3)] = strcol(12) eq "NaN" ? WHY[number(3)] : \
		WHY[number(3)] eq "" || WHY[number(3)] eq strcol(12) ? \
		strcol(12) : "no data", \
	HELD[number(1)] = HELD[number(1)] + (strcol(12) eq "NaN"), \
	EMPTY[number(1)] = same(EMPTY[number(1)], strcol(12)), \
	GRP_OF[number(1)] = number(2), \
	TAG[number(1)] = strcol(5), 0) name "IGNORED" nooutput

# What all panels have in common is said once, in the subtitle.
part(common, text, sep) = common eq "*" ? "" : text.sep
stats DATA skip 1 using ( \
	VARIANT[number(1)] = \
		(WORKLOAD eq "*" ? tail(strcol(6), 24).", " : ""). \
		(SCALE eq "*" ? "scale ".strcol(7).", " : ""). \
		(WORKERS eq "*" ? count(strcol(8), "worker").", " : ""). \
		(REQUESTS eq "*" ? count(strcol(9), "request").", " : ""), \
	NOTE[number(1)] = exists("ROW_H") ? "" : HELD[number(1)] == 0 ? \
		(EMPTY[number(1)] eq "*" ? "no data, " : EMPTY[number(1)].", ") : \
		strcol(12) ne "NaN" && DRAWN[number(3)] > 0 ? \
		NOTE[number(1)].strcol(4).": ".strcol(12).", " : \
		NOTE[number(1)], 0) name "IGNORED" nooutput
SUBTITLE = part(WORKLOAD, tail(WORKLOAD, 40), ", "). \
	part(SCALE, "scale ".SCALE, ", "). \
	part(WORKERS, count(WORKERS, "worker"), ", "). \
	part(REQUESTS, count(REQUESTS, "request").(WORKERS eq "1" ? "" : \
		" each"), ", "). \
	(REPEATS eq "1" ? "" : (exists("POOLED") ? "sum of " : "mean of "). \
	 (REPEATS eq "*" ? "" : REPEATS." ")."repeats, "). \
	(COLLECT eq "*" || COLLECT eq "0" ? "" : COLLECT + 0 < 0 ? \
		"full collections left to chance, " : \
		"full collection due at request ".COLLECT. \
		(exists("AT_LINE") ? " (vertical line), " : ", "))
SUBTITLE = SUBTITLE[1:strlen(SUBTITLE) - 2]

# ---- colours (Okabe and Ito, and two more), points and dashes

array COLOUR = [ 0x000000, 0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0x56b4e9, \
	0xe69f00, 0x882255, 0x999999 ]
array POINT = [ 6, 5, 9, 13, 11, 7, 4, 8, 12, 10 ]
set dashtype 2 (16,4)
set dashtype 3 (7,3)
set dashtype 4 (12,3,2,3)
set dashtype 5 (2,4)
set dashtype 6 (20,3,2,3,2,3)
set dashtype 7 (5,2,5,7)
# Black and the first point are kept for the stack that does nothing.
style(s) = s - 1 + (STRATEGY[1] eq "none" ? 0 : 1)
colour(s) = COLOUR[style(s) == 0 ? 1 : (style(s) - 1) % (|COLOUR| - 1) + 2]
point(s) = POINT[style(s) % |POINT| + 1]
dash(s) = style(s) % 7 + 1
# The baseline, drawn first, shows from under a curve that hides it.
width(s) = style(s) == 0 ? 2.8 : 1.7
INK = 0x222222
FAINT = 0x666666

# ---- layout, in pixels of a drawing W wide

COLS = exists("FIELD_W") ? 1 : PANELS <= 3 ? PANELS : PANELS == 4 ? 2 : \
	PANELS <= 6 || PANELS == 9 ? 3 : 4
ROWS = (PANELS + COLS - 1) / COLS
# A figure of rows has one for each series, ROW_H high, with its name ROW_GAP to
# the left (see _rows.gp), broken into two lines of at most NAME_MAX characters,
# and instead of the legend of series LEGEND_ROWS rows of its own.  FIELD_W asks
# for columns of that width in each panel, as many as the table's column 13
# counts; then a panel is not an interpreter, and panels are below each other.
longest = 0
do for [s = 1:SERIES] { longest = max(longest, strlen(STRATEGY[s])) }
NAME_MAX = 34
PLOT_H = exists("ROW_H") ? ROW_H * SERIES + 6 : \
	COLS == 1 ? 360 : COLS == 2 ? 260 : 210
if (exists("FIELD_W")) {
	# (stats deletes all variables whose name begins like its own.)
	stats DATA skip 1 using 13 name "COUNTED" nooutput
	FIELDS = int(COUNTED_max)
}
LEFT = exists("ROW_H") ? ROW_GAP + 22 + 7 * min(longest, NAME_MAX) : 84
RIGHT = 18
W = exists("FIELD_W") ? max(860, LEFT + FIELDS * FIELD_W + RIGHT) : \
	COLS == 1 ? 860 : COLS == 2 ? 940 : COLS == 3 ? 1100 : 1240
HEAD = 62		# title and subtitle
FOOT = 58		# tick labels and the title of the last row's x axis
# Panels that share all axes stand close, with labels at the edges only.
GAP_X = GRPS == 1 ? 22 : 64
BETWEEN = exists("FIELD_W") ? 36 : GRPS == 1 ? 22 : 40
second_lines = 0
do for [p = 1:PANELS] {
	second_lines = second_lines || strlen(VARIANT[p].NOTE[p]) > 0
}
TITLE_H = second_lines ? 40 : 24
PLOT_W = exists("FIELD_W") ? FIELDS * FIELD_W : \
	(W - LEFT - RIGHT - (COLS - 1) * GAP_X) / real(COLS)

# The legend: one entry per series, in columns as wide as the longest.
entry(s) = STRATEGY[s].(DRAWN[s] ? "" : " (".WHY[s].")")
longest = 0
do for [s = 1:SERIES] { longest = max(longest, strlen(entry(s))) }
SAMPLE = 46
ENTRY_W = SAMPLE + 8 + 7.9 * min(longest, 90) + 18
LEGEND_COLS = max(1, min(SERIES, int((W - LEFT - RIGHT) / ENTRY_W)))
if (!exists("ROW_H")) {
	LEGEND_ROWS = (SERIES + LEGEND_COLS - 1) / LEGEND_COLS
}
# A figure with a second meaning of lines sets KEY, KEY_DASH and KEY_WIDTH; one
# whose lines tell stacks apart, and whose points have a meaning, KEY_POINT, too:
# the point on a line or, where its width is 0, in its place.
# AT_LINE is set where _requests.gp draws a line at the full collection, POOLED
# where repeats are not averaged.
KEY_ROWS = exists("KEY") ? 1 : 0
sample_dash(s) = KEY_ROWS && !exists("KEY_POINT") ? 1 : dash(s)
LEGEND_H = 21 * (LEGEND_ROWS + KEY_ROWS) + 10
H = HEAD + LEGEND_H + ROWS * (TITLE_H + PLOT_H) + (ROWS - 1) * BETWEEN + FOOT

x_of(pixels) = pixels / real(W)
y_of(pixels) = 1 - pixels / real(H)	# counted from the top
left(p) = LEFT + (p - 1) % COLS * (PLOT_W + GAP_X)
top(p) = HEAD + LEGEND_H + TITLE_H + (p - 1) / COLS * (PLOT_H + TITLE_H + BETWEEN)
first_column(p) = (p - 1) % COLS == 0
last_of_column(p) = p + COLS > PANELS

# ---- the terminal: a pixel is a point in pdf; png is twice as fine

if (FORMAT eq "svg") {
	set terminal svg size W,H fixed name "permafrost" noenhanced \
		font "sans-serif,13" background rgb "white"
}
if (FORMAT eq "png") {
	set terminal pngcairo size 2*W,2*H noenhanced font "sans-serif,10" \
		fontscale 2 linewidth 2 pointscale 2 background rgb "white"
}
if (FORMAT eq "pdf") {
	set terminal pdfcairo size W/72.,H/72. noenhanced \
		font "sans-serif,13" fontscale 0.76 linewidth 1.3 \
		background rgb "white"
}
# Sizes relative to the terminal's own, which differ.
BASE = FORMAT eq "png" ? 10 : 13
font(size) = sprintf("sans-serif,%.1f", BASE * size)
SMALL = font(0.88)

set output OUT
set multiplot

# ---- above the panels, in pixels

unset border
unset tics
unset key
set lmargin at screen 0
set rmargin at screen 1
set tmargin at screen 1
set bmargin at screen 0
set xrange [0:W]
set yrange [H:0]
set label TITLE at 16,24 font font(1.3) textcolor rgb INK noenhanced
set label head(SUBTITLE, int(W / 7.2)) at 16,48 textcolor rgb FAINT noenhanced
do for [s = 1:(exists("ROW_H") ? 0 : SERIES)] {
	x0 = 16 + (s - 1) % LEGEND_COLS * ENTRY_W
	y0 = HEAD + 12 + (s - 1) / LEGEND_COLS * 21
	if (DRAWN[s]) {
		set arrow from x0,y0 to x0+SAMPLE,y0 nohead lw width(s) \
			lc rgb colour(s) dt sample_dash(s)
		set label "" at x0+SAMPLE/2,y0 point lc rgb colour(s) \
			pt point(s) ps 0.8
	}
	set label tail(entry(s), 90) at x0+SAMPLE+8,y0 noenhanced \
		textcolor rgb (DRAWN[s] ? INK : FAINT)
}
if (exists("KEY")) {
	x0 = 16
	y0 = HEAD + 12 + LEGEND_ROWS * 21
	do for [k = 1:|KEY|] {
		if (KEY_WIDTH[k] > 0) {
			set arrow from x0,y0 to x0+SAMPLE,y0 nohead \
				lc rgb FAINT lw KEY_WIDTH[k] dt KEY_DASH[k]
		}
		if (exists("KEY_POINT") && KEY_POINT[k] > 0) {
			set label "" at x0+SAMPLE/2,y0 point lc rgb FAINT \
				pt KEY_POINT[k] ps 1.2 lw 2
		}
		set label KEY[k] at x0+SAMPLE+8,y0 textcolor rgb INK noenhanced
		x0 = x0 + SAMPLE + 8 + 7.2 * strlen(KEY[k]) + 18
	}
}
plot NaN notitle
unset arrow
unset label
set xrange [*:*]
set yrange [*:*]
set border 3 lc rgb FAINT lw 0.8
set tics out scale 0.5,0.25 textcolor rgb INK font SMALL
set xtics nomirror
set ytics nomirror
set grid xtics ytics lt 1 dt 1 lw 0.6 lc rgb 0xe2e2e2
set xlabel offset 0,0.4 font font(1) textcolor rgb INK noenhanced
set ylabel font font(1) textcolor rgb INK noenhanced

# ---- what panels need

# The distance of tics on an axis of `range`, about `n` of them: 1, 2 or 5 times
# a power of ten.
step(range, n) = round_up(range / real(n), 10**floor(log10(range / real(n))))
round_up(step, power) = (step <= power ? 1 : step <= 2 * power ? 2 : \
	step <= 5 * power ? 5 : 10) * power

# log10(1 + n): a logarithmic scale that has room for 0.
requests_x(n) = log10(1 + n)
X_TOP = requests_x(1)

is_kind(tag, kind) = strlen(tag) > 2 && tag[1:2] eq kind && \
	strstrt("0123456789", tag[3:3]) > 0
version_of(tag) = is_kind(tag, "cp") || is_kind(tag, "pp") ? \
	tag[3:strlen(tag)] : tag
title_of(p) = is_kind(TAG[p], "go") ? "Go ".(TAG[p])[3:strlen(TAG[p])] : \
	(is_kind(TAG[p], "cp") ? "CPython " : \
	is_kind(TAG[p], "pp") ? "PyPy " : "").version_of(TAG[p])
second_line(p) = strlen(VARIANT[p].NOTE[p]) ? \
	(VARIANT[p].NOTE[p])[1:strlen(VARIANT[p].NOTE[p]) - 2] : ""
