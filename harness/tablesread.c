/* tablesread.c - makes a run of its tables; tables.h describes them. */
#define _GNU_SOURCE
#include "tables.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "causes.h"
#include "cellkey.h"
#include "places.h"
#include "samehost.h"
#include "store.h"
#include "tablefile.h"
#include "tablesparts.h"
#include "util.h"

struct reader {
	const char *dir;
	json_t *run;		   /* what is in run.json */
	json_t *cells;		   /* array */
	json_t *keys;		   /* of these, as an object */
	json_t *reasons, *methods; /* arrays */
};

/* The cell that the first field names.  Borrowed, or NULL. */
static json_t *cell_of(const struct reader *r, const struct table *t)
{
	json_int_t number;

	if (table_number(t, 0, 1, (json_int_t)json_array_size(r->cells),
			 &number) < 0)
		return NULL;
	return json_array_get(r->cells, (size_t)number - 1);
}

/* Checks that lines are in ascending order of their first field and `second`,
 * which is not negative.  0 or -1. */
static int check_order(const struct table *t, json_int_t last[2],
		       json_int_t second)
{
	json_int_t cell = strtol(t->fields[0], NULL, 10);
	int ascends = cell > last[0] || (cell == last[0] && second > last[1]);

	last[0] = cell;
	last[1] = second;
	return ascends ? 0 :
			 table_broken(t,
				      "not in order: this line is there "
				      "already, or belongs further up");
}

static int take_reason(struct reader *r, const struct table *t,
		       json_int_t last[2])
{
	json_t *text;
	json_int_t number;

	(void)last;
	if (table_number(t, 0, (json_int_t)json_array_size(r->reasons) + 1,
			 (json_int_t)json_array_size(r->reasons) + 1,
			 &number) < 0 ||
	    (text = table_text(t, 1)) == NULL)
		return -1;
	json_array_append_new(r->reasons, text);
	return 0;
}

static int take_method(struct reader *r, const struct table *t,
		       json_int_t last[2])
{
	json_t *methods = json_object();
	json_int_t number;
	long whole;

	(void)last;
	json_array_append_new(r->methods, methods);
	if (table_number(t, 0, (json_int_t)json_array_size(r->methods),
			 (json_int_t)json_array_size(r->methods), &number) < 0)
		return -1;
	for (size_t i = 1; i < t->columns; i++) {
		json_t *value;

		if (*t->fields[i] == '\0')
			continue;
		if (parse_long(t->fields[i], LONG_MIN, LONG_MAX, &whole) == 0)
			value = json_integer(whole);
		else
			value = table_text(t, i);
		if (value == NULL || json_object_get(methods, t->names[i])) {
			json_decref(value);
			return value == NULL ?
				-1 :
				table_broken(t,
					     "the column '%.60s' is here twice",
					     t->names[i]);
		}
		json_object_set_new(methods, t->names[i], value);
	}
	return 0;
}

/* Reads the column that `id` describes into `cell`.  0 or -1. */
static int take_identity(const struct table *t, size_t column,
			 const struct identity *id, json_t *cell)
{
	int optional = id->type == ID_OPTIONAL_TEXT ||
		id->type == ID_OPTIONAL_NUMBER;
	json_int_t number;
	json_t *value;

	if (*t->fields[column] == '\0' && optional) {
		value = json_null();
	} else if (*t->fields[column] == '\0') {
		return table_broken(t, "'%s' is empty", id->name);
	} else if (id->type == ID_TEXT || id->type == ID_OPTIONAL_TEXT) {
		value = table_text(t, column);
	} else {
		value = table_number(t, column, id->low, id->high, &number) <
				0 ?
			NULL :
			json_integer(number);
	}
	if (value == NULL)
		return -1;
	json_object_set_new(cell, id->name, value);
	return 0;
}

static const char *text_of(const json_t *cell, const char *key)
{
	return json_string_value(json_object_get(cell, key));
}

