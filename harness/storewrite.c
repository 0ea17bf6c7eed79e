/* storewrite.c - plans runs in the results database and stores their cells. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "metrics.h"
#include "samehost.h"
#include "storeparts.h"
#include "util.h"

/* Binds one JSON value: a list as its text, what is not there as null. */
static void bind_json(sqlite3_stmt *stmt, int index, const json_t *value)
{
	switch (value != NULL ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		sqlite3_bind_text(stmt, index, json_string_value(value), -1,
				  SQLITE_TRANSIENT);
		break;
	case JSON_INTEGER:
		sqlite3_bind_int64(stmt, index, json_integer_value(value));
		break;
	case JSON_REAL:
		sqlite3_bind_double(stmt, index, json_real_value(value));
		break;
	case JSON_ARRAY:
	case JSON_OBJECT: {
		char *text = json_dumps(value, JSON_COMPACT);

		sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT);
		free(text);
		break;
	}
	default:
		sqlite3_bind_null(stmt, index);
	}
}

/* Steps a statement that gives no rows and makes it ready for the next. */
static int run_statement(sqlite3_stmt *stmt)
{
	int code = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return code == SQLITE_DONE ? 0 : -1;
}

static void utc_now(char out[32])
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static const char *const cell_columns[] = {
	"key",	    "python", "tag",	 "executable", "strategy",
	"workload", "scale",  "workers", "requests",   "collect_at",
	"repeat",   "seed",   "status",	 "reason",
};
#define CELL_COLUMNS (sizeof cell_columns / sizeof *cell_columns)

/* Inserts a run; `finished` may be null.  Its id, or -1 without a complaint. */
static int64_t insert_run(struct store *s, const char *started,
			  const json_t *finished, const json_t *options,
			  const json_t *host)
{
	sqlite3_stmt *stmt = NULL;
	int64_t run = -1;

	if (sqlite3_prepare_v2(s->db,
			       "INSERT INTO runs (started, finished, "
			       "options, host) VALUES (?1, ?2, ?3, ?4)",
			       -1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, started, -1, SQLITE_TRANSIENT);
		bind_json(stmt, 2, finished);
		bind_json(stmt, 3, options);
		bind_json(stmt, 4, host);
		if (run_statement(stmt) == 0)
			run = sqlite3_last_insert_rowid(s->db);
	}
	sqlite3_finalize(stmt);
	return run;
}

/* What inserts cells: ?1 is the run, then CELL_COLUMNS.  NULL on error. */
static sqlite3_stmt *prepare_cells(struct store *s)
{
	sqlite3_stmt *stmt = NULL;

	sqlite3_prepare_v2(
		s->db,
		"INSERT INTO cells (run, key, "
		"python, tag, executable, strategy, workload, scale, workers, "
		"requests, collect_at, repeat, seed, status, reason) VALUES "
		"(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
		"?15)",
		-1, &stmt, NULL);
	return stmt;
}

/* Inserts a cell without its values.  Its id, or -1 without a complaint. */
static int64_t insert_cell(struct store *s, sqlite3_stmt *stmt, int64_t run,
			   const json_t *cell)
{
	sqlite3_bind_int64(stmt, 1, run);
	for (size_t i = 0; i < CELL_COLUMNS; i++)
		bind_json(stmt, (int)i + 2, get(cell, cell_columns[i]));
	return run_statement(stmt) == 0 ? sqlite3_last_insert_rowid(s->db) : -1;
}

/* 0, or -1 after a complaint. */
static int begin_transaction(struct store *s)
{
	return store_in_place(s) < 0 ?
		-1 :
		store_execute(s, "BEGIN IMMEDIATE", "write to");
}

/* Ends a transaction in which all went well, if `ok`.  0, or -1 after a
 * complaint, and nothing was stored. */
