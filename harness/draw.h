/* draw.h - figures of a run, drawn by gnuplot.
 *
 * A figure is one file results/figures/NAME.gp.  Its first comment line is its
 * title; lines "#sql ..." are the query that gives its data, ?1 being the run.
 * gnuplot gets ARG1 the data (tab-separated, one header line), ARG2 the output
 * file, ARG3 the terminal (svg, png or pdf).  As "tsv", a figure is that table.
 * The same data give the same bytes.
 */
#ifndef PERMAFROST_DRAW_H
#define PERMAFROST_DRAW_H

#include <stdio.h>

#include "store.h"
#include "util.h"

/* Names of all figures, sorted. */
void draw_figures(struct strings *names);

/* Title of a figure; new, or NULL. */
char *draw_title(const char *figure);

/* Draws one figure into memory, without any file.  Returns as draw_figure(); *bytes
 * is what was drawn (to free) when it is 0, *left_out how many panels are too many
 * for a drawing when it is not -1. */
int draw_bytes(struct store *s, int64_t run, const char *figure,
	       const char *format, char **bytes, size_t *size, long *left_out);

/* Draws one figure into DIR/FIGURE.FORMAT, which is replaced when it is complete.
 * Returns 0; 1 when the run has no data for it, and then there is no such file;
 * -1 after a complaint.  *path is what was drawn (to free); *left_out as above. */
int draw_figure(struct store *s, int64_t run, const char *figure,
		const char *format, const char *dir, char **path,
		long *left_out);

/* Draws each of `figures` in each of `formats` and prints the paths to `out`,
 * one a line; complains about figures without data.  0 or -1. */
int draw_all(struct store *s, int64_t run, const struct strings *figures,
	     const struct strings *formats, const char *dir, FILE *out);

#endif
