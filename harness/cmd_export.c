/* cmd_export.c - `harness export`: a run for other programs. */
#define _GNU_SOURCE
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "report.h"
#include "runchoice.h"
#include "tables.h"
#include "util.h"

struct arguments {
	struct run_choice choice;
	const char *format;
	const char *out; /* folder for tables, or NULL */
	int no_latencies;
};

enum { KEY_FORMAT = OPTION_AFTER_RUN, KEY_OUT, KEY_NO_LATENCIES };

static const struct argp_option options[] = {
	{ "format", KEY_FORMAT, "FORMAT", 0,
	  "json, csv, tsv or tables (default: json)", 0 },
	{ "out", KEY_OUT, "DIR", 0,
	  "where to put the tables, which 'import' reads", 0 },
	{ "no-latencies", KEY_NO_LATENCIES, 0, 0,
	  "tables without the histograms of request latencies, the largest "
	  "part",
	  0 },
	RUN_OPTIONS,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case KEY_FORMAT:
		if (strcmp(arg, "json") != 0 && strcmp(arg, "csv") != 0 &&
		    strcmp(arg, "tsv") != 0 && strcmp(arg, "tables") != 0)
			argp_error(state,
				   "--format takes json, csv, tsv or "
				   "tables, not '%s'",
				   arg);
		a->format = arg;
		return 0;
	case KEY_OUT:
		if (*arg == '\0')
			argp_error(state, "--out needs a folder");
		a->out = arg;
		return 0;
	case KEY_NO_LATENCIES:
		a->no_latencies = 1;
		return 0;
	case ARGP_KEY_END:
		if ((strcmp(a->format, "tables") == 0) != (a->out != NULL))
			argp_error(state,
				   "--format=tables and --out=DIR need "
				   "each other");
		return 0;
	default:
		return run_choice_parse(key, arg, state, &a->choice);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Prints a run with all its cells and metrics on stdout, or "
	       "writes it as tables into a folder.",
};

int cmd_export(int argc, char **argv)
{
	struct arguments a = { .format = "json" };
	struct store s;
	json_t *document;
	int64_t run;
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	code = run_choice_open(&a.choice, &s, &run);
	if (code != 0)
		return code;
	document = store_export(&s, run);
	store_close(&s);
	if (document == NULL)
		return EXIT_FAULT;
	code = EXIT_OK;
	if (a.out != NULL) {
		if (tables_write(document, a.out, !a.no_latencies) < 0)
			code = EXIT_FAULT;
	} else if (strcmp(a.format, "json") == 0) {
		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		report_rows(stdout, document, a.format[0] == 'c' ? ',' : '\t');
	}
	json_decref(document);
	return code;
}
