/* capacitytable.c - a capacity plan as a table per interpreter and workload, and
 * what to paste at its end. */
#define _GNU_SOURCE
#include "capacitytable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "celldoc.h"
#include "util.h"

static int is_set(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static void print_number(FILE *out, int width, double number, int decimals)
{
	if (isnan(number))
		fprintf(out, "  %*s", width, "-");
	else
		fprintf(out, "  %*.*f", width, decimals, number);
}

/* Characters of the longest stack among the plans. */
static int stack_width(const json_t *plans)
{
	const json_t *p;
	size_t index, width = strlen("strategy");

	json_array_foreach(plans, index, p) {
		size_t n = strlen(celldoc_text(p, "strategy"));

		width = n > width ? n : width;
	}
	return (int)width;
}

static void print_head(FILE *out, const json_t *p, int width)
{
	json_int_t age = json_integer_value(json_object_get(p, "age"));
	const char *given = celldoc_text(p, "executable");

	fprintf(out, "\n%s%s%s  %s  scale %lld, workers of %lld requests\n",
		celldoc_text(p, "tag"), *given ? " " : "", given,
		celldoc_text(p, "workload"),
		(long long)json_integer_value(json_object_get(p, "scale")),
		(long long)age);
	fprintf(out,
		"  %-*s  %7s %-16s  %9s  %9s  %11s  %7s  %9s  %-22s  %4s\n",
		width, "strategy", "workers", "(95 %)", "total MiB", "peak MiB",
		"private MiB", "leak/1k", "full at", "pause p50/p99/max ms",
		"CPU");
}

/* "(LOW to HIGH)", or nothing; to free. */
static char *interval_text(const json_t *interval)
{
	if (!json_is_array(interval))
		return xstrdup("");
	return xasprintf(
		"(%lld to %lld)",
		(long long)json_integer_value(json_array_get(interval, 0)),
		(long long)json_integer_value(json_array_get(interval, 1)));
}

/* "P50 / P99 / LONGEST" in ms, that there are none, or "-": not known; to free. */
static char *pauses_text(const json_t *p)
{
	double p99 = celldoc_number(p, "gc_pause_p99_us");

	if (isnan(p99))
		return xstrdup(is_set(p, "pauses_known") ? "none" : "-");
	return xasprintf("%.2f / %.2f / %.2f",
			 celldoc_number(p, "gc_pause_p50_us") / 1000,
			 p99 / 1000,
			 celldoc_number(p, "gc_pause_max_us") / 1000);
}

static void print_plan(FILE *out, const json_t *p, int width)
{
	char *interval = interval_text(json_object_get(p, "workers_interval"));
	char *pauses = pauses_text(p);

	fprintf(out, "%c %-*s", is_set(p, "recommended") ? '*' : ' ', width,
		celldoc_text(p, "strategy"));
	print_number(out, 7, celldoc_number(p, "workers"), 0);
	fprintf(out, " %-16s", interval);
	print_number(out, 9, celldoc_number(p, "total_kib") / 1024, 1);
	print_number(out, 9, celldoc_number(p, "peak_kib") / 1024, 1);
	print_number(out, 11, celldoc_number(p, "worker_private_kib") / 1024,
		     2);
	print_number(out, 7, celldoc_number(p, "leak_kib_per_1k"), 0);
	print_number(out, 9, celldoc_number(p, "requests_to_limit"), 0);
	fprintf(out, "  %-22s", pauses);
	print_number(out, 4, celldoc_number(p, "cpu_ratio"), 2);
	if (is_set(p, "misses_pause"))
		fprintf(out, "  misses the pause limit");
	if (is_set(p, "extrapolated"))
		fprintf(out, "  extrapolated");
	fputc('\n', out);
	free(interval);
	free(pauses);
}

/* Reasons of a block's plans that cannot be followed, or are recommended. */
static void print_reasons(FILE *out, const json_t *plans, size_t first)
{
	const json_t *block = json_object_get(json_array_get(plans, first),
					      "block");

	for (size_t i = first; i < json_array_size(plans); i++) {
		const json_t *p = json_array_get(plans, i);
		const char *reason = celldoc_text(p, "reason");

		if (!json_equal(json_object_get(p, "block"), block))
			break;
		if (*reason != '\0')
			fprintf(out, "  %s%s: %s\n",
				is_set(p, "recommended") ? "recommended: " : "",
				celldoc_text(p, "strategy"), reason);
	}
}

static void print_title(FILE *out, const json_t *d)
{
	double pause = celldoc_number(d, "pause_p99_us");
	const char *host = celldoc_text(json_object_get(d, "host"), "name");

	fprintf(out,
		"%.0f MiB, of which %g %% are kept free: %.0f MiB for a "
		"template and its workers",
		celldoc_number(d, "memory_kib") / 1024,
		celldoc_number(d, "reserve_percent"),
		celldoc_number(d, "limit_kib") / 1024);
	if (!isnan(pause))
		fprintf(out, "; p99 pauses within %g ms", pause / 1000);
	if (*host != '\0')
		fprintf(out, "; measured on %s", host);
	fputc('\n', out);
}

static void print_legend(FILE *out)
{
	fprintf(out,
		"\n* recommended.  total: after that many requests, peak: the "
		"most up to then; private: of one worker\nalone; leak/1k: KiB "
		"more per worker and 1000 requests; full at: requests after "
		"which so many\nworkers fill the limit, -: never, by what was "
		"measured; CPU: time per worker, none = 1.\n");
}

static void print_recommendation(FILE *out, const json_t *r)
{
	static const char *const servers[] = { "gunicorn", "uwsgi", "celery" };

	if (!json_is_object(r))
		return;
	fprintf(out, "\nRecommended: %s on %s, %lld workers: %s.\n",
		celldoc_text(r, "strategy"), celldoc_text(r, "python"),
		(long long)json_integer_value(json_object_get(r, "workers")),
		celldoc_text(r, "reason"));
	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++)
		fprintf(out, "\n%s",
			celldoc_text(json_object_get(r, "deploy"), servers[i]));
}

