# The frame of panel p: place, titles, and labels where there is room.  Loaded
# by a figure before each plot, after _style.gp; sets no ranges.

set lmargin at screen x_of(left(p))
set rmargin at screen x_of(left(p) + PLOT_W)
set tmargin at screen y_of(top(p))
set bmargin at screen y_of(top(p) + PLOT_H)
unset label
set label title_of(p) at graph 0, screen y_of(top(p) - (second_lines ? 30 : 13)) \
	font font(1.05) textcolor rgb INK noenhanced
set label head(second_line(p), int(PLOT_W / 6.8)) \
	at graph 0, screen y_of(top(p) - 12) \
	font SMALL textcolor rgb FAINT noenhanced
x_labels = GRPS > 1 || last_of_column(p)
if (last_of_column(p)) { set xlabel X_LABEL } else { set xlabel "" }
if (GRPS > 1 || first_column(p)) { set format y "%h" } else { set format y "" }
if (first_column(p)) { set ylabel Y_LABEL } else { set ylabel "" }
