/* report.c - tables and rows from a run's document. */
#define _GNU_SOURCE
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "celldoc.h"
#include "compare.h"
#include "metrics.h"
#include "stats.h"

/* A column of the table: a metric, shown in a unit people read. */
static const struct column {
	const char *head;
	const char *key;
	double divisor;
	int decimals;
} columns[] = {
	{ "total MiB", "total_kib", 1024, 1 },
	{ "private MiB", "worker_private_kib", 1024, 1 },
	{ "faults", "worker_minor_faults", 1, 0 },
	{ "pause p99 ms", "gc_pause_p99_us", 1000, 2 },
	{ "max ms", "gc_pause_max_us", 1000, 2 },
	{ "req p99 ms", "request_p99_us", 1000, 2 },
	{ "leak KiB/1k", "leak_kib_per_1k", 1, 0 },
};
#define COLUMNS (sizeof columns / sizeof *columns)

/* Mean of a metric over the good repeats of `like`'s stack; NAN if none. */
static double mean(const json_t *cells, const json_t *like, const char *key)
{
	double sum = 0;
	size_t n = 0, index;
	const json_t *cell;

	json_array_foreach(cells, index, cell) {
		json_t *value = json_object_get(cell, key);

		if (!celldoc_same_block(cell, like) || !json_is_number(value) ||
		    strcmp(celldoc_text(cell, "strategy"),
			   celldoc_text(like, "strategy")) != 0)
			continue;
		sum += json_number_value(value);
		n++;
	}
	return n ? sum / (double)n : NAN;
}

/* The cell of `baseline` in the same block, or NULL. */
static const json_t *find_baseline(const json_t *cells, const json_t *like,
				   const char *baseline)
{
	size_t index;
	const json_t *cell;

	if (baseline == NULL)
		return NULL;
	json_array_foreach(cells, index, cell)
		if (celldoc_same_block(cell, like) &&
		    strcmp(celldoc_text(cell, "strategy"), baseline) == 0)
			return cell;
	return NULL;
}

static void print_block_head(FILE *out, const json_t *cell, int width)
{
	json_int_t at = json_integer_value(json_object_get(cell, "collect_at"));

	const char *given = strchr(celldoc_text(cell, "key"), '@') != NULL ?
		celldoc_text(cell, "executable") : "";

	fprintf(out, "%s%s%s  %s  scale %lld, %lld workers, %lld requests each",
		celldoc_text(cell, "tag"), *given ? " " : "", given,
		celldoc_text(cell, "workload"),
		(long long)json_integer_value(json_object_get(cell, "scale")),
		(long long)json_integer_value(json_object_get(cell, "workers")),
		(long long)json_integer_value(json_object_get(cell,
							      "requests")));
	if (at >= 0)
		fprintf(out, ", a full collection after %lld", (long long)at);
	fputc('\n', out);
	fprintf(out, "  %-*s", width, "strategy");
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(out, "  %12s%s", columns[i].head,
			i == 0 ? " (ratio)" : "");
	fputc('\n', out);
}

static void print_line(FILE *out, const json_t *cells, const json_t *cell,
		       const json_t *base, int width)
{
	const char *status = celldoc_text(cell, "status");

	fprintf(out, "  %-*s", width, celldoc_text(cell, "strategy"));
	if (isnan(mean(cells, cell, "total_kib")) &&
	    strcmp(status, "ok") != 0) {
		fprintf(out, "  %s: %s\n", status, celldoc_text(cell, "reason"));
		return;
	}
	for (size_t i = 0; i < COLUMNS; i++) {
		double value = mean(cells, cell, columns[i].key);
		double first = base ? mean(cells, base, columns[i].key) : NAN;

		if (isnan(value))
			fprintf(out, "  %12s", "-");
		else
			fprintf(out, "  %12.*f", columns[i].decimals,
				value / columns[i].divisor);
		if (i == 0 && isnan(first))
			fprintf(out, "  %6s", "-");
		else if (i == 0)
			fprintf(out, "  %6.2f", value / first);
	}
	fputc('\n', out);
}

/* How the private memory of `like`'s stack changed over the second half of the
 * requests, as a part of its last value, mean over repeats; NAN: not known. */
static double late_change(const json_t *cells, const json_t *like)
{
	double sum = 0;
	size_t n = 0, index;
	const json_t *cell;

	json_array_foreach(cells, index, cell) {
		double change = compare_late_change(cell);

		if (isnan(change) || !celldoc_same_block(cell, like) ||
		    strcmp(celldoc_text(cell, "strategy"),
			   celldoc_text(like, "strategy")) != 0)
			continue;
		sum += change;
		n++;
	}
	return n ? sum / (double)n : NAN;
}

/* Names the stacks of a block, cells `first` to `end`, that have no steady
 * state. */