/* Gives the cell its key, which no other may have.  0 or -1. */
static int make_key(struct reader *r, const struct table *t, json_t *cell)
{
	struct cellkey key = {
		.tag = (char *)text_of(cell, "tag"),
		.executable = (char *)text_of(cell, "executable"),
		.stack = (char *)text_of(cell, "strategy"),
		.workload = (char *)text_of(cell, "workload"),
#define NUMBER(name) .name = json_integer_value(json_object_get(cell, #name))
		NUMBER(workers), NUMBER(requests), NUMBER(collect_at),
		NUMBER(scale), NUMBER(repeat), NUMBER(seed),
#undef NUMBER
	}, same;
	char *text = cellkey_format(&key);
	int result = 0;

	/* A slash in a tag would make it another key. */
	if (cellkey_parse(text, &same) < 0) {
		result = table_broken(t, "no cell can have this identity");
	} else {
		if (strcmp(same.tag, key.tag) != 0 ||
		    strcmp(same.stack, key.stack) != 0)
			result = table_broken(t,
					      "no cell can have this "
					      "identity");
		cellkey_fini(&same);
	}
	if (result == 0 && json_object_get(r->keys, text) != NULL)
		result = table_broken(t, "this cell is there already");
	json_object_set_new(r->keys, text, json_true());
	json_object_set_new(cell, "key", json_string(text));
	free(text);
	return result;
}

/* Whether cells.tsv tells of hosts and jobs. */
static int tells_placement(const struct table *t)
{
	return t->columns > IDENTITY + 2 &&
		strcmp(t->names[IDENTITY + 2], placement[0].name) == 0;
}

static int take_placement(struct reader *r, const struct table *t, json_t *cell)
{
	for (size_t i = 0; i < PLACEMENT; i++)
		if (take_identity(t, IDENTITY + 2 + i, &placement[i], cell) < 0)
			return -1;
	if (samehost_of_cell(r->run, cell) == NULL)
		return table_broken(t, "run.json has no host '%.60s'",
				    text_of(cell, "host"));
	return 0;
}

static int take_cell(struct reader *r, const struct table *t,
		     json_int_t last[2])
{
	static const char *const outcomes[] = { "ok", "unsupported", "failed",
						"timeout" };
	json_t *cell = json_pack("{s[] s[[][][]] s[] s{} sn s{}}", "curve",
				 "pauses", "latencies", "per_worker", "copies",
				 "methods");
	json_t *unavailable = json_object();
	json_int_t number;
	int known = 0;

	(void)last;
	json_array_append_new(r->cells, cell);
	json_object_set_new(cell, "unavailable", unavailable);
	if (table_number(t, 0, (json_int_t)json_array_size(r->cells),
			 (json_int_t)json_array_size(r->cells), &number) < 0)
		return -1;
	for (size_t i = 0; i < IDENTITY; i++)
		if (take_identity(t, i + 1, &identity[i], cell) < 0)
			return -1;
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
		known |= strcmp(text_of(cell, "status"), outcomes[i]) == 0;
	if (!known)
		return table_broken(t, "'%.60s' is no outcome of a cell",
				    text_of(cell, "status"));
	if (make_key(r, t, cell) < 0)
		return -1;
	if (*t->fields[IDENTITY + 1] != '\0') {
		if (table_number(t, IDENTITY + 1, 1,
				 (json_int_t)json_array_size(r->methods),
				 &number) < 0)
			return -1;
		json_object_set(cell, "methods",
				json_array_get(r->methods, (size_t)number - 1));
	}
	if (tells_placement(t) && take_placement(r, t, cell) < 0)
		return -1;
	return table_take_metrics(t, cell, unavailable, r->reasons);
}

static int take_point(struct reader *r, const struct table *t,
		      json_int_t last[2])
{
	json_t *cell = cell_of(r, t), *point = json_object();
	json_int_t requests;

	if (cell == NULL || table_number(t, 1, 0, INT_MAX, &requests) < 0 ||
	    check_order(t, last, requests) < 0 ||
	    table_take_metrics(t, point, NULL, NULL) < 0) {
		json_decref(point);
		return -1;
	}
	json_object_set_new(point, "requests", json_integer(requests));
	json_array_append_new(json_object_get(cell, "curve"), point);
	return 0;
}

