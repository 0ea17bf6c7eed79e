/* cmd_import.c - `harness import`: a run that was exported as tables, from this
 * host or another, or documents of single cells, as a new run of a database. */
#define _GNU_SOURCE
#include <argp.h>
#include <stdio.h>

#include "cellsfile.h"
#include "commands.h"
#include "install.h"
#include "store.h"
#include "tables.h"
#include "util.h"

struct arguments {
	const char *dir;
	const char *cells; /* a file, instead of `dir` */
	const char *db;
};

enum { KEY_DB = 0x100, KEY_CELLS };

static const struct argp_option options[] = {
	{ "db", KEY_DB, "FILE", 0, "the results database, made if need be", 0 },
	{ "cells", KEY_CELLS, "FILE", 0,
	  "documents as 'cell --host' prints them, one per line; - is standard "
	  "input",
	  0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case KEY_DB:
		if (*arg == '\0')
			argp_error(state, "--db needs a file");
		a->db = arg;
		return 0;
	case KEY_CELLS:
		a->cells = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (a->dir != NULL)
			argp_error(state, "too many arguments");
		a->dir = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->dir == NULL && a->cells == NULL)
			argp_error(state, "import which folder?");
		if (a->dir != NULL && a->cells != NULL)
			argp_error(state, "either a folder or --cells");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "DIR\n--cells=FILE",
	.doc = "Stores the run that 'export --format=tables --out=DIR' wrote, or "
	       "cells that were run one by one, as a new run.",
};

int cmd_import(int argc, char **argv)
{
	struct arguments a = { NULL, NULL, install_default_db() };
	json_t *document;
	struct store s;
	int64_t run = -1;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	document = a.cells != NULL ? cellsfile_read(a.cells) :
				     tables_read(a.dir);
	if (document == NULL)
		return EXIT_FAULT;
	if (store_open(&s, a.db, STORE_WRITE) == 0) {
		run = store_import(&s, document);
		store_close(&s);
	}
	if (run > 0)
		printf("run %lld: %zu cells from %s\n", (long long)run,
		       json_array_size(json_object_get(document, "cells")),
		       a.cells != NULL ? a.cells : a.dir);
	json_decref(document);
	return run > 0 ? EXIT_OK : EXIT_FAULT;
}
