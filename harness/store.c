/* store.c - writes and reads the results database.
 *
 * A rollback journal with synchronous=FULL: after COMMIT a cell survives a
 * crash of the machine, and a killed writer leaves nothing that SQLite does not
 * roll back by itself.  A lock on the file admits one coordinator at a time; two
 * of them would disturb each other's measurements anyway.
 */
#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "install.h"
#include "metrics.h"
#include "util.h"

#define APPLICATION_ID 0x5066727a
#define SCHEMA_VERSION 1

static int broken(struct store *s, const char *what)
{
	int code = sqlite3_errcode(s->db);
	const char *cure = "";

	switch (code) {
	case SQLITE_FULL:
		cure = "; free some space, then run again with --resume";
		break;
	case SQLITE_IOERR:
		cure = "; the disk may be full or gone: cure that, then run "
			"again with --resume";
		break;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		cure = "; check its permissions, or use --db=FILE elsewhere";
		break;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		cure = "; move it away, or use --db=FILE for a new one";
		break;
	case SQLITE_BUSY:
		cure = "; another program holds it locked";
		break;
	}
	complain("cannot %s the database %s: %s%s", what, s->path,
		 sqlite3_errmsg(s->db), cure);
	return -1;
}

static int execute(struct store *s, const char *sql, const char *what)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return broken(s, what);
	return 0;
}

/* The number that a one-value query gives, or -1 after a complaint. */
static int64_t query_number(struct store *s, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t value = -1;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return broken(s, "read");
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		value = sqlite3_column_int64(stmt, 0);
		break;
	case SQLITE_DONE:
		value = 0;
		break;
	default:
		broken(s, "read");
	}
	sqlite3_finalize(stmt);
	return value;
}

/* Becomes the only coordinator, by a lock on the database file itself, which does
 * not meet SQLite's own (flock against fcntl).  0 or -1. */
static int take_lock(struct store *s)
{
	s->lock_fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (s->lock_fd < 0) {
		complain("cannot open the database %s: %s; check the "
			 "permissions, or use --db=FILE elsewhere", s->path,
			 strerror(errno));
		return -1;
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		complain("another run is writing to %s; wait for it, or use "
			 "--db=FILE for another database", s->path);
		return -1;
	}
	return 0;
}

static int create_schema(struct store *s)
{
	char *path = xasprintf("%s/schema.sql", install_results_dir());
	char *sql = NULL;
	int result = read_file(path, 1 << 20, &sql, NULL);

	if (result < 0) {
		complain("cannot read %s: %s", path, strerror(-result));
	} else {
		char *all = xasprintf("BEGIN IMMEDIATE; %s COMMIT;", sql);

		result = execute(s, all, "create");
		free(all);
	}
	free(sql);
	free(path);
	return result < 0 ? -1 : 0;
}

static int check_identity(struct store *s, enum store_mode mode)
{
	int64_t id, version, tables;

	if ((id = query_number(s, "PRAGMA application_id")) < 0 ||
	    (version = query_number(s, "PRAGMA user_version")) < 0 ||
	    (tables = query_number(s, "SELECT count(*) FROM sqlite_master")) < 0)
		return -1;
	if (tables == 0 && id == 0 && mode == STORE_WRITE)
		return create_schema(s);
	if (id != APPLICATION_ID) {
		complain("%s is %s, not a database of this program; use "
			 "--db=FILE for another", s->path,
			 tables == 0 ? "an empty database" :
			 "some other database");
		return -1;
	}
	if (version != SCHEMA_VERSION) {
		complain("%s has schema version %lld, this program knows %d; "
			 "use --db=FILE for a new one", s->path,
			 (long long)version, SCHEMA_VERSION);
		return -1;
	}
	return 0;
}

/* Collation VERSION: digits compare as numbers, so 3.6 comes before 3.10. */
static int compare_versions(void *unused, int an, const void *a, int bn,
			    const void *b)
{
	char x[64], y[64];

	(void)unused;
	snprintf(x, sizeof x, "%.*s", an, (const char *)a);
	snprintf(y, sizeof y, "%.*s", bn, (const char *)b);
	return strverscmp(x, y);
}

/* Somebody reads the database in a transaction of his own.  A measured cell is
 * worth waiting for: ten minutes, or until we are interrupted. */