static int take_worker(struct reader *r, const struct table *t,
		       json_int_t last[2])
{
	json_t *cell = cell_of(r, t), *values = json_object(), *value;
	json_t *all = json_object_get(cell, "per_worker");
	json_int_t worker;
	const char *key;
	int result = 0;

	if (cell == NULL ||
	    table_number(t, 1, 1,
			 json_integer_value(json_object_get(cell, "workers")),
			 &worker) < 0 ||
	    check_order(t, last, worker) < 0 ||
	    table_take_metrics(t, values, NULL, NULL) < 0) {
		json_decref(values);
		return -1;
	}
	json_object_foreach(values, key, value) {
		if (json_object_get(all, key) == NULL)
			json_object_set_new(all, key, json_array());
		/* The lists have no place for a gap. */
		if ((json_int_t)json_array_size(json_object_get(all, key)) !=
		    worker - 1) {
			result = table_broken(t,
					      "'%s' is not there of the "
					      "workers before this one",
					      key);
			break;
		}
		json_array_append(json_object_get(all, key), value);
	}
	json_decref(values);
	return result;
}

static int take_copies(struct reader *r, const struct table *t,
		       json_int_t last[2])
{
	json_t *cell = cell_of(r, t), *copies;

	if (cell == NULL || check_order(t, last, 0) < 0)
		return -1;
	copies = json_object();
	json_object_set_new(cell, "copies", copies);
	for (size_t p = 0; p < PLACES; p++)
		json_object_set_new(copies, place_names[p], json_object());
	for (size_t i = 0; i < PLACES * CAUSES; i++) {
		json_t *pages;

		if (*t->fields[i + 1] == '\0')
			continue;
		pages = table_real(t, i + 1);
		if (pages == NULL)
			return -1;
		json_object_set_new(
			json_object_get(copies, place_names[i / CAUSES]),
			cause_names[i % CAUSES], pages);
	}
	return 0;
}

static int take_pauses(struct reader *r, const struct table *t,
		       json_int_t last[2])
{
	json_t *cell = cell_of(r, t), *list;
	json_int_t generation;

	if (cell == NULL || table_number(t, 1, 0, 2, &generation) < 0 ||
	    check_order(t, last, generation) < 0 ||
	    (list = table_histogram(t, 2)) == NULL)
		return -1;
	json_array_set_new(json_object_get(cell, "pauses"), (size_t)generation,
			   list);
	return 0;
}

static int take_latencies(struct reader *r, const struct table *t,
			  json_int_t last[2])
{
	json_t *cell = cell_of(r, t), *list;

	if (cell == NULL || check_order(t, last, 0) < 0 ||
	    (list = table_histogram(t, 1)) == NULL)
		return -1;
	json_object_set_new(cell, "latencies", list);
	return 0;
}

/* The tables, each after those it refers to.  `metrics` is the first column of
 * metrics, 0 if there are none; `take` takes a line, and finds in `last` what
 * check_order() has left there. */
static const struct {
	enum table_id id;
	const char *names[4];
	size_t metrics;
	int scope;
	int (*take)(struct reader *r, const struct table *t,
		    json_int_t last[2]);
} readers[TABLES] = {
	{ TABLE_REASONS, { "number", "reason" }, 0, 0, take_reason },
	{ TABLE_METHODS, { "method" }, 0, 0, take_method },
	{ TABLE_CELLS, { "cell" }, IDENTITY + 2, METRIC_CELL, take_cell },
	{ TABLE_CURVE, { "cell", "requests" }, 2, METRIC_CURVE, take_point },
	{ TABLE_WORKER, { "cell", "worker" }, 2, METRIC_CELL, take_worker },
	{ TABLE_COPIES, { "cell" }, 0, 0, take_copies },
	{ TABLE_PAUSES, { "cell", "generation", "buckets" }, 0, 0, take_pauses },
	{ TABLE_LATENCIES, { "cell", "buckets" }, 0, 0, take_latencies },
};

