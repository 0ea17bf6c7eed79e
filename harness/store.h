/* store.h - the results database.
 *
 * One SQLite file, one transaction per cell.  Functions that fail complain on
 * stderr, in one line that says what to do, and return -1.
 */
#ifndef PERMAFROST_STORE_H
#define PERMAFROST_STORE_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdint.h>

/* Of results/schema.sql. */
#define STORE_SCHEMA_VERSION 3

struct store {
	sqlite3 *db;
	char *path;
	int lock_fd; /* held by the one coordinator; -1: reader */
};

enum store_mode {
	STORE_READ,  /* must exist */
	STORE_WRITE, /* created when absent; one writer at a time */
};

/* Opens and checks the database at `path`.  0 or -1. */
int store_open(struct store *s, const char *path, enum store_mode mode);
void store_close(struct store *s);

/* Plans a run: stores it and its cells, all pending, in one transaction.
 * `cells` is an array of cell documents (see cell_document()).  The run's id,
 * or -1. */
int64_t store_begin_run(struct store *s, const json_t *options,
			const json_t *host, const json_t *cells);

/* Replaces the pending cell of `run` with the same key by `document`, whose "host"
 * is the facts (host_facts()) and the "name" of the machine where it was measured
 * if that is not the run's own, and "jobs" the cells that ran there at the same
 * time if there were others.  When this returns 0, the cell is on disk. */
int store_cell(struct store *s, int64_t run, const json_t *document);

/* Marks the run as finished when no cell is pending. */
int store_end_run(struct store *s, int64_t run);

/* Stores a run that was finished elsewhere, a document as of store_export()
 * whose "run" does not matter, in one transaction.  The new run's id, or -1. */
int64_t store_import(struct store *s, const json_t *document);

/* The newest run, or the newest unfinished one.  0 when there is none, -1 on
 * error. */
int64_t store_latest_run(struct store *s, int unfinished);

/* The run a reader asks for: `wanted`, or the newest when it is 0.  0 after a
 * complaint when there is no such run, -1 on error. */
int64_t store_find_run(struct store *s, int64_t wanted);

/* Options of `run` as they were given to store_begin_run().  New, or NULL. */
json_t *store_run_options(struct store *s, int64_t run);

/* Keys of the run's pending cells in planned order.  A new array, or NULL. */
json_t *store_pending(struct store *s, int64_t run);

/* The whole run as DESIGN's JSON document.  "hosts" are the machines other than
 * its own "host", each with a "name" that no other has; a cell has the name of its
 * host as "host", and "jobs", where it would have them for store_cell().  New, or
 * NULL. */
json_t *store_export(struct store *s, int64_t run);

/* What that document gives as reason for a metric of which the database knows
 * nothing, not even a reason. */
const char *store_absent_reason(const json_t *cell);

/* One row per run; "hosts" is the number of those on which its cells were tried.  A
 * new array, or NULL. */
json_t *store_list_runs(struct store *s);

/* Calls `row` for each row of `sql`, with ?1 bound to `run`; text columns are
 * valid during the call.  `row` returns 0, or -1 to stop.  0 or -1. */
int store_query(struct store *s, const char *sql, int64_t run,
		int (*row)(void *arg, sqlite3_stmt *stmt, int columns),
		void *arg);

#endif
