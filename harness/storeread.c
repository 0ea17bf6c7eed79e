/* storeread.c - reads runs back from the results database. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "server.h"
#include "storeparts.h"
#include "util.h"

int64_t store_latest_run(struct store *s, int unfinished)
{
	return store_number(
		s,
		unfinished ?
			"SELECT coalesce(max(id), 0) FROM runs WHERE finished IS NULL" :
			"SELECT coalesce(max(id), 0) FROM runs");
}

int64_t store_find_run(struct store *s, int64_t wanted)
{
	char *sql = xasprintf(
		"SELECT coalesce(max(id), 0) FROM runs WHERE "
		"id = %lld",
		(long long)wanted);
	int64_t run = wanted ? store_number(s, sql) : store_latest_run(s, 0);

	free(sql);
	if (run == 0 && wanted)
		complain("%s has no run %lld; see 'list runs'", s->path,
			 (long long)wanted);
	else if (run == 0)
		complain("%s has no runs yet; 'run' makes one", s->path);
	return run;
}

/* A text, which JSON wants in UTF-8.  New. */
static json_t *safe_string(const char *text)
{
	json_t *string = json_string(text);
	char *safe;

	if (string == NULL) {
		safe = xstrdup(text);
		make_text_safe(safe);
		string = json_string(safe);
		free(safe);
	}
	return string;
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
		return safe_string(text);
	default:
		return json_null();
	}
}

/* Prepares `sql` with ?1 bound, or complains. */
static sqlite3_stmt *prepare(struct store *s, const char *sql, int64_t bound)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		store_broken(s, "read");
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
			store_broken(s, "read");
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
	json_t *rows = select_rows(s,
				   "SELECT key FROM cells WHERE run = ?1 AND"
				   " status = 'pending' ORDER BY id",
				   run);
	json_t *keys = rows != NULL ? json_array() : NULL, *row;
	size_t index;

	json_array_foreach(rows, index, row)
		if (json_is_string(json_object_get(row, "key")))
			json_array_append(keys, json_object_get(row, "key"));
	json_decref(rows);
	return keys;
}

const char *store_absent_reason(const json_t *cell)
{
	const json_t *reason = get(cell, "reason");
	const char *status = json_string_value(get(cell, "status"));

	if (json_is_string(reason))
		return json_string_value(reason);
	if (status == NULL)
		return "the database tells no outcome of the cell";
	return strcmp(status, "ok") == 0 ? "not measured by the version of "
					   "this program that ran the cell" :
					   status;
}

static void export_metrics(json_t *cell, const json_t *rows)
{
	json_t *unavailable = json_object(), *row;
	size_t index;

	json_array_foreach(rows, index, row) {
		const char *key = json_string_value(get(row, "key"));

		json_object_set(cell, key, get(row, "value"));
		if (!json_is_null(get(row, "reason")))
			json_object_set(unavailable, key, get(row, "reason"));
	}
	for (index = 0; index < metrics_count; index++) {
		const char *key = metrics[index].key;

		if (json_object_get(cell, key) != NULL)
			continue;
		json_object_set_new(cell, key, json_null());
		json_object_set_new(unavailable, key,
				    json_string(store_absent_reason(cell)));
	}
	json_object_set_new(cell, "unavailable", unavailable);
}

static void export_curve(json_t *cell, const json_t *rows)
{
	json_t *curve = json_array(), *row, *point = NULL;
	size_t index;

	json_array_foreach(rows, index, row) {
		if (!json_equal(get(row, "requests"), get(point, "requests"))) {
			point = json_object();
			json_object_set(point, "requests",
					get(row, "requests"));
			json_array_append_new(curve, point);
		}
		json_object_set(point, json_string_value(get(row, "key")),
				get(row, "value"));
	}
	json_object_set_new(cell, "curve", curve);
}