/* Checks those columns that have no place in `readers`.  0 or -1. */
static int check_columns(const struct table *t, enum table_id id)
{
	for (size_t i = 0; id == TABLE_CELLS && i <= IDENTITY; i++) {
		const char *name = i < IDENTITY ? identity[i].name : "method";

		if (i + 1 >= t->columns || strcmp(t->names[i + 1], name) != 0)
			return table_broken(t, "column %zu is not '%s'", i + 2,
					    name);
	}
	for (size_t i = 0;
	     id == TABLE_CELLS && tells_placement(t) && i < PLACEMENT; i++)
		if (IDENTITY + 2 + i >= t->columns ||
		    strcmp(t->names[IDENTITY + 2 + i], placement[i].name) != 0)
			return table_broken(t, "column %zu is not '%s'",
					    IDENTITY + 3 + i,
					    placement[i].name);
	for (size_t i = 0; id == TABLE_COPIES && i < PLACES * CAUSES; i++) {
		char *name = xasprintf("%s/%s", place_names[i / CAUSES],
				       cause_names[i % CAUSES]);
		int same = i + 1 < t->columns &&
			strcmp(t->names[i + 1], name) == 0;

		if (!same)
			table_broken(t, "column %zu is not '%s'", i + 2, name);
		free(name);
		if (!same)
			return -1;
	}
	return 0;
}

/* Reads the table of readers[i], which has as many lines as run.json says.
 * 0 or -1. */
static int read_table(struct reader *r, size_t i)
{
	const char *name = table_names[readers[i].id];
	const json_t *rows = json_object_get(json_object_get(r->run, "rows"),
					     name);
	json_int_t last[2] = { 0, -1 };
	struct table t;
	int result = table_open(&t, r->dir, name, readers[i].names);

	if (result == 0)
		result = check_columns(&t, readers[i].id);
	if (result == 0 && readers[i].metrics > 0)
		result = table_has_metrics(
			&t,
			readers[i].metrics +
				(readers[i].id == TABLE_CELLS &&
						 tells_placement(&t) ?
					 PLACEMENT :
					 0),
			readers[i].scope);
	while (result == 0) {
		result = table_row(&t);
		if (result <= 0)
			break;
		result = readers[i].take(r, &t, last);
	}
	if (result == 0 && (json_int_t)t.line - 2 != json_integer_value(rows))
		result = table_broken(&t,
				      "the file ends after %zu lines, not "
				      "after the %lld that run.json tells of",
				      t.line - 2,
				      (long long)json_integer_value(rows));
	table_close(&t);
	return result;
}

static int bad_run(const struct reader *r, const char *what)
{
	complain("%s/run.json: %s; nothing was imported", r->dir, what);
	return -1;
}

/* Whether it is a time as utc_now() in storewrite.c writes it. */
static int is_time(const json_t *value)
{
	const char *form = "dddd-dd-ddTdd:dd:ddZ";
	const char *text = json_string_value(value);

	if (text == NULL || strlen(text) != strlen(form))
		return 0;
	for (; *form != '\0'; form++, text++)
		if (*form == 'd' ? *text < '0' || *text > '9' : *text != *form)
			return 0;
	return 1;
}

/* Whether it is an array of hosts, each with a name that no other has, or there is
 * none. */
static int are_hosts(const json_t *hosts)
{
	json_t *names = json_object();
	const json_t *host;
	size_t index;
	int good = hosts == NULL || json_is_array(hosts);

	json_array_foreach(hosts, index, host) {
		const char *name = json_string_value(
			json_object_get(host, "name"));

		if (name != NULL && *name != '\0' &&
		    json_object_get(names, name) == NULL)
			json_object_set_new(names, name, json_true());
		else
			good = 0;
	}
	json_decref(names);
	return good;
}