static void print_verification(FILE *out, const json_t *v, double memory_kib)
{
	const json_t *cell, *cells = json_object_get(v, "cells");
	int limited = json_is_integer(
		json_object_get(json_array_get(cells, 0), "memory_limit_kib"));
	size_t index;

	if (!json_is_object(v))
		return;
	fprintf(out,
		"\nTried out: %s on %s, %s %.0f MiB\n  workers  predicted "
		"MiB  measured MiB    error\n",
		celldoc_text(v, "strategy"), celldoc_text(v, "tag"),
		limited ? "in a memory cgroup limited to" :
			  "without a memory cgroup, against",
		memory_kib / 1024);
	json_array_foreach(cells, index, cell) {
		int hit = is_set(cell, "limit_hit");

		print_number(out, 7, celldoc_number(cell, "workers"), 0);
		print_number(out, 13,
			     celldoc_number(cell, "predicted_kib") / 1024, 1);
		print_number(out, 12,
			     celldoc_number(cell, "measured_kib") / 1024, 1);
		if (isnan(celldoc_number(cell, "error_percent")))
			fprintf(out, "        -");
		else
			fprintf(out, "  %+5.1f %%",
				celldoc_number(cell, "error_percent"));
		fprintf(out, "  %s%s\n",
			hit ? "beyond the memory" : "within the memory",
			is_set(cell, "good") ? ", as predicted" :
					       ", NOT as predicted");
	}
	if (*celldoc_text(v, "note") != '\0')
		fprintf(out, "  %s\n", celldoc_text(v, "note"));
}

void capacitytable_print(FILE *out, const json_t *d)
{
	const json_t *plans = json_object_get(d, "plans"), *p, *last = NULL;
	const json_t *left_out = json_object_get(d, "left_out");
	int width = stack_width(plans);
	size_t index, first = 0;

	print_title(out, d);
	json_array_foreach(plans, index, p) {
		if (last == NULL ||
		    !json_equal(json_object_get(p, "block"),
				json_object_get(last, "block"))) {
			if (last != NULL)
				print_reasons(out, plans, first);
			print_head(out, p, width);
			first = index;
		}
		print_plan(out, p, width);
		last = p;
	}
	print_reasons(out, plans, first);
	if (json_array_size(left_out) > 0)
		fputc('\n', out);
	json_array_foreach(left_out, index, p)
		fprintf(out, "No plan for %s on %s, %s: %s\n",
			celldoc_text(p, "strategy"), celldoc_text(p, "tag"),
			celldoc_text(p, "workload"), celldoc_text(p, "reason"));
	print_legend(out);
	print_recommendation(out, json_object_get(d, "recommended"));
	print_verification(out, json_object_get(d, "verify"),
			   celldoc_number(d, "memory_kib"));
}
