/* cmd_plot.c - `harness plot`: figures of a run. */
#define _GNU_SOURCE
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "draw.h"
#include "runchoice.h"

struct arguments {
	struct run_choice choice;
	const char *out;
	struct strings figures;
	struct strings formats;
};

enum { KEY_OUT = OPTION_AFTER_RUN, KEY_FIGURE, KEY_FORMAT };

static const struct argp_option options[] = {
	{ "figure", KEY_FIGURE, "NAME,...", 0, "which ones (default: all)", 0 },
	{ "format", KEY_FORMAT, "FORMAT,...", 0,
	  "svg, png, pdf, or tsv, the data (default: svg,png)", 0 },
	{ "out", KEY_OUT, "DIR", 0, "where to put them (default: plots)", 0 },
	RUN_OPTIONS,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case KEY_OUT:
		a->out = arg;
		return 0;
	case KEY_FIGURE:
		strings_split(&a->figures, arg, ',');
		return 0;
	case KEY_FORMAT:
		strings_split(&a->formats, arg, ',');
		return 0;
	default:
		return run_choice_parse(key, arg, state, &a->choice);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Draws figures of a run with gnuplot and prints their paths.",
};

/* Fills in defaults and refuses unknown names.  0 or an exit code. */
static int check(struct arguments *a)
{
	static const char *const formats[] = { "svg", "png", "pdf", "tsv" };
	struct strings known = { NULL, 0 };
	int code = 0;

	draw_figures(&known);
	for (size_t i = 0; i < a->figures.n && code == 0; i++)
		if (!strings_has(&known, a->figures.items[i]))
			code = fail(EXIT_USAGE,
				    "unknown figure '%s'; see "
				    "'list figures'",
				    a->figures.items[i]);
	if (a->figures.n == 0)
		for (size_t i = 0; i < known.n; i++)
			strings_add(&a->figures, known.items[i]);
	strings_fini(&known);
	if (a->formats.n == 0)
		strings_split(&a->formats, "svg,png", ',');
	for (size_t i = 0; i < a->formats.n && code == 0; i++) {
		int found = 0;

		for (size_t f = 0; f < 4; f++)
			found |= strcmp(formats[f], a->formats.items[i]) == 0;
		if (!found)
			code = fail(EXIT_USAGE,
				    "--format takes svg, png, "
				    "pdf or tsv, not '%s'",
				    a->formats.items[i]);
	}
	return code;
}

int cmd_plot(int argc, char **argv)
{
	struct arguments a = { .out = "plots" };
	struct store s;
	int64_t run;
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	code = check(&a);
	if (code == 0)
		code = run_choice_open(&a.choice, &s, &run);
	if (code == 0) {
		if (draw_all(&s, run, &a.figures, &a.formats, a.out, stdout) <
		    0)
			code = EXIT_FAULT;
		store_close(&s);
	}
	strings_fini(&a.figures);
	strings_fini(&a.formats);
	return code;
}
