/* report.c - tables and rows from a run's document. */
#define _GNU_SOURCE
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "celldoc.h"
#include "compare.h"
#include "metrics.h"
#include "samehost.h"
#include "stats.h"
#include "util.h"

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

/* Cells of one interpreter, workload and size that were measured on one host:
 * cells[first] to cells[end - 1].  store_export() has each in one piece, and in it
 * each stack. */
struct block {
	const json_t *cells;
	size_t first, end;
};

/* Mean of what `of` says of the good repeats of `like`'s stack; NAN if none. */
static double mean_of(const struct block *b, const json_t *like,
		      double (*of)(const json_t *cell, const char *key),
		      const char *key)
{
	const char *stack = celldoc_text(like, "strategy");
	double sum = 0;
	size_t n = 0;

	for (size_t i = b->first; i < b->end; i++) {
		const json_t *cell = json_array_get(b->cells, i);
		double value;

		if (strcmp(celldoc_text(cell, "strategy"), stack) != 0)
			continue;
		value = of(cell, key);
		if (isnan(value))
			continue;
		sum += value;
		n++;
	}
	return n ? sum / (double)n : NAN;
}

static double mean(const struct block *b, const json_t *like, const char *key)
{
	return mean_of(b, like, celldoc_number, key);
}

/* The block's cell of a stack, or NULL. */
static const json_t *find_stack(const struct block *b, const char *stack)
{
	for (size_t i = b->first; stack != NULL && i < b->end; i++) {
		const json_t *cell = json_array_get(b->cells, i);

		if (strcmp(celldoc_text(cell, "strategy"), stack) == 0)
			return cell;
	}
	return NULL;
}

/* Names the host of a block, if the run has several and one was at work. */
static void print_host(FILE *out, const json_t *document, const struct block *b)
{
	const json_t *cell = json_array_get(b->cells, b->first);
	int tried = *celldoc_text(cell, "host") != '\0';

	for (size_t i = b->first; i < b->end; i++)
		tried |= celldoc_was_tried(json_array_get(b->cells, i));
	if (json_array_size(json_object_get(document, "hosts")) > 0 && tried) {
		char *label = samehost_label(document, cell);

		fprintf(out, ", on %s", label);
		free(label);
	}
}

static void print_block_head(FILE *out, const json_t *document,
			     const struct block *b, int width)
{
	const json_t *cell = json_array_get(b->cells, b->first);
	json_int_t at = json_integer_value(json_object_get(cell, "collect_at"));
	const char *given = celldoc_given_path(cell);

	fprintf(out, "%s%s%s  %s  scale %lld, %lld workers, %lld requests each",
		celldoc_text(cell, "tag"), *given ? " " : "", given,
		celldoc_text(cell, "workload"),
		(long long)json_integer_value(json_object_get(cell, "scale")),
		(long long)json_integer_value(json_object_get(cell, "workers")),
		(long long)json_integer_value(
			json_object_get(cell, "requests")));
	if (at >= 0)
		fprintf(out, ", a full collection after %lld", (long long)at);
	print_host(out, document, b);
	fputc('\n', out);
	fprintf(out, "  %-*s", width, "strategy");
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(out, "  %12s%s", columns[i].head,
			i == 0 ? " (ratio)" : "");
	fputc('\n', out);
}

static void print_line(FILE *out, const struct block *b, const json_t *cell,
		       const json_t *base, int width)
{
	const char *status = celldoc_text(cell, "status");

	fprintf(out, "  %-*s", width, celldoc_text(cell, "strategy"));
	if (isnan(mean(b, cell, "total_kib")) && strcmp(status, "ok") != 0) {
		fprintf(out, "  %s: %s\n", status,
			celldoc_text(cell, "reason"));
		return;
	}
	for (size_t i = 0; i < COLUMNS; i++) {
		double value = mean(b, cell, columns[i].key);
		double first = base ? mean(b, base, columns[i].key) : NAN;

		if (isnan(value))
			fprintf(out, "  %12s", "-");
		else
			fprintf(out, "  %12.*f", columns[i].decimals,
				value / columns[i].divisor);
		if (i == 0 && isnan(value / first))
			fprintf(out, "  %6s", "-");
		else if (i == 0)
			fprintf(out, "  %6.2f", value / first);
	}
	fputc('\n', out);
}

