/* tablesparts.h - what tableswrite.c and tablesread.c must agree on. */
#ifndef PERMAFROST_TABLESPARTS_H
#define PERMAFROST_TABLESPARTS_H

#include <stddef.h>

#define TABLES_FORMAT 1
#define TABLES_LIST_MAX 8 /* elements of a metric that is a list */

enum table_id {
	TABLE_CELLS,
	TABLE_CURVE,
	TABLE_WORKER,
	TABLE_COPIES,
	TABLE_PAUSES,
	TABLE_LATENCIES,
	TABLE_METHODS,
	TABLE_REASONS,
	TABLES,
};

static const char *const table_names[TABLES] = {
	"cells",  "curve",     "worker",  "copies",
	"pauses", "latencies", "methods", "reasons",
};

/* Columns of cells.tsv before the metrics. */
enum identity_type { ID_TEXT, ID_OPTIONAL_TEXT, ID_NUMBER, ID_OPTIONAL_NUMBER };

static const struct identity {
	const char *name;
	enum identity_type type;
	long low, high;
} identity[] = {
	{ "python", ID_TEXT, 0, 0 },
	{ "tag", ID_TEXT, 0, 0 },
	{ "executable", ID_OPTIONAL_TEXT, 0, 0 },
	{ "strategy", ID_TEXT, 0, 0 },
	{ "workload", ID_TEXT, 0, 0 },
	{ "scale", ID_NUMBER, 0, 0x7fffffff },
	{ "workers", ID_NUMBER, 1, 256 },
	{ "requests", ID_NUMBER, 0, 0x7fffffff },
	{ "collect_at", ID_NUMBER, -1, 0x7fffffff },
	{ "repeat", ID_NUMBER, 1, 0x7fffffff },
	{ "seed", ID_NUMBER, 0, 0x7fffffff },
	{ "parallel", ID_OPTIONAL_NUMBER, 1, 0x7fffffff },
	{ "status", ID_TEXT, 0, 0 },
	{ "reason", ID_OPTIONAL_TEXT, 0, 0 },
	{ "lost_samples", ID_NUMBER, 0, 1L << 53 },
};
#define IDENTITY (sizeof identity / sizeof *identity)

/* Columns behind `method`, both or neither. */
static const struct identity placement[] = {
	{ "host", ID_OPTIONAL_TEXT, 0, 0 },
	{ "jobs", ID_OPTIONAL_NUMBER, 1, 0x7fffffff },
};
#define PLACEMENT (sizeof placement / sizeof *placement)

/* The schema that holds runs without these. */
#define TABLES_SCHEMA_ALONE 2

/* Of the document, kept in run.json. */
static const char *const run_facts[] = { "started", "finished", "options",
					 "host" };

#endif
