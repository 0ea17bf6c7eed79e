/* cmd_export.c - `harness export`: a run for other programs. */
#define _GNU_SOURCE
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "install.h"
#include "report.h"
#include "store.h"
#include "util.h"

struct arguments {
	const char *db;
	const char *format;
	long run;
};

enum { KEY_DB = 0x100, KEY_FORMAT, KEY_RUN };

static const struct argp_option options[] = {
	{ "format", KEY_FORMAT, "FORMAT", 0, "json, csv or tsv (default: json)",
	  0 },
	{ "run", KEY_RUN, "ID", 0, "which run (default: the newest)", 0 },
	{ "db", KEY_DB, "FILE", 0, "the results database", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case KEY_DB:
		a->db = arg;
		return 0;
	case KEY_FORMAT:
		if (strcmp(arg, "json") != 0 && strcmp(arg, "csv") != 0 &&
		    strcmp(arg, "tsv") != 0)
			argp_error(state, "--format takes json, csv or tsv, "
				   "not '%s'", arg);
		a->format = arg;
		return 0;
	case KEY_RUN:
		if (parse_long(arg, 1, 1L << 40, &a->run) < 0)
			argp_error(state, "--run takes a run's number, see "
				   "'list runs'");
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "too many arguments");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Prints a run with all its cells and metrics on stdout.",
};

int cmd_export(int argc, char **argv)
{
	struct arguments a = { .db = install_default_db(), .format = "json" };
	struct store s;
	json_t *document;
	int64_t run;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	if (store_open(&s, a.db, STORE_READ) < 0)
		return EXIT_FAULT;
	run = store_find_run(&s, a.run);
	document = run > 0 ? store_export(&s, run) : NULL;
	store_close(&s);
	if (document == NULL)
		return run == 0 ? EXIT_USAGE : EXIT_FAULT;
	if (strcmp(a.format, "json") == 0) {
		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		report_rows(stdout, document, a.format[0] == 'c' ? ',' : '\t');
	}
	json_decref(document);
	return EXIT_OK;
}