/* How the private memory of a cell changed over the second half of the requests,
 * as a part of its last value; NAN: not known, or it did not get that far. */
static double late_change(const json_t *cell, const char *key)
{
	(void)key;
	return strcmp(celldoc_text(cell, "status"), "ok") == 0 ?
		compare_late_change(cell) :
		NAN;
}

/* Names the stacks of a block that have no steady state. */
static void print_unsteady(FILE *out, const struct block *b)
{
	const char *last = "", *lead = "  no steady state: ";
	int any = 0;

	for (size_t i = b->first; i < b->end; i++) {
		const json_t *cell = json_array_get(b->cells, i);
		double change;

		if (strcmp(last, celldoc_text(cell, "strategy")) == 0)
			continue; /* a further repeat */
		last = celldoc_text(cell, "strategy");
		change = mean_of(b, cell, late_change, NULL);
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
		"workers have other threads",
		"the program closes descriptors that are not its own",
		"a system call failed",
	};
	const json_t *skipped = json_object_get(cell, "reshare_skipped");
	double made = json_number_value(
		json_object_get(cell, "reshare_passes"));

	for (size_t i = 0; i < sizeof why / sizeof *why; i++)
		if (json_number_value(json_array_get(skipped, i)) > made)
			return why[i];
	return NULL;
}

/* Names the stacks of a block that could give nothing back. */
static void print_kept(FILE *out, const struct block *b)
{
	const char *last = "";

	for (size_t i = b->first; i < b->end; i++) {
		const json_t *cell = json_array_get(b->cells, i);
		const char *why = what_kept_passes(cell);

		if (why == NULL ||
		    strcmp(last, celldoc_text(cell, "strategy")) == 0)
			continue;
		last = celldoc_text(cell, "strategy");
		fprintf(out, "  %s gave little back: %s\n", last, why);
	}
}

/* The cell of the block's baseline that was measured on another host, or NULL. */
static const json_t *baseline_elsewhere(const struct block *b,
					const char *baseline)
{
	const json_t *like = json_array_get(b->cells, b->first);
	struct block task = *b;

	/* Blocks of the same task stand side by side. */
	while (task.first > 0 &&
	       celldoc_same_task(like,
				 json_array_get(b->cells, task.first - 1)))
		task.first--;
	while (task.end < json_array_size(b->cells) &&
	       celldoc_same_task(like, json_array_get(b->cells, task.end)))
		task.end++;
	for (size_t i = task.first; i < task.end; i++) {
		const json_t *cell = json_array_get(b->cells, i);

		if (!celldoc_same_block(cell, like) &&
		    strcmp(celldoc_text(cell, "strategy"), baseline) == 0 &&
		    strcmp(celldoc_text(cell, "status"), "ok") == 0)
			return cell;
	}
	return NULL;
}

/* Says why a block has no ratios although the run has a baseline for it. */
static void print_no_ratio(FILE *out, const json_t *document,
			   const struct block *b, const char *baseline,
			   const json_t *base)
{
	const json_t *elsewhere;
	char *label;

	if (baseline == NULL ||
	    (base != NULL && !isnan(mean(b, base, "total_kib"))))
		return;
	elsewhere = baseline_elsewhere(b, baseline);
	if (elsewhere == NULL)
		return;
	label = samehost_label(document, elsewhere);
	fprintf(out,
		"  no ratio: %s was not measured on this host, but on "
		"%s\n",
		baseline, label);
	free(label);
}