static int wait_for_lock(void *store, int tries)
{
	const struct store *s = store;

	if (tries == 20)
		complain("waiting for another program that holds %s locked",
			 s->path);
	usleep(100000);
	return !interrupted && tries < 6000;
}

int store_open(struct store *s, const char *path, enum store_mode mode)
{
	*s = (struct store){ .path = xstrdup(path), .lock_fd = -1 };
	if (mode == STORE_READ && access(path, F_OK) < 0) {
		complain("there is no database %s; 'run' makes one, or use "
			 "--db=FILE", path);
		goto failed;
	}
	if (mode == STORE_WRITE && take_lock(s) < 0)
		goto failed;
	if (sqlite3_open_v2(path, &s->db, mode == STORE_READ ?
			    SQLITE_OPEN_READONLY :
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			    NULL) != SQLITE_OK) {
		broken(s, "open");
		goto failed;
	}
	sqlite3_busy_handler(s->db, wait_for_lock, s);
	sqlite3_create_collation(s->db, "VERSION", SQLITE_UTF8, NULL,
				 compare_versions);
	if (check_identity(s, mode) < 0)
		goto failed;
	if (mode == STORE_WRITE &&
	    execute(s, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
		    "BEGIN IMMEDIATE; UPDATE runs SET id = id WHERE 0; COMMIT",
		    "write to") < 0)
		goto failed;
	return 0;
failed:
	store_close(s);
	return -1;
}

void store_close(struct store *s)
{
	sqlite3_close(s->db);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->path);
	*s = (struct store){ .lock_fd = -1 };
}