static void export_histograms(json_t *cell, const json_t *rows)
{
	json_t *lists[4], *row;
	size_t index;

	for (int i = 0; i < 4; i++)
		lists[i] = json_array();
	json_array_foreach(rows, index, row) {
		json_int_t g = json_integer_value(get(row, "generation"));

		if (g >= -1 && g < 3)
			json_array_append_new(
				lists[g + 1],
				json_pack("[OO]", get(row, "lower_ns"),
					  get(row, "count")));
	}
	json_object_set_new(cell, "latencies", lists[0]);
	json_object_set_new(cell, "pauses",
			    json_pack("[ooo]", lists[1], lists[2], lists[3]));
}

static void export_workers(json_t *cell, const json_t *rows)
{
	json_t *per_worker = json_object(), *row;
	size_t index;

	json_array_foreach(rows, index, row) {
		const char *key = json_string_value(get(row, "key"));

		if (json_object_get(per_worker, key) == NULL)
			json_object_set_new(per_worker, key, json_array());
		json_array_append(json_object_get(per_worker, key),
				  get(row, "value"));
	}
	json_object_set_new(cell, "per_worker", per_worker);
}

/* null when the map is not known. */
static void export_copies(json_t *cell, const json_t *rows)
{
	json_t *copies = json_array_size(rows) > 0 ? json_object() :
						     json_null(),
	       *row;
	size_t index;

	json_array_foreach(rows, index, row) {
		const char *place = json_string_value(get(row, "place"));

		if (json_object_get(copies, place) == NULL)
			json_object_set_new(copies, place, json_object());
		json_object_set(json_object_get(copies, place),
				json_string_value(get(row, "cause")),
				get(row, "pages"));
	}
	json_object_set_new(cell, "copies", copies);
}

static void export_methods(json_t *cell, const json_t *rows)
{
	json_t *methods = json_object(), *row;
	size_t index;

	json_array_foreach(rows, index, row)
		json_object_set(methods, json_string_value(get(row, "key")),
				get(row, "value"));
	json_object_set_new(cell, "methods", methods);
}

/* The tables that hang on a cell, and what takes their rows into its object. */
static const struct {
	const char *sql;
	void (*take)(json_t *cell, const json_t *rows);
} cell_tables[] = {
	{ "SELECT key, value, reason FROM metric WHERE cell = ?1",
	  export_metrics },
	{ "SELECT requests, key, value FROM curve WHERE cell = ?1 "
	  "ORDER BY requests",
	  export_curve },
	{ "SELECT generation, lower_ns, count FROM histogram WHERE cell = ?1 "
	  "ORDER BY generation, lower_ns",
	  export_histograms },
	{ "SELECT key, value FROM worker WHERE cell = ?1 ORDER BY key, worker",
	  export_workers },
	{ "SELECT place, cause, pages FROM copies WHERE cell = ?1",
	  export_copies },
	{ "SELECT key, value FROM method WHERE cell = ?1", export_methods },
};

/* Adds all that is known of a cell to its object.  0 or -1. */
static int export_values(struct store *s, json_t *cell, int64_t id)
{
	for (size_t i = 0; i < sizeof cell_tables / sizeof *cell_tables; i++) {
		json_t *rows = select_rows(s, cell_tables[i].sql, id);

		if (rows == NULL)
			return -1;
		cell_tables[i].take(cell, rows);
		json_decref(rows);
	}
	return 0;
}

/* The machines to which the run has sent cells, as they are in its document.  New,
 * or NULL. */
static json_t *export_hosts(struct store *s, int64_t run)
{
	json_t *rows = select_rows(s,
				   "SELECT facts AS host FROM hosts WHERE "
				   "run = ?1 ORDER BY name",
				   run);
	json_t *hosts = rows != NULL ? json_array() : NULL, *row;
	size_t index;

	json_array_foreach(rows, index, row)
		json_array_append(hosts, get(row, "host"));
	json_decref(rows);
	return hosts;
}

/* Makes "host" and "jobs" of the columns that tell where a cell was measured, if
 * that is worth telling. */
static void export_placement(json_t *cell)
{
	if (json_is_string(get(cell, "placement_name")))
		json_object_set(cell, "host", get(cell, "placement_name"));
	if (json_integer_value(get(cell, "placement_jobs")) > 1)
		json_object_set(cell, "jobs", get(cell, "placement_jobs"));
	json_object_del(cell, "placement_name");
	json_object_del(cell, "placement_jobs");
}