static int end_transaction(struct store *s, int ok)
{
	if (!ok)
		store_broken(s, "write to");
	if (ok && store_execute(s, "COMMIT", "write to") == 0)
		return store_in_place(s);
	/* SQLite may have rolled back by itself. */
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int64_t store_begin_run(struct store *s, const json_t *options,
			const json_t *host, const json_t *cells)
{
	sqlite3_stmt *stmt;
	int64_t run;
	char started[32];
	const json_t *cell;
	size_t index;
	int ok;

	if (begin_transaction(s) < 0)
		return -1;
	utc_now(started);
	run = insert_run(s, started, json_null(), options, host);
	/* A further call would forget the error. */
	stmt = run > 0 ? prepare_cells(s) : NULL;
	ok = stmt != NULL;
	json_array_foreach(cells, index, cell)
		ok = ok && insert_cell(s, stmt, run, cell) > 0;
	sqlite3_finalize(stmt);
	return end_transaction(s, ok) < 0 ? -1 : run;
}

/* Rows for one of the tables that hang on a cell. */
struct rows {
	sqlite3_stmt *stmt;
	int64_t cell;
	int failed;
};

static void rows_begin(struct rows *r, struct store *s, int64_t cell,
		       const char *sql)
{
	*r = (struct rows){ .cell = cell };
	r->failed = sqlite3_prepare_v2(s->db, sql, -1, &r->stmt, NULL) !=
		SQLITE_OK;
}

/* Adds (cell, key, a, b) as ?1 to ?4; there may be no ?4. */
static void rows_add(struct rows *r, const char *key, const json_t *a,
		     const json_t *b)
{
	if (r->failed)
		return;
	sqlite3_bind_int64(r->stmt, 1, r->cell);
	sqlite3_bind_text(r->stmt, 2, key, -1, SQLITE_TRANSIENT);
	bind_json(r->stmt, 3, a);
	if (b != NULL)
		bind_json(r->stmt, 4, b);
	r->failed = run_statement(r->stmt) < 0;
}

/* 0, or -1 when any row could not be stored. */
static int rows_end(struct rows *r)
{
	sqlite3_finalize(r->stmt);
	return r->failed ? -1 : 0;
}

static int store_metrics(struct store *s, int64_t cell, const json_t *document)
{
	const json_t *unavailable = json_object_get(document, "unavailable");
	struct rows rows;

	rows_begin(&rows, s, cell,
		   "INSERT INTO metric (cell, key, value, "
		   "reason) VALUES (?1, ?2, ?3, ?4)");
	for (size_t i = 0; i < metrics_count; i++)
		/* A cell may never have got to measuring. */
		if (json_object_get(document, metrics[i].key) != NULL)
			rows_add(&rows, metrics[i].key,
				 get(document, metrics[i].key),
				 get(unavailable, metrics[i].key));
	return rows_end(&rows);
}

static int store_curve(struct store *s, int64_t cell, const json_t *curve)
{
	struct rows rows;
	const json_t *point;
	size_t index;

	rows_begin(&rows, s, cell,
		   "INSERT INTO curve (cell, key, requests, "
		   "value) VALUES (?1, ?2, ?3, ?4)");
	json_array_foreach(curve, index, point)
		for (size_t i = 0; i < metrics_count; i++)
			if (json_object_get(point, metrics[i].key) != NULL)
				rows_add(&rows, metrics[i].key,
					 get(point, "requests"),
					 get(point, metrics[i].key));
	return rows_end(&rows);
}

static int store_histograms(struct store *s, int64_t cell,
			    const json_t *document)
{
	static const char *const generations[] = { "-1", "0", "1", "2" };
	struct rows rows;
	const json_t *list, *bucket;
	size_t index;

	/* The column's affinity makes integers of the generations. */
	rows_begin(&rows, s, cell,
		   "INSERT INTO histogram (cell, generation, "
		   "lower_ns, count) VALUES (?1, ?2, ?3, ?4)");
	for (size_t i = 0; i < 4; i++) {
		list = i == 0 ?
			json_object_get(document, "latencies") :
			json_array_get(json_object_get(document, "pauses"),
				       i - 1);
		json_array_foreach(list, index, bucket)
			rows_add(&rows, generations[i],
				 json_array_get(bucket, 0),
				 json_array_get(bucket, 1));
	}
	return rows_end(&rows);
}

static int store_workers(struct store *s, int64_t cell, json_t *per_worker)
{
	struct rows rows;
	json_t *list, *value;
	const char *key;
	size_t index;

	rows_begin(&rows, s, cell,
		   "INSERT INTO worker (cell, key, worker, "
		   "value) VALUES (?1, ?2, ?3, ?4)");
	json_object_foreach(per_worker, key, list)
		json_array_foreach(list, index, value) {
			json_t *worker = json_integer((json_int_t)index + 1);

			rows_add(&rows, key, worker, value);
			json_decref(worker);
		}
	return rows_end(&rows);
}

static int store_copies(struct store *s, int64_t cell, json_t *copies)
{
	struct rows rows;
	json_t *row, *pages;
	const char *place, *cause;

	rows_begin(&rows, s, cell,
		   "INSERT INTO copies (cell, place, cause, "
		   "pages) VALUES (?1, ?2, ?3, ?4)");
	json_object_foreach(copies, place, row)
		json_object_foreach(row, cause, pages) {
			json_t *why = json_string(cause);

			rows_add(&rows, place, why, pages);
			json_decref(why);
		}
	return rows_end(&rows);
}

static int store_methods(struct store *s, int64_t cell, json_t *methods)
{
	struct rows rows;
	json_t *value;
	const char *key;

	rows_begin(&rows, s, cell,
		   "INSERT INTO method (cell, key, value) "
		   "VALUES (?1, ?2, ?3)");
	json_object_foreach(methods, key, value)
		rows_add(&rows, key, value, NULL);
	return rows_end(&rows);
}

/* Fills the tables that hang on a cell.  0, or -1 without a complaint. */
static int store_values(struct store *s, int64_t cell, const json_t *document)
{
	if (store_metrics(s, cell, document) < 0 ||
	    store_curve(s, cell, json_object_get(document, "curve")) < 0 ||
	    store_histograms(s, cell, document) < 0 ||
	    store_workers(s, cell, json_object_get(document, "per_worker")) <
		    0 ||
	    store_copies(s, cell, json_object_get(document, "copies")) < 0)
		return -1;
	return store_methods(s, cell, json_object_get(document, "methods"));
}

/* The id of the pending cell with this key, or 0. */
static int64_t pending_cell(struct store *s, int64_t run, const json_t *key)
{
	sqlite3_stmt *stmt = NULL;
	int64_t cell = 0;

	if (sqlite3_prepare_v2(s->db,
			       "SELECT id FROM cells WHERE run = ?1 AND "
			       "key = ?2 AND status = 'pending'",
			       -1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 1, run);
		bind_json(stmt, 2, key);
		if (sqlite3_step(stmt) == SQLITE_ROW)
			cell = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return cell;
}

/* The run's host of that name: its id and facts (new).  1, 0 when there is none,
 * -1 on error. */
static int find_host(struct store *s, int64_t run, const char *name,
		     int64_t *id, json_t **facts)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(s->db,
				      "SELECT id, facts FROM hosts WHERE "
				      "run = ?1 AND name = ?2",
				      -1, &stmt, NULL);

	if (code == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 1, run);
		sqlite3_bind_text(stmt, 2, name, -1, SQLITE_TRANSIENT);
		code = sqlite3_step(stmt);
	}
	if (code == SQLITE_ROW) {
		*id = sqlite3_column_int64(stmt, 0);
		*facts = json_loads((const char *)sqlite3_column_text(stmt, 1),
				    0, NULL);
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : -1;
}

/* Inserts a host, whose "name" the run does not have yet.  Its id, or -1 without a
 * complaint. */
static int64_t insert_host(struct store *s, int64_t run, const json_t *host)
{
	sqlite3_stmt *stmt = NULL;
	int64_t id = -1;

	if (sqlite3_prepare_v2(s->db,
			       "INSERT INTO hosts (run, name, facts) "
			       "VALUES (?1, ?2, ?3)",
			       -1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 1, run);
		bind_json(stmt, 2, get(host, "name"));
		bind_json(stmt, 3, host);
		if (run_statement(stmt) == 0)
			id = sqlite3_last_insert_rowid(s->db);
	}
	sqlite3_finalize(stmt);
	return id;
}

/* The id of a cell's host, which is stored when it is a new one.  A name behind
 * which there is another machine than before, or the same one with another kernel,
 * gets a number.  0 for the run's own, -1 without a complaint. */
static int64_t host_id(struct store *s, int64_t run, const json_t *given)
{
	const char *given_name = json_string_value(get(given, "name"));
	char *name, *label;
	json_t *host;
	int64_t id = 0;

	if (!json_is_object(given))
		return 0;
	name = xstrdup(given_name != NULL ? given_name : "another host");
	make_text_safe(name);
	host = json_copy((json_t *)given);
	for (int n = 1; id == 0; n++) {
		json_t *known = NULL;
		char *difference = NULL;
		int found;

		label = n == 1 ? xstrdup(name) : xasprintf("%s (%d)", name, n);
		json_object_set_new(host, "name", json_string(label));
		found = find_host(s, run, label, &id, &known);
		if (found > 0)
			difference = samehost_difference(known, host);
		if (difference != NULL)
			id = 0;
		else if (found == 0)
			id = insert_host(s, run, host);
		else if (found < 0)
			id = -1;
		free(difference);
		free(label);
		json_decref(known);
	}
	json_decref(host);
	free(name);
	return id;
}

/* Stores where a cell was measured, if that is not alone on the run's own host.
 * `host` is what its document says.  0, or -1 without a complaint. */
static int set_placement(struct store *s, int64_t run, int64_t cell,
			 const json_t *host, const json_t *jobs)
{
	json_int_t n = json_integer_value(jobs);
	int64_t id = host_id(s, run, host);
	sqlite3_stmt *stmt = NULL;
	int ok = id >= 0;

	if (id == 0 && n <= 1)
		return 0;
	if (ok)
		ok = sqlite3_prepare_v2(
			     s->db,
			     "INSERT INTO placement (cell, "
			     "host, jobs) VALUES (?1, nullif(?2, 0), ?3)",
			     -1, &stmt, NULL) == SQLITE_OK;
	if (ok) {
		sqlite3_bind_int64(stmt, 1, cell);
		sqlite3_bind_int64(stmt, 2, id);
		sqlite3_bind_int64(stmt, 3, n > 1 ? n : 1);
		ok = run_statement(stmt) == 0;
	}
	sqlite3_finalize(stmt);
	return ok ? 0 : -1;
}

/* Stores a cell's outcome and values.  0, or -1 without a complaint. */
static int set_outcome(struct store *s, int64_t cell, const json_t *document)
{
	static const char sql[] =
		"UPDATE cells SET parallel = ?2, status = ?3, reason = ?4, "
		"lost_samples = coalesce(?5, 0) WHERE id = ?1";
	sqlite3_stmt *stmt = NULL;
	int ok = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK;

	if (ok) {
		sqlite3_bind_int64(stmt, 1, cell);
		bind_json(stmt, 2, get(document, "parallel"));
		bind_json(stmt, 3, get(document, "status"));
		bind_json(stmt, 4, get(document, "reason"));
		bind_json(stmt, 5, get(document, "lost_samples"));
		ok = run_statement(stmt) == 0;
	}
	sqlite3_finalize(stmt);
	return ok ? store_values(s, cell, document) : -1;
}

int store_cell(struct store *s, int64_t run, const json_t *document)
{
	const char *status = json_string_value(get(document, "status"));
	int64_t cell;

	if (status == NULL || strcmp(status, "pending") == 0) {
		complain(
			"a document without an outcome of its cell was not "
			"stored");
		return -1;
	}
	if (begin_transaction(s) < 0)
		return -1;
	cell = pending_cell(s, run, get(document, "key"));
	return end_transaction(
		s,
		cell > 0 && set_outcome(s, cell, document) == 0 &&
			set_placement(s, run, cell, get(document, "host"),
				      get(document, "jobs")) == 0);
}

/* The host that a cell of a run's document names; null for the run's own. */
static const json_t *named_host(const json_t *document, const json_t *cell)
{
	if (json_is_null(get(cell, "host")))
		return json_null();
	return samehost_of_cell(document, cell);
}

int64_t store_import(struct store *s, const json_t *document)
{
	const json_t *cells = json_object_get(document, "cells"), *cell;
	sqlite3_stmt *stmt;
	int64_t run;
	size_t index;
	int ok;

	if (begin_transaction(s) < 0)
		return -1;
	run = insert_run(s, json_string_value(get(document, "started")),
			 get(document, "finished"), get(document, "options"),
			 get(document, "host"));
	/* A further call would forget the error. */
	stmt = run > 0 ? prepare_cells(s) : NULL;
	ok = stmt != NULL;
	json_array_foreach(cells, index, cell) {
		int64_t id = ok ? insert_cell(s, stmt, run, cell) : -1;

		ok = id > 0 && set_outcome(s, id, cell) == 0 &&
			set_placement(s, run, id, named_host(document, cell),
				      get(cell, "jobs")) == 0;
	}
	sqlite3_finalize(stmt);
	return end_transaction(s, ok) < 0 ? -1 : run;
}

int store_end_run(struct store *s, int64_t run)
{
	char *sql = xasprintf(
		"UPDATE runs SET finished = strftime('%%Y-%%m-%%dT%%H:%%M:%%SZ'"
		", 'now') WHERE id = %lld AND NOT EXISTS (SELECT 1 FROM cells "
		"WHERE run = runs.id AND status = 'pending')",
		(long long)run);
	int result = store_execute(s, sql, "write to");

	free(sql);
	return result < 0 ? result : store_in_place(s);
}
