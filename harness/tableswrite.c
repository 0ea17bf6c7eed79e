/* tableswrite.c - writes a run as tables; tables.h describes them. */
#define _GNU_SOURCE
#include "tables.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "causes.h"
#include "celldoc.h"
#include "cellkey.h"
#include "hdr.h"
#include "metrics.h"
#include "places.h"
#include "store.h"
#include "tablesparts.h"
#include "util.h"

/* Numbers for what many rows refer to, from 1 in order of appearance. */
struct numbering {
	json_t *values;	 /* array */
	json_t *numbers; /* object: key to number */
};

static json_int_t number_of(struct numbering *n, const char *key,
			    const json_t *value)
{
	json_t *known = json_object_get(n->numbers, key);

	if (known == NULL) {
		json_array_append(n->values, (json_t *)value);
		known = json_integer((json_int_t)json_array_size(n->values));
		json_object_set_new(n->numbers, key, known);
	}
	return json_integer_value(known);
}

struct writer {
	FILE *files[TABLES];
	char *texts[TABLES];
	size_t sizes[TABLES];
	json_int_t rows[TABLES];
	/* Of each metric: 0 none, 1 null, 2 a number, 2 + n a list of n. */
	size_t *kinds[TABLE_WORKER + 1];
	json_t **cells; /* sorted, borrowed */
	size_t n;
	int placed; /* cells have hosts or jobs of their own */
	struct numbering reasons, methods;
};

static void write_text(FILE *file, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\\')
			fputs("\\\\", file);
		else if (c == '\t')
			fputs("\\t", file);
		else if (c == '\n')
			fputs("\\n", file);
		else if (c == '\r')
			fputs("\\r", file);
		else if (c < 0x20 || c == 0x7f)
			fprintf(file, "\\x%02X", c);
		else
			fputc(c, file);
	}
}

/* The number that is left of `value` when it was rounded, if it must be, is
 * written again as the same text. */
static void write_number(FILE *file, const json_t *value)
{
	double v = json_real_value(value);
	char text[32];

	if (json_is_integer(value)) {
		fprintf(file, "%lld", (long long)json_integer_value(value));
		return;
	}
	snprintf(text, sizeof text, "%.6g", v);
	if (v != floor(v))
		v = strtod(text, NULL);
	if (v == floor(v) && fabs(v) < 1e15)
		snprintf(text, sizeof text, "%.0f", v + 0.0);
	fputs(text, file);
}

/* A field that is a text or a number, and nothing when it is null. */
static void write_field(FILE *file, const json_t *value)
{
	if (json_is_string(value))
		write_text(file, json_string_value(value));
	else if (json_is_number(value))
		write_number(file, value);
}

/* Whether a metric of a cell is more than the null that store_export() makes of
 * one that is not there. */
static int is_there(const json_t *cell, const char *key)
{
	const json_t *value = json_object_get(cell, key);
	const char *reason = celldoc_text(json_object_get(cell, "unavailable"),
					  key);

	return value != NULL &&
		(!json_is_null(value) ||
		 strcmp(reason, store_absent_reason(cell)) != 0);
}

/* How many columns a metric has. */
static size_t width(size_t kind)
{
	return kind <= 2 ? kind > 0 : kind - 2;
}

/* Adds the columns that `value` needs.  0, or -1 after a complaint. */
static int need_column(size_t *kinds, size_t metric, const json_t *value)
{
	size_t n = json_array_size(value), had = kinds[metric];
	size_t kind = json_is_array(value) ? 2 + n :
		json_is_number(value)	   ? 2 :
					     1;

	if (kind > had)
		kinds[metric] = kind;
	if ((json_is_array(value) ?
		     n > 0 && n <= TABLES_LIST_MAX :
		     json_is_number(value) || json_is_null(value)) &&
	    (had <= 1 || kind <= 1 || kind == had))
		return 0;
	complain(
		"cannot export the run as tables: %s is not of one kind "
		"everywhere",
		metrics[metric].key);
	return -1;
}

/* Adds the columns that a cell or a checkpoint needs.  0 or -1. */
static int need_columns(size_t *kinds, const json_t *object)
{
	int cell = json_object_get(object, "key") != NULL;

	for (size_t m = 0; m < metrics_count; m++) {
		const json_t *value = json_object_get(object, metrics[m].key);

		if (value != NULL &&
		    (!cell || is_there(object, metrics[m].key)) &&
		    need_column(kinds, m, value) < 0)
			return -1;
	}
	return 0;
}