/* Checks what is in run.json.  0 or -1. */
static int check_run(const struct reader *r)
{
	json_t *units = json_object_get(r->run, "units"), *unit;
	const json_t *options = json_object_get(r->run, "options");
	const json_t *baseline = json_object_get(options, "baseline");
	const json_t *rows = json_object_get(r->run, "rows");
	const char *key;

	if (!json_is_integer(json_object_get(r->run, "format")) ||
	    !json_is_integer(json_object_get(r->run, "schema")))
		return bad_run(r, "not made by 'export --format=tables'");
	if (json_integer_value(json_object_get(r->run, "format")) !=
		    TABLES_FORMAT ||
	    json_integer_value(json_object_get(r->run, "schema")) >
		    STORE_SCHEMA_VERSION)
		return bad_run(r, "made by a newer version of this program");
	if (!is_time(json_object_get(r->run, "started")) ||
	    !is_time(json_object_get(r->run, "finished")))
		return bad_run(r, "'started' or 'finished' is no time");
	if (!json_is_object(options) ||
	    !json_is_object(json_object_get(r->run, "host")))
		return bad_run(r, "'options' or 'host' is no object");
	if (!are_hosts(json_object_get(r->run, "hosts")))
		return bad_run(
			r, "'hosts' are no objects with names of their own");
	if (baseline != NULL && !json_is_null(baseline) &&
	    !json_is_string(baseline))
		return bad_run(r, "the baseline is no text");
	for (int t = 0; t < TABLES; t++)
		if (t != TABLE_LATENCIES &&
		    !json_is_integer(json_object_get(rows, table_names[t])))
			return bad_run(r, "'rows' does not tell of all tables");
	json_object_foreach(units, key, unit) {
		const struct metric *m = metric_find(key);

		if (m != NULL &&
		    (!json_is_string(unit) ||
		     strcmp(json_string_value(unit), m->unit) != 0))
			return bad_run(r, "a metric has another unit here");
	}
	return 0;
}

/* Reads run.json.  0 or -1. */
static int read_run(struct reader *r)
{
	char *path = xasprintf("%s/run.json", r->dir), *text = NULL;
	json_error_t error;
	size_t length;
	int result = read_file(path, 1 << 20, &text, &length);

	if (result == -ENOENT || result == -ENOTDIR) {
		complain(
			"there is no %s; 'export --format=tables --out=%s' "
			"makes it",
			path, r->dir);
	} else if (result < 0) {
		complain("cannot read %s: %s", path, strerror(-result));
	} else {
		r->run = json_loadb(text, length, JSON_REJECT_DUPLICATES,
				    &error);
		if (r->run == NULL)
			complain("%s:%d: %s; nothing was imported", path,
				 error.line, error.text);
		result = r->run != NULL ? check_run(r) : -1;
	}
	free(text);
	free(path);
	return result < 0 ? -1 : 0;
}

json_t *tables_read(const char *dir)
{
	struct reader r = { .dir = dir,
			    .cells = json_array(),
			    .keys = json_object(),
			    .reasons = json_array(),
			    .methods = json_array() };
	json_t *document = NULL;
	int result = read_run(&r);

	for (size_t i = 0; i < TABLES && result == 0; i++)
		if (readers[i].id != TABLE_LATENCIES ||
		    json_object_get(json_object_get(r.run, "rows"),
				    "latencies"))
			result = read_table(&r, i);
	if (result == 0) {
		document = json_object();
		for (size_t i = 0; i < sizeof run_facts / sizeof *run_facts;
		     i++)
			json_object_set(document, run_facts[i],
					json_object_get(r.run, run_facts[i]));
		json_object_set(document, "hosts",
				json_object_get(r.run, "hosts"));
		json_object_set(document, "cells", r.cells);
	}
	json_decref(r.run);
	json_decref(r.cells);
	json_decref(r.keys);
	json_decref(r.reasons);
	json_decref(r.methods);
	return document;
}
