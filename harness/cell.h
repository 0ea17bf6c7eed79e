/* cell.h - runs one cell and says what it measured. */
#ifndef PERMAFROST_CELL_H
#define PERMAFROST_CELL_H

#include <jansson.h>

#include "cellkey.h"
#include "install.h"

struct cell_limits {
	long timeout_s;	      /* for the whole cell */
	int64_t min_free_kib; /* the host's MemAvailable must stay above; 0:
				 * do not look */
	int64_t memory_kib;   /* what the cell's cgroup may hold, where one
				 * can be made; 0: no limit */
	int parallel;	      /* workers that serve at the same time */
	int given;	      /* bits of those from the command line; see
				 * celllimits.c */
};

/* The identity of a cell as the head of its JSON document, with status and
 * reason.  A new object. */
json_t *cell_document(const struct cellkey *key, const char *version,
		      const char *executable, const char *status,
		      const char *reason);

/* Runs the cell `key` on `interpreter`.  Returns a new JSON object as DESIGN
 * describes it; failures of the measured program are in it.  NULL with one line
 * in *error (to free) when the harness itself could not go on, or was
 * interrupted. */
json_t *cell_run(const struct cellkey *key,
		 const struct interpreter *interpreter,
		 const struct workload *workload,
		 const struct cell_limits *limits, char **error);

#endif