static int find_columns(struct writer *w)
{
	for (size_t c = 0; c < w->n; c++) {
		json_t *curve = json_object_get(w->cells[c], "curve"), *point;
		json_t *per_worker = json_object_get(w->cells[c], "per_worker");
		size_t index;

		if (need_columns(w->kinds[TABLE_CELLS], w->cells[c]) < 0)
			return -1;
		json_array_foreach(curve, index, point)
			if (need_columns(w->kinds[TABLE_CURVE], point) < 0)
				return -1;
		for (size_t m = 0; m < metrics_count; m++)
			if (json_object_get(per_worker, metrics[m].key))
				w->kinds[TABLE_WORKER][m] = 2;
	}
	return 0;
}

static void write_metric_names(struct writer *w, enum table_id table)
{
	FILE *file = w->files[table];

	for (size_t m = 0; m < metrics_count; m++) {
		size_t kind = w->kinds[table][m];

		for (size_t i = 0; i < width(kind); i++)
			if (kind > 2)
				fprintf(file, "\t%s[%zu]", metrics[m].key, i);
			else
				fprintf(file, "\t%s", metrics[m].key);
	}
	fputc('\n', file);
}

/* The fields of one metric; `value` is NULL where there is nothing. */
static void write_metric(struct writer *w, enum table_id table, size_t metric,
			 const json_t *value, const json_t *reason)
{
	FILE *file = w->files[table];

	for (size_t i = 0; i < width(w->kinds[table][metric]); i++) {
		const json_t *v = json_is_array(value) ?
			json_array_get(value, i) :
			value;

		fputc('\t', file);
		if (json_is_number(v))
			write_number(file, v);
		else if (json_is_array(value))
			fputc('-', file);
		else if (json_is_null(value) && i == 0)
			fprintf(file, "?%lld",
				json_is_string(reason) ?
					(long long)number_of(
						&w->reasons,
						json_string_value(reason),
						reason) :
					0LL);
	}
}

static void write_identity(struct writer *w, const json_t *cell)
{
	FILE *file = w->files[TABLE_CELLS];
	int by_path = *celldoc_given_path(cell) != '\0';

	for (size_t i = 0; i < IDENTITY; i++) {
		const char *name = identity[i].name;

		fputc('\t', file);
		if (by_path || strcmp(name, "executable") != 0)
			write_field(file, json_object_get(cell, name));
	}
}

static void write_cell(struct writer *w, json_int_t number, const json_t *cell)
{
	FILE *file = w->files[TABLE_CELLS];
	const json_t *methods = json_object_get(cell, "methods");
	char *key = json_dumps(methods, JSON_SORT_KEYS | JSON_COMPACT);

	fprintf(file, "%lld", (long long)number);
	write_identity(w, cell);
	fputc('\t', file);
	if (json_object_size(methods) > 0)
		fprintf(file, "%lld",
			(long long)number_of(&w->methods, key, methods));
	for (size_t i = 0; w->placed && i < PLACEMENT; i++) {
		fputc('\t', file);
		write_field(file, json_object_get(cell, placement[i].name));
	}
	for (size_t m = 0; m < metrics_count; m++) {
		const char *name = metrics[m].key;
		int there = is_there(cell, name);

		write_metric(
			w, TABLE_CELLS, m,
			there ? json_object_get(cell, name) : NULL,
			json_object_get(json_object_get(cell, "unavailable"),
					name));
	}
	fputc('\n', file);
	w->rows[TABLE_CELLS]++;
	free(key);
}

static void write_curve(struct writer *w, json_int_t number, const json_t *cell)
{
	const json_t *point;
	size_t index;

	json_array_foreach(json_object_get(cell, "curve"), index, point) {
		fprintf(w->files[TABLE_CURVE], "%lld\t", (long long)number);
		write_field(w->files[TABLE_CURVE],
			    json_object_get(point, "requests"));
		for (size_t m = 0; m < metrics_count; m++)
			write_metric(w, TABLE_CURVE, m,
				     json_object_get(point, metrics[m].key),
				     NULL);
		fputc('\n', w->files[TABLE_CURVE]);
		w->rows[TABLE_CURVE]++;
	}
}

static void write_workers(struct writer *w, json_int_t number, json_t *cell)
{
	json_t *per_worker = json_object_get(cell, "per_worker"), *list;
	const char *key;
	size_t workers = 0;

	json_object_foreach(per_worker, key, list)
		if (json_array_size(list) > workers)
			workers = json_array_size(list);
	for (size_t i = 0; i < workers; i++) {
		fprintf(w->files[TABLE_WORKER], "%lld\t%zu", (long long)number,
			i + 1);
		for (size_t m = 0; m < metrics_count; m++)
			write_metric(
				w, TABLE_WORKER, m,
				json_array_get(json_object_get(per_worker,
							       metrics[m].key),
					       i),
				NULL);
		fputc('\n', w->files[TABLE_WORKER]);
		w->rows[TABLE_WORKER]++;
	}
}