/* Says that cells had company: why times are not there. */
static void print_company(FILE *out, const struct block *b)
{
	json_int_t most = 1;

	for (size_t i = b->first; i < b->end; i++) {
		json_int_t jobs = json_integer_value(
			json_object_get(json_array_get(b->cells, i), "jobs"));

		most = jobs > most ? jobs : most;
	}
	if (most > 1)
		fprintf(out,
			"  up to %lld cells ran at the same time on this "
			"host\n",
			(long long)most);
}

static void print_block(FILE *out, const json_t *document,
			const struct block *b, const char *baseline, int width)
{
	const json_t *base = find_stack(b, baseline);
	const char *shown = "";

	print_block_head(out, document, b, width);
	for (size_t i = b->first; i < b->end; i++) {
		const json_t *cell = json_array_get(b->cells, i);

		if (strcmp(shown, celldoc_text(cell, "strategy")) == 0)
			continue; /* a further repeat */
		shown = celldoc_text(cell, "strategy");
		print_line(out, b, cell, base, width);
	}
	print_no_ratio(out, document, b, baseline, base);
	print_company(out, b);
	print_unsteady(out, b);
	print_kept(out, b);
}

void report_table(FILE *out, const json_t *document, const char *baseline)
{
	struct block b = { .cells = json_object_get(document, "cells") };
	size_t all = json_array_size(b.cells), index;
	const json_t *cell;
	int width = 8;

	json_array_foreach(b.cells, index, cell) {
		int n = (int)strlen(celldoc_text(cell, "strategy"));

		width = n > width ? n : width;
	}
	for (; b.first < all; b.first = b.end) {
		cell = json_array_get(b.cells, b.first);
		for (b.end = b.first + 1; b.end < all &&
		     celldoc_same_block(cell, json_array_get(b.cells, b.end));
		     b.end++)
			continue;
		if (b.first > 0)
			fputc('\n', out);
		print_block(out, document, &b, baseline, width);
	}
}

/* One field, quoted when it must be: CSV by RFC 4180; in TSV, where nothing can
 * be quoted, separators become spaces.  What would act on a terminal
 * becomes '?'. */
static void print_field(FILE *out, const json_t *value, char separator)
{
	char *text = NULL;

	if (json_is_string(value)) {
		text = xstrdup(json_string_value(value));
		make_text_safe_but(text, "\t\n");
	} else if (value != NULL && !json_is_null(value)) {
		text = json_dumps(value,
				  JSON_COMPACT | JSON_ENCODE_ANY |
					  JSON_REAL_PRECISION(12));
	}
	if (text == NULL)
		return;
	if (separator == ',' && strpbrk(text, ",\"\r\n") != NULL) {
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
	free(text);
}

/* Whether a cell was not alone on the run's own host. */
static int tells_placement(const json_t *document)
{
	const json_t *cell;
	size_t index;

	json_array_foreach(json_object_get(document, "cells"), index, cell)
		if (json_object_get(cell, "host") != NULL ||
		    json_object_get(cell, "jobs") != NULL)
			return 1;
	return 0;
}

void report_rows(FILE *out, const json_t *document, char separator)
{
	static const char *const head[] = {
		"python", "tag",     "executable", "strategy",	 "workload",
		"scale",  "workers", "requests",   "collect_at", "repeat",
		"seed",	  "status",  "reason",
	};
	static const char *const tail[] = { "host", "jobs" };
	const size_t heads = sizeof head / sizeof *head;
	const size_t tails = tells_placement(document) ?
		sizeof tail / sizeof *tail :
		0;
	const json_t *cell;
	size_t index;

	fputs("run", out);
	for (size_t i = 0; i < heads; i++)
		fprintf(out, "%c%s", separator, head[i]);
	for (size_t i = 0; i < metrics_count; i++)
		fprintf(out, "%c%s", separator, metrics[i].key);
	for (size_t i = 0; i < tails; i++)
		fprintf(out, "%c%s", separator, tail[i]);
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
		for (size_t i = 0; i < tails; i++) {
			fputc(separator, out);
			print_field(out, json_object_get(cell, tail[i]),
				    separator);
		}
		fputc('\n', out);
	}
}
