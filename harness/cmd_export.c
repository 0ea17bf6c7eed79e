/* cmd_export.c - `harness export`: a run for other programs. */
#define _GNU_SOURCE
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "report.h"
#include "runchoice.h"
#include "util.h"

struct arguments {
	struct run_choice choice;
	const char *format;
};

enum { KEY_FORMAT = OPTION_AFTER_RUN };

static const struct argp_option options[] = {
	{ "format", KEY_FORMAT, "FORMAT", 0, "json, csv or tsv (default: json)",
	  0 },
	RUN_OPTIONS,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key != KEY_FORMAT)
		return run_choice_parse(key, arg, state, &a->choice);
	if (strcmp(arg, "json") != 0 && strcmp(arg, "csv") != 0 &&
	    strcmp(arg, "tsv") != 0)
		argp_error(state, "--format takes json, csv or tsv, not '%s'",
			   arg);
	a->format = arg;
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Prints a run with all its cells and metrics on stdout.",
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
	if (strcmp(a.format, "json") == 0) {
		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		report_rows(stdout, document, a.format[0] == 'c' ? ',' : '\t');
	}
	json_decref(document);
	return EXIT_OK;
}