static void write_copies(struct writer *w, json_int_t number,
			 const json_t *cell)
{
	const json_t *copies = json_object_get(cell, "copies");
	FILE *file = w->files[TABLE_COPIES];

	if (!json_is_object(copies))
		return;
	fprintf(file, "%lld", (long long)number);
	for (size_t p = 0; p < PLACES; p++)
		for (size_t c = 0; c < CAUSES; c++) {
			fputc('\t', file);
			write_field(
				file,
				json_object_get(
					json_object_get(copies, place_names[p]),
					cause_names[c]));
		}
	fputc('\n', file);
	w->rows[TABLE_COPIES]++;
}

/* 0, or -1 after a complaint: a bucket is none of ours. */
static int write_buckets(FILE *file, const json_t *list)
{
	const json_t *bucket;
	size_t index, last = 0;

	json_array_foreach(list, index, bucket) {
		json_int_t low = json_integer_value(json_array_get(bucket, 0));
		json_int_t count = json_integer_value(
			json_array_get(bucket, 1));
		size_t at;

		if (low < 0 || (uint64_t)low > HDR_MAX_VALUE || count < 1 ||
		    hdr_lower(hdr_index((uint64_t)low)) != (uint64_t)low) {
			complain(
				"cannot export the run as tables: a histogram "
				"has a bucket at %lld ns, which is none",
				(long long)low);
			return -1;
		}
		at = hdr_index((uint64_t)low);
		fprintf(file, "%s%zu", index > 0 ? " " : "", at - last);
		if (count > 1)
			fprintf(file, "x%lld", (long long)count);
		last = at;
	}
	return 0;
}

static int write_histograms(struct writer *w, json_int_t number,
			    const json_t *cell, int latencies)
{
	const json_t *pauses = json_object_get(cell, "pauses");
	const json_t *list = json_object_get(cell, "latencies");
	int result = 0;

	for (size_t g = 0; g < json_array_size(pauses) && result == 0; g++) {
		if (json_array_size(json_array_get(pauses, g)) == 0)
			continue;
		fprintf(w->files[TABLE_PAUSES], "%lld\t%zu\t",
			(long long)number, g);
		result = write_buckets(w->files[TABLE_PAUSES],
				       json_array_get(pauses, g));
		fputc('\n', w->files[TABLE_PAUSES]);
		w->rows[TABLE_PAUSES]++;
	}
	if (!latencies || json_array_size(list) == 0 || result < 0)
		return result;
	fprintf(w->files[TABLE_LATENCIES], "%lld\t", (long long)number);
	result = write_buckets(w->files[TABLE_LATENCIES], list);
	fputc('\n', w->files[TABLE_LATENCIES]);
	w->rows[TABLE_LATENCIES]++;
	return result;
}