/* Binds one JSON value: a list as its text. */
static void bind_json(sqlite3_stmt *stmt, int index, const json_t *value)
{
	switch (json_typeof(value)) {
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

static json_t *get(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value != NULL ? value : json_null();
}

static void utc_now(char out[32])
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static const char *const cell_columns[] = {
	"key", "python", "tag", "executable", "strategy", "workload", "scale",
	"workers", "requests", "collect_at", "repeat", "seed", "status", "reason",
};
#define CELL_COLUMNS (sizeof cell_columns / sizeof *cell_columns)

int64_t store_begin_run(struct store *s, const json_t *options,
			const json_t *host, const json_t *cells)
{
	sqlite3_stmt *stmt = NULL;
	int64_t run = -1;
	char started[32];
	const json_t *cell;
	size_t index;
	int ok;

	if (execute(s, "BEGIN IMMEDIATE", "write to") < 0)
		return -1;
	ok = sqlite3_prepare_v2(s->db, "INSERT INTO runs (started, options, "
				"host) VALUES (?1, ?2, ?3)", -1, &stmt,
				NULL) == SQLITE_OK;
	if (ok) {
		utc_now(started);
		sqlite3_bind_text(stmt, 1, started, -1, SQLITE_TRANSIENT);
		bind_json(stmt, 2, options);
		bind_json(stmt, 3, host);
		ok = run_statement(stmt) == 0;
		run = sqlite3_last_insert_rowid(s->db);
	}
	sqlite3_finalize(stmt);
	stmt = NULL;
	ok = ok && sqlite3_prepare_v2(s->db, "INSERT INTO cells (run, key, "
		"python, tag, executable, strategy, workload, scale, workers, "
		"requests, collect_at, repeat, seed, status, reason) VALUES "
		"(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
		"?15)", -1, &stmt,
		NULL) == SQLITE_OK;
	json_array_foreach(cells, index, cell) {
		if (!ok)
			break;
		sqlite3_bind_int64(stmt, 1, run);
		for (size_t i = 0; i < CELL_COLUMNS; i++)
			bind_json(stmt, (int)i + 2, get(cell, cell_columns[i]));
		ok = run_statement(stmt) == 0;
	}
	sqlite3_finalize(stmt);
	if (!ok)
		broken(s, "write to");
	if (execute(s, ok ? "COMMIT" : "ROLLBACK", "write to") < 0 || !ok)
		return -1;
	return run;
}

/* Fills the tables that hang on a cell.  0, or -1 without a complaint. */
static int store_values(struct store *s, int64_t cell, const json_t *document)
{
	const json_t *unavailable = json_object_get(document, "unavailable");
	const json_t *point, *bucket, *list;
	sqlite3_stmt *stmt;
	size_t i, j;
	int ok;

	if (sqlite3_prepare_v2(s->db, "INSERT INTO metric VALUES (?1, ?2, ?3, "
			       "?4)", -1, &stmt, NULL) != SQLITE_OK)
		return -1;
	ok = 1;
	for (i = 0; i < metrics_count && ok; i++) {
		if (json_object_get(document, metrics[i].key) == NULL)
			continue;	/* a cell that never got to measuring */
		sqlite3_bind_int64(stmt, 1, cell);
		sqlite3_bind_text(stmt, 2, metrics[i].key, -1, SQLITE_STATIC);
		bind_json(stmt, 3, get(document, metrics[i].key));
		bind_json(stmt, 4, get(unavailable, metrics[i].key));
		ok = run_statement(stmt) == 0;
	}
	sqlite3_finalize(stmt);
	if (!ok || sqlite3_prepare_v2(s->db, "INSERT INTO curve VALUES (?1, ?2,"
				      " ?3, ?4)", -1, &stmt, NULL) != SQLITE_OK)
		return -1;
	json_array_foreach(json_object_get(document, "curve"), i, point) {
		for (j = 0; j < metrics_count && ok; j++) {
			json_t *value = json_object_get(point, metrics[j].key);

			if (value == NULL)
				continue;
			sqlite3_bind_int64(stmt, 1, cell);
			bind_json(stmt, 2, get(point, "requests"));
			sqlite3_bind_text(stmt, 3, metrics[j].key, -1,
					  SQLITE_STATIC);
			bind_json(stmt, 4, value);
			ok = run_statement(stmt) == 0;
		}
	}
	sqlite3_finalize(stmt);
	if (!ok || sqlite3_prepare_v2(s->db, "INSERT INTO histogram VALUES (?1,"
				      " ?2, ?3, ?4)", -1, &stmt, NULL) !=
	    SQLITE_OK)
		return -1;
	for (int generation = -1; generation < 3 && ok; generation++) {
		list = generation < 0 ? json_object_get(document, "latencies") :
			json_array_get(json_object_get(document, "pauses"),
				       (size_t)generation);
		json_array_foreach(list, i, bucket) {
			sqlite3_bind_int64(stmt, 1, cell);
			sqlite3_bind_int64(stmt, 2, generation);
			bind_json(stmt, 3, json_array_get(bucket, 0));
			bind_json(stmt, 4, json_array_get(bucket, 1));
			ok = ok && run_statement(stmt) == 0;
		}
	}
	sqlite3_finalize(stmt);
	return ok ? 0 : -1;
}

/* The id of the pending cell with this key, or 0. */
static int64_t pending_cell(struct store *s, int64_t run, const json_t *key)
{
	sqlite3_stmt *stmt = NULL;
	int64_t cell = 0;

	if (sqlite3_prepare_v2(s->db, "SELECT id FROM cells WHERE run = ?1 AND "
			       "key = ?2 AND status = 'pending'", -1, &stmt,
			       NULL) == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 1, run);
		bind_json(stmt, 2, key);
		if (sqlite3_step(stmt) == SQLITE_ROW)
			cell = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return cell;
}

int store_cell(struct store *s, int64_t run, const json_t *document)
{
	static const char sql[] =
		"UPDATE cells SET parallel = ?2, status = ?3, reason = ?4, "
		"lost_samples = coalesce(?5, 0) WHERE id = ?1";
	sqlite3_stmt *stmt = NULL;
	int64_t cell;
	int ok;

	if (execute(s, "BEGIN IMMEDIATE", "write to") < 0)
		return -1;
	cell = pending_cell(s, run, get(document, "key"));
	ok = cell > 0 && sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) ==
		SQLITE_OK;
	if (ok) {
		sqlite3_bind_int64(stmt, 1, cell);
		bind_json(stmt, 2, get(document, "parallel"));
		bind_json(stmt, 3, get(document, "status"));
		bind_json(stmt, 4, get(document, "reason"));
		bind_json(stmt, 5, get(document, "lost_samples"));
		ok = run_statement(stmt) == 0;
	}
	sqlite3_finalize(stmt);
	if (!ok || store_values(s, cell, document) < 0) {
		broken(s, "write to");
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	if (execute(s, "COMMIT", "write to") < 0) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	return 0;
}

int store_end_run(struct store *s, int64_t run)
{
	char *sql = xasprintf(
		"UPDATE runs SET finished = strftime('%%Y-%%m-%%dT%%H:%%M:%%SZ'"
		", 'now') WHERE id = %lld AND NOT EXISTS (SELECT 1 FROM cells "
		"WHERE run = runs.id AND status = 'pending')", (long long)run);
	int result = execute(s, sql, "write to");

	free(sql);
	return result;
}

int64_t store_latest_run(struct store *s, int unfinished)
{
	return query_number(s, unfinished ?
		"SELECT coalesce(max(id), 0) FROM runs WHERE finished IS NULL" :
		"SELECT coalesce(max(id), 0) FROM runs");
}

int64_t store_find_run(struct store *s, int64_t wanted)
{
	char *sql = xasprintf("SELECT coalesce(max(id), 0) FROM runs WHERE "
			      "id = %lld", (long long)wanted);
	int64_t run = wanted ? query_number(s, sql) : store_latest_run(s, 0);

	free(sql);
	if (run == 0 && wanted)
		complain("%s has no run %lld; see 'list runs'", s->path,
			 (long long)wanted);
	else if (run == 0)
		complain("%s has no runs yet; 'run' makes one", s->path);
	return run;
}

/* A column as JSON: text that holds a list becomes the list again. */
static json_t *column_json(sqlite3_stmt *stmt, int column, int parse)
{
	const char *text;

	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_INTEGER:
		return json_integer(sqlite3_column_int64(stmt, column));
	case SQLITE_FLOAT:
		return json_real(sqlite3_column_double(stmt, column));
	case SQLITE_TEXT:
		text = (const char *)sqlite3_column_text(stmt, column);
		if (parse) {
			json_t *value = json_loads(text, 0, NULL);

			if (value != NULL)
				return value;
		}
		return json_string(text);
	default:
		return json_null();
	}
}

/* Prepares `sql` with ?1 bound, or complains. */
static sqlite3_stmt *prepare(struct store *s, const char *sql, int64_t bound)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		broken(s, "read");
		return NULL;
	}
	if (sqlite3_bind_parameter_count(stmt) > 0)
		sqlite3_bind_int64(stmt, 1, bound);
	return stmt;
}