static void print_unsteady(FILE *out, const json_t *cells, size_t first,
			   size_t end)
{
	const char *last = "", *lead = "  no steady state: ";
	int any = 0;

	for (size_t i = first; i < end; i++) {
		const json_t *cell = json_array_get(cells, i);
		double change;

		if (strcmp(last, celldoc_text(cell, "strategy")) == 0)
			continue;	/* a further repeat */
		last = celldoc_text(cell, "strategy");
		change = late_change(cells, cell);
		if (stats_is_steady(change))
			continue;
		fprintf(out, "%s%s (%+.0f %%)", any ? ", " : lead, last,
			change * 100);
		any = 1;
	}
	if (any)
		fputs("; over the second half of the requests\n  private memory "
		      "still changed so much: memory depends on --requests\n",
		      out);
}

/* Why most of a cell's passes of reshare were not made, or NULL if they were. */
static const char *what_kept_passes(const json_t *cell)
{
	static const char *const why[] = {
		"workers have other threads", "the program closes descriptors "
		"that are not its own", "a system call failed",
	};
	const json_t *skipped = json_object_get(cell, "reshare_skipped");
	double made = json_number_value(json_object_get(cell, "reshare_passes"));

	for (size_t i = 0; i < sizeof why / sizeof *why; i++)
		if (json_number_value(json_array_get(skipped, i)) > made)
			return why[i];
	return NULL;
}

/* Names the stacks of a block, cells `first` to `end`, that could give nothing
 * back. */
static void print_kept(FILE *out, const json_t *cells, size_t first, size_t end)
{
	const char *last = "";

	for (size_t i = first; i < end; i++) {
		const json_t *cell = json_array_get(cells, i);
		const char *why = what_kept_passes(cell);

		if (why == NULL ||
		    strcmp(last, celldoc_text(cell, "strategy")) == 0)
			continue;
		last = celldoc_text(cell, "strategy");
		fprintf(out, "  %s gave little back: %s\n", last, why);
	}
}

static void print_block_end(FILE *out, const json_t *cells, size_t first,
			    size_t end)
{
	print_unsteady(out, cells, first, end);
	print_kept(out, cells, first, end);
}

void report_table(FILE *out, const json_t *document, const char *baseline)
{
	const json_t *cells = json_object_get(document, "cells"), *cell;
	const json_t *before = NULL;
	const char *shown = "";
	size_t index, first = 0;
	int width = 8;

	json_array_foreach(cells, index, cell) {
		int n = (int)strlen(celldoc_text(cell, "strategy"));

		width = n > width ? n : width;
	}
	json_array_foreach(cells, index, cell) {
		if (before == NULL || !celldoc_same_block(before, cell)) {
			if (before != NULL) {
				print_block_end(out, cells, first, index);
				fputc('\n', out);
			}
			first = index;
			print_block_head(out, cell, width);
			shown = "";
		}
		before = cell;
		if (strcmp(shown, celldoc_text(cell, "strategy")) == 0)
			continue;	/* a further repeat */
		shown = celldoc_text(cell, "strategy");
		print_line(out, cells, cell,
			   find_baseline(cells, cell, baseline), width);
	}
	print_block_end(out, cells, first, json_array_size(cells));
}

/* One field, quoted when it must be: CSV by RFC 4180; in TSV, where nothing can
 * be quoted, separators become spaces. */
static void print_field(FILE *out, const json_t *value, char separator)
{
	char *dumped = NULL;
	const char *text = json_string_value(value);

	if (text == NULL && value != NULL && !json_is_null(value))
		text = dumped = json_dumps(value, JSON_COMPACT |
					   JSON_ENCODE_ANY |
					   JSON_REAL_PRECISION(12));
	if (text == NULL) {
		return;
	} else if (separator == ',' && strpbrk(text, ",\"\r\n") != NULL) {
		fputc('"', out);
		for (const char *p = text; *p != '\0'; p++) {
			if (*p == '"')
				fputc('"', out);
			fputc(*p, out);
		}
		fputc('"', out);
	} else {
		for (const char *p = text; *p != '\0'; p++)
			fputc(strchr("\t\r\n", *p) != NULL ? ' ' : *p, out);
	}
	free(dumped);
}

void report_rows(FILE *out, const json_t *document, char separator)
{
	static const char *const head[] = {
		"python", "tag", "executable", "strategy", "workload", "scale",
		"workers", "requests", "collect_at", "repeat", "seed", "status", "reason",
	};
	const size_t heads = sizeof head / sizeof *head;
	const json_t *cell;
	size_t index;

	fputs("run", out);
	for (size_t i = 0; i < heads; i++)
		fprintf(out, "%c%s", separator, head[i]);
	for (size_t i = 0; i < metrics_count; i++)
		fprintf(out, "%c%s", separator, metrics[i].key);
	fputc('\n', out);
	json_array_foreach(json_object_get(document, "cells"), index, cell) {
		print_field(out, json_object_get(document, "run"), separator);
		for (size_t i = 0; i < heads; i++) {
			fputc(separator, out);
			print_field(out, json_object_get(cell, head[i]),
				    separator);
		}
		for (size_t i = 0; i < metrics_count; i++) {
			fputc(separator, out);
			print_field(out, json_object_get(cell, metrics[i].key),
				    separator);
		}
		fputc('\n', out);
	}
}