static void write_heads(struct writer *w)
{
	fputs("cell", w->files[TABLE_CELLS]);
	for (size_t i = 0; i < IDENTITY; i++)
		fprintf(w->files[TABLE_CELLS], "\t%s", identity[i].name);
	fputs("\tmethod", w->files[TABLE_CELLS]);
	for (size_t i = 0; w->placed && i < PLACEMENT; i++)
		fprintf(w->files[TABLE_CELLS], "\t%s", placement[i].name);
	write_metric_names(w, TABLE_CELLS);
	fputs("cell\trequests", w->files[TABLE_CURVE]);
	write_metric_names(w, TABLE_CURVE);
	fputs("cell\tworker", w->files[TABLE_WORKER]);
	write_metric_names(w, TABLE_WORKER);
	fputs("cell", w->files[TABLE_COPIES]);
	for (size_t p = 0; p < PLACES; p++)
		for (size_t c = 0; c < CAUSES; c++)
			fprintf(w->files[TABLE_COPIES], "\t%s/%s",
				place_names[p], cause_names[c]);
	fputc('\n', w->files[TABLE_COPIES]);
	fputs("cell\tgeneration\tbuckets\n", w->files[TABLE_PAUSES]);
	fputs("cell\tbuckets\n", w->files[TABLE_LATENCIES]);
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_methods(struct writer *w)
{
	FILE *file = w->files[TABLE_METHODS];
	json_t *all = json_object(), *row;
	const char *key, **keys;
	size_t index, n = 0;

	json_array_foreach(w->methods.values, index, row)
		json_object_update(all, row);
	keys = xcalloc(json_object_size(all) + 1, sizeof *keys);
	json_object_foreach(all, key, row)
		keys[n++] = key;
	qsort(keys, n, sizeof *keys, compare_words);
	fputs("method", file);
	for (size_t i = 0; i < n; i++)
		fprintf(file, "\t%s", keys[i]);
	fputc('\n', file);
	json_array_foreach(w->methods.values, index, row) {
		fprintf(file, "%zu", index + 1);
		for (size_t i = 0; i < n; i++) {
			fputc('\t', file);
			write_field(file, json_object_get(row, keys[i]));
		}
		fputc('\n', file);
		w->rows[TABLE_METHODS]++;
	}
	free(keys);
	json_decref(all);
}

static void write_reasons(struct writer *w)
{
	FILE *file = w->files[TABLE_REASONS];
	const json_t *reason;
	size_t index;

	fputs("number\treason\n", file);
	json_array_foreach(w->reasons.values, index, reason) {
		fprintf(file, "%zu\t", index + 1);
		write_field(file, reason);
		fputc('\n', file);
		w->rows[TABLE_REASONS]++;
	}
}

static int compare_numbers(const json_t *a, const json_t *b, const char *key)
{
	json_int_t x = json_integer_value(json_object_get(a, key));
	json_int_t y = json_integer_value(json_object_get(b, key));

	return (x > y) - (x < y);
}

/* By identity; the baseline before other stacks. */
static int compare_cells(const void *pa, const void *pb, void *baseline)
{
	static const char *const sizes[] = { "scale", "workers", "requests",
					     "collect_at" };
	const json_t *a = *(json_t *const *)pa, *b = *(json_t *const *)pb;
	const char *x = celldoc_text(a, "strategy");
	const char *y = celldoc_text(b, "strategy");
	int order = strverscmp(celldoc_text(a, "tag"), celldoc_text(b, "tag"));

	order = order ? order :
			strcmp(celldoc_given_path(a), celldoc_given_path(b));
	order = order ? order :
			strcmp(celldoc_text(a, "workload"),
			       celldoc_text(b, "workload"));
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		order = order ? order : compare_numbers(a, b, sizes[i]);
	order = order ? order :
			(strcmp(x, baseline) != 0) - (strcmp(y, baseline) != 0);
	order = order ? order : strcmp(x, y);
	order = order ? order : compare_numbers(a, b, "repeat");
	return order ? order : compare_numbers(a, b, "seed");
}

/* A run that is not finished has cells without an outcome; and what reads the
 * tables makes the key anew.  0, or -1 after a complaint. */
static int check_cell(const json_t *cell, json_int_t run)
{
	const char *path = celldoc_given_path(cell);
	struct cellkey key = {
		.tag = (char *)celldoc_text(cell, "tag"),
		.executable = *path ? (char *)path : NULL,
		.stack = (char *)celldoc_text(cell, "strategy"),
		.workload = (char *)celldoc_text(cell, "workload"),
#define NUMBER(name) .name = json_integer_value(json_object_get(cell, #name))
		NUMBER(workers),
		NUMBER(requests),
		NUMBER(collect_at),
		NUMBER(scale),
		NUMBER(repeat),
		NUMBER(seed),
#undef NUMBER
	};
	char *text = cellkey_format(&key);
	int same = strcmp(text, celldoc_text(cell, "key")) == 0;

	free(text);
	if (!same)
		complain(
			"cannot export run %lld as tables: the key of the cell "
			"%s is not that of its columns",
			(long long)run, celldoc_text(cell, "key"));
	else if (strcmp(celldoc_text(cell, "status"), "pending") == 0)
		complain(
			"run %lld is not finished: 'run --resume' goes on "
			"with it",
			(long long)run);
	else
		return 0;
	return -1;
}

/* 0, or -1 after a complaint. */
static int write_file(const char *dir, const char *name, const char *text,
		      size_t size)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *file = fopen(path, "we");
	int ok = file != NULL && fwrite(text, 1, size, file) == size;

	if (file != NULL && fclose(file) != 0)
		ok = 0;
	if (!ok)
		complain("cannot write %s: %s", path, strerror(errno));
	free(path);
	return ok ? 0 : -1;
}