/* All rows as objects with the columns' names.  New, or NULL. */
static json_t *select_rows(struct store *s, const char *sql, int64_t bound)
{
	sqlite3_stmt *stmt = prepare(s, sql, bound);
	json_t *rows = json_array();
	int code = SQLITE_DONE;

	while (stmt != NULL && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		json_t *row = json_object();

		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const char *name = sqlite3_column_name(stmt, i);
			int parse = strcmp(name, "options") == 0 ||
				strcmp(name, "host") == 0 ||
				strcmp(name, "value") == 0;

			json_object_set_new(row, name,
					    column_json(stmt, i, parse));
		}
		json_array_append_new(rows, row);
	}
	if (stmt == NULL || code != SQLITE_DONE) {
		if (stmt != NULL)
			broken(s, "read");
		json_decref(rows);
		rows = NULL;
	}
	sqlite3_finalize(stmt);
	return rows;
}

json_t *store_run_options(struct store *s, int64_t run)
{
	json_t *rows = select_rows(s, "SELECT options FROM runs WHERE id = ?1",
				   run);
	json_t *options = json_incref(
		json_object_get(json_array_get(rows, 0), "options"));

	json_decref(rows);
	return options;
}

json_t *store_pending(struct store *s, int64_t run)
{
	json_t *rows = select_rows(s, "SELECT key FROM cells WHERE run = ?1 AND"
				   " status = 'pending' ORDER BY id", run);
	json_t *keys = rows != NULL ? json_array() : NULL, *row;
	size_t index;

	json_array_foreach(rows, index, row)
		json_array_append(keys, json_object_get(row, "key"));
	json_decref(rows);
	return keys;
}