/* Tells the server that the workload's name has. */
static void export_server(json_t *cell)
{
	char *server = server_of(json_string_value(get(cell, "workload")));

	json_object_set_new(cell, "server", json_string(server));
	free(server);
}

/* In such an order that a block, and in it a stack, is in one piece; the baseline
 * comes first.  An executable counts only where it was given, as in the tables of a
 * run, which know no other: an imported run has the same order. */
static const char cells_sql[] =
	"SELECT cells.*, name AS placement_name, jobs AS placement_jobs "
	"FROM cells LEFT JOIN placement ON cell = cells.id "
	"LEFT JOIN hosts ON hosts.id = host WHERE cells.run = ?1 "
	"ORDER BY tag COLLATE VERSION, "
	"CASE WHEN substr(key, length(tag) + 1, 1) = '@' THEN executable END, "
	"workload, scale, workers, requests, collect_at, name, "
	"strategy IS NOT (SELECT json_extract(options, '$.baseline') FROM runs "
	"WHERE id = ?1), strategy, repeat";

/* Whether a row has what every reader of a document takes for granted; a file that
 * was not made by this program may have another schema.  0, or -1 after a
 * complaint. */
static int check_cell(const struct store *s, const json_t *cell)
{
	static const char *const texts[] = { "key",	 "python",   "tag",
					     "strategy", "workload", "status" };
	static const char *const numbers[] = { "scale",	   "workers",
					       "requests", "collect_at",
					       "repeat",   "seed" };
	int ok = 1;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ok &= json_is_string(json_object_get(cell, texts[i]));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		ok &= json_is_integer(json_object_get(cell, numbers[i]));
	if (!ok)
		complain(
			"%s holds a cell that this program has not written; use "
			"--db=FILE for another",
			s->path);
	return ok ? 0 : -1;
}

json_t *store_export(struct store *s, int64_t run)
{
	json_t *runs = select_rows(s,
				   "SELECT id AS run, started, finished, "
				   "options, host FROM runs WHERE id = ?1",
				   run);
	json_t *hosts = runs != NULL ? export_hosts(s, run) : NULL;
	json_t *cells = hosts != NULL ? select_rows(s, cells_sql, run) : NULL;
	json_t *document = json_incref(json_array_get(runs, 0)), *cell;
	size_t index;
	int result = document != NULL && cells != NULL ? 0 : -1;

	json_decref(runs);
	json_array_foreach(cells, index, cell) {
		int64_t id = json_integer_value(get(cell, "id"));

		json_object_del(cell, "id");
		json_object_del(cell, "run");
		export_placement(cell);
		if (result == 0)
			result = check_cell(s, cell);
		if (result == 0) {
			export_server(cell);
			result = export_values(s, cell, id);
		}
	}
	if (result < 0) {
		json_decref(document);
		json_decref(hosts);
		json_decref(cells);
		return NULL;
	}
	json_object_set_new(document, "hosts", hosts);
	json_object_set_new(document, "cells", cells);
	return document;
}

json_t *store_list_runs(struct store *s)
{
	return select_rows(
		s,
		"SELECT runs.id AS run, started, finished, options, "
		"count(*) AS cells, sum(status = 'ok') AS ok, "
		"sum(status = 'pending') AS pending, "
		"sum(status IN ('failed', 'timeout')) AS failed, "
		"sum(status = 'unsupported') AS unsupported, "
		"count(DISTINCT CASE WHEN status NOT IN ('pending', "
		"'unsupported') THEN coalesce(placement.host, 0) END) AS hosts "
		"FROM runs LEFT JOIN cells ON cells.run = runs.id "
		"LEFT JOIN placement ON cell = cells.id GROUP BY runs.id "
		"ORDER BY runs.id",
		0);
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
		result = store_broken(s, "read");
	sqlite3_finalize(stmt);
	return result;
}