/* What run.json holds.  New. */
static json_t *run_json(const struct writer *w, const json_t *document)
{
	json_t *units = json_object(), *rows = json_object(), *run;

	for (size_t m = 0; m < metrics_count; m++)
		if (w->kinds[TABLE_CELLS][m] || w->kinds[TABLE_CURVE][m] ||
		    w->kinds[TABLE_WORKER][m])
			json_object_set_new(units, metrics[m].key,
					    json_string(metrics[m].unit));
	for (int t = 0; t < TABLES; t++)
		if (t != TABLE_LATENCIES || w->rows[t] > 0)
			json_object_set_new(rows, table_names[t],
					    json_integer(w->rows[t]));
	run = json_pack("{si si so so}", "format", TABLES_FORMAT, "schema",
			w->placed ? STORE_SCHEMA_VERSION : TABLES_SCHEMA_ALONE,
			"units", units, "rows", rows);
	if (w->placed)
		json_object_set(run, "hosts",
				json_object_get(document, "hosts"));
	for (size_t i = 0; i < sizeof run_facts / sizeof *run_facts; i++)
		json_object_set(run, run_facts[i],
				json_object_get(document, run_facts[i]));
	return run;
}

/* run.json goes first and comes last, so that half a folder is none. */
static int write_files(struct writer *w, const json_t *document,
		       const char *dir)
{
	char *path = xasprintf("%s/run.json", dir), *text;
	json_t *run = run_json(w, document);
	int result = 0;

	if (make_folders(dir) < 0 || (unlink(path) < 0 && errno != ENOENT)) {
		complain("cannot write to %s: %s", dir, strerror(errno));
		result = -1;
	}
	free(path);
	for (int t = 0; t < TABLES && result == 0; t++) {
		char *name = xasprintf("%s.tsv", table_names[t]);

		if (t != TABLE_LATENCIES || w->rows[t] > 0) {
			result = write_file(dir, name, w->texts[t],
					    w->sizes[t]);
		} else {
			path = xasprintf("%s/%s", dir, name);
			unlink(path);
			free(path);
		}
		free(name);
	}
	text = json_dumps(
		run, JSON_SORT_KEYS | JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	path = xasprintf("%s\n", text);
	if (result == 0)
		result = write_file(dir, "run.json", path, strlen(path));
	free(path);
	free(text);
	json_decref(run);
	return result;
}

int tables_write(const json_t *document, const char *dir, int latencies)
{
	const json_t *cells = json_object_get(document, "cells");
	json_int_t run = json_integer_value(json_object_get(document, "run"));
	struct writer w = { .n = json_array_size(cells) };
	int result = 0;

	w.cells = xcalloc(w.n + 1, sizeof *w.cells);
	for (size_t i = 0; i < w.n; i++) {
		w.cells[i] = json_array_get(cells, i);
		if (result == 0)
			result = check_cell(w.cells[i], run);
		w.placed |= *celldoc_text(w.cells[i], "host") != '\0' ||
			celldoc_number(w.cells[i], "jobs") > 1;
	}
	qsort_r(w.cells, w.n, sizeof *w.cells, compare_cells,
		(void *)celldoc_text(json_object_get(document, "options"),
				     "baseline"));
	for (int t = 0; t < TABLES; t++) {
		w.files[t] = open_memstream(&w.texts[t], &w.sizes[t]);
		if (w.files[t] == NULL)
			abort(); /* out of memory */
	}
	for (int t = 0; t <= TABLE_WORKER; t++)
		w.kinds[t] = xcalloc(metrics_count, sizeof **w.kinds);
	w.reasons = (struct numbering){ json_array(), json_object() };
	w.methods = (struct numbering){ json_array(), json_object() };
	if (result == 0)
		result = find_columns(&w);
	if (result == 0)
		write_heads(&w);
	for (size_t i = 0; i < w.n && result == 0; i++) {
		json_int_t number = (json_int_t)i + 1;

		write_cell(&w, number, w.cells[i]);
		write_curve(&w, number, w.cells[i]);
		write_workers(&w, number, w.cells[i]);
		write_copies(&w, number, w.cells[i]);
		result = write_histograms(&w, number, w.cells[i], latencies);
	}
	write_methods(&w);
	write_reasons(&w);
	for (int t = 0; t < TABLES; t++)
		if (fclose(w.files[t]) != 0)
			abort();
	if (result == 0)
		result = write_files(&w, document, dir);
	for (int t = 0; t < TABLES; t++)
		free(w.texts[t]);
	for (int t = 0; t <= TABLE_WORKER; t++)
		free(w.kinds[t]);
	json_decref(w.reasons.values);
	json_decref(w.reasons.numbers);
	json_decref(w.methods.values);
	json_decref(w.methods.numbers);
	free(w.cells);
	return result;
}