/* Adds metrics, curve and histograms to a cell's object.  0 or -1. */
static int export_values(struct store *s, json_t *cell, int64_t id)
{
	json_t *metric_rows = select_rows(s, "SELECT key, value, reason FROM "
					  "metric WHERE cell = ?1", id);
	json_t *curve_rows = select_rows(s, "SELECT requests, key, value FROM "
					 "curve WHERE cell = ?1 ORDER BY "
					 "requests", id);
	json_t *buckets = select_rows(s, "SELECT generation, lower_ns, count "
				      "FROM histogram WHERE cell = ?1 ORDER BY "
				      "generation, lower_ns", id);
	json_t *unavailable = json_object(), *curve = json_array();
	json_t *lists[4], *row, *point = NULL;
	size_t index;
	int result = metric_rows && curve_rows && buckets ? 0 : -1;

	json_array_foreach(metric_rows, index, row) {
		const char *key = json_string_value(get(row, "key"));

		json_object_set(cell, key, get(row, "value"));
		if (!json_is_null(get(row, "reason")))
			json_object_set(unavailable, key, get(row, "reason"));
	}
	json_array_foreach(curve_rows, index, row) {
		if (!json_equal(get(row, "requests"), get(point, "requests"))) {
			point = json_object();
			json_object_set(point, "requests", get(row, "requests"));
			json_array_append_new(curve, point);
		}
		json_object_set(point, json_string_value(get(row, "key")),
				get(row, "value"));
	}
	for (int i = 0; i < 4; i++)
		lists[i] = json_array();
	json_array_foreach(buckets, index, row) {
		json_int_t g = json_integer_value(get(row, "generation"));

		if (g >= -1 && g < 3)
			json_array_append_new(lists[g + 1], json_pack("[OO]",
				get(row, "lower_ns"), get(row, "count")));
	}
	for (index = 0; index < metrics_count; index++)
		if (json_object_get(cell, metrics[index].key) == NULL) {
			json_object_set_new(cell, metrics[index].key,
					    json_null());
			json_object_set(unavailable, metrics[index].key,
				json_is_null(get(cell, "reason")) ?
				get(cell, "status") : get(cell, "reason"));
		}
	json_object_set_new(cell, "unavailable", unavailable);
	json_object_set_new(cell, "curve", curve);
	json_object_set_new(cell, "latencies", lists[0]);
	json_object_set_new(cell, "pauses",
			    json_pack("[ooo]", lists[1], lists[2], lists[3]));
	json_decref(metric_rows);
	json_decref(curve_rows);
	json_decref(buckets);
	return result;
}

json_t *store_export(struct store *s, int64_t run)
{
	json_t *runs = select_rows(s, "SELECT id AS run, started, finished, "
				   "options, host FROM runs WHERE id = ?1", run);
	json_t *cells = select_rows(s, "SELECT * FROM cells WHERE run = ?1 "
				    "ORDER BY tag COLLATE VERSION, executable, workload, scale, "
				    "workers, requests, collect_at, strategy IS NOT "
				    "(SELECT json_extract(options, "
				    "'$.baseline') FROM runs WHERE id = ?1), "
				    "strategy, repeat", run);
	json_t *document = json_incref(json_array_get(runs, 0)), *cell;
	size_t index;
	int result = document != NULL && cells != NULL ? 0 : -1;

	json_decref(runs);
	json_array_foreach(cells, index, cell) {
		int64_t id = json_integer_value(get(cell, "id"));

		json_object_del(cell, "id");
		json_object_del(cell, "run");
		if (result == 0)
			result = export_values(s, cell, id);
	}
	if (result < 0) {
		json_decref(document);
		json_decref(cells);
		return NULL;
	}
	json_object_set_new(document, "cells", cells);
	return document;
}

json_t *store_list_runs(struct store *s)
{
	return select_rows(s,
		"SELECT runs.id AS run, started, finished, options, "
		"count(*) AS cells, sum(status = 'ok') AS ok, "
		"sum(status = 'pending') AS pending, "
		"sum(status IN ('failed', 'timeout')) AS failed, "
		"sum(status = 'unsupported') AS unsupported FROM runs "
		"LEFT JOIN cells ON cells.run = runs.id GROUP BY runs.id "
		"ORDER BY runs.id", 0);
}

int store_query(struct store *s, const char *sql, int64_t run,
		int (*row)(void *arg, sqlite3_stmt *stmt, int columns),
		void *arg)
{
	sqlite3_stmt *stmt = prepare(s, sql, run);
	int code = SQLITE_DONE, result = stmt != NULL ? 0 : -1;

	while (result == 0 && (code = sqlite3_step(stmt)) == SQLITE_ROW)
		result = row(arg, stmt, sqlite3_column_count(stmt));
	if (result == 0 && code != SQLITE_DONE)
		result = broken(s, "read");
	sqlite3_finalize(stmt);
	return result;
}
