/* htmlsources.c - what the report was made from: figures, metrics, host, what was
 * not measured, and the raw data to take along. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "celldoc.h"
#include "draw.h"
#include "html.h"
#include "htmlparts.h"
#include "metrics.h"
#include "report.h"
#include "util.h"

void html_part_generator(FILE *out, const struct htmlreport *r)
{
	(void)r;
	html_text(out, PACKAGE_STRING);
}

/* Adds up a number of all runs. */
static long long sum(const struct htmlreport *r, const char *key)
{
	long long n = 0;
	const json_t *run;
	size_t index;

	json_array_foreach(r->listed, index, run)
		n += json_integer_value(json_object_get(run, key));
	return n;
}

/* "run 3", or "runs 3, 2". */
static void write_runs(FILE *out, const json_t *runs)
{
	const json_t *run;
	size_t index;

	fputs(json_array_size(runs) == 1 ? "run" : "runs", out);
	json_array_foreach(runs, index, run)
		html_printf(out, "%s %lld", index ? "," : "",
			    (long long)json_integer_value(
				    json_object_get(run, "run")));
}

void html_part_about(FILE *out, const struct htmlreport *r)
{
	const json_t *host = json_object_get(r->plan, "host");

	fputs("Made from ", out);
	write_runs(out, r->listed);
	html_printf(out,
		    ", begun %s: %lld of %lld cells were measured, on %s, "
		    "%s %s",
		    celldoc_text(json_array_get(r->listed, 0), "started"),
		    sum(r, "ok"), sum(r, "cells"), celldoc_text(host, "cpu"),
		    celldoc_text(host, "system"), celldoc_text(host, "kernel"));
	if (*celldoc_text(host, "name") != '\0')
		html_printf(out, " (%s)", celldoc_text(host, "name"));
}

/* ---- figures */

static void write_figure(FILE *out, const char *figure, const char *svg)
{
	char *title = draw_title(figure);
	char *prefix = xasprintf("%s-", figure);

	fputs("<figure>\n<figcaption class=\"unseen\" id=\"figure-", out);
	html_text(out, figure);
	fputs("\">", out);
	html_text(out, title ? title : figure);
	fputs("</figcaption>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
	      "aria-labelledby=\"figure-",
	      out);
	html_text(out, figure);
	fputs("\">", out);
	html_svg(out, svg, prefix);
	fputs("</div>\n</figure>\n", out);
	free(prefix);
	free(title);
}

/* As draw_figure(); what the figure lacks is told on the page. */
static int embed_figure(FILE *out, const struct htmlreport *r,
			const char *figure, long *left_out)
{
	char *svg = NULL;
	size_t size;
	int result = draw_bytes(r->store, r->run, figure, "svg", &svg, &size,
				left_out);

	if (result == 0)
		write_figure(out, figure, svg);
	free(svg);
	return result;
}

void html_part_figures(FILE *out, const struct htmlreport *r)
{
	struct strings figures = { NULL, 0 }, empty = { NULL, 0 };
	int result = 0;
	long left_out = 0;

	draw_figures(&figures);
	for (size_t i = 0; i < figures.n && result >= 0; i++) {
		long n = 0;

		result = embed_figure(out, r, figures.items[i], &n);
		if (result > 0)
			strings_add(&empty, figures.items[i]);
		left_out = n > left_out ? n : left_out;
	}
	if (result < 0) {
		complain("warning: the report lacks figures");
		fputs("<p class=\"warning\">Figures are missing here: they could "
		      "not be drawn where this page was made.</p>\n",
		      out);
	}
	for (size_t i = 0; i < empty.n; i++) {
		fputs(i ? ", " : "<p class=\"note\">This run has no data for: ",
		      out);
		html_text(out, empty.items[i]);
	}
	fputs(empty.n ? ".</p>\n" : "", out);
	if (left_out > 0)
		html_printf(out,
			    "The run has %ld panels more than can be drawn; "
			    "‘plot --format=tsv’ has their data. ",
			    left_out);
	if (json_array_size(r->listed) > 1)
		html_printf(out, "The figures are of run %lld, the newest.",
			    (long long)r->run);
	strings_fini(&figures);
	strings_fini(&empty);
}

void html_part_metrics(FILE *out, const struct htmlreport *r)
{
	(void)r;
	fputs("<table class=\"texts\"><thead><tr><th scope=\"col\">metric</th>"
	      "<th scope=\"col\">unit</th><th scope=\"col\">meaning</th></tr>"
	      "</thead>\n<tbody>\n",
	      out);
	for (size_t i = 0; i < metrics_count; i++) {
		fputs("<tr><td><code>", out);
		html_text(out, metrics[i].key);
		fputs("</code></td><td>", out);
		html_text(out, metrics[i].unit);
		fputs("</td><td>", out);
		html_text(out, metrics[i].meaning);
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
}

/* ---- host and run */

/* A fact as people read it; new. */
static char *fact_text(const char *key, const json_t *value)
{
	size_t n = strlen(key);
	char *text;

	if (json_is_null(value))
		return xstrdup("–");
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_integer(value) && n > 4 && strcmp(key + n - 4, "_kib") == 0)
		return xasprintf("%.1f MiB", json_number_value(value) / 1024);
	if (json_is_real(value))
		return xasprintf("%.4g", json_real_value(value));
	text = json_dumps(value, JSON_ENCODE_ANY);
	return text ? text : xstrdup("–");
}

static void write_facts(FILE *out, const char *head, json_t *facts)
{
	const char *key;
	json_t *value;

	fputs("<h3>", out);
	html_text(out, head);
	fputs("</h3>\n<dl>\n", out);
	json_object_foreach(facts, key, value) {
		char *text = fact_text(key, value);

		fputs("<div><dt>", out);
		html_text(out, key);
		fputs("</dt><dd>", out);
		html_text(out, text);
		fputs("</dd></div>\n", out);
		free(text);
	}
	fputs("</dl>\n", out);
}

void html_part_host(FILE *out, const struct htmlreport *r)
{
	const json_t *run;
	size_t index;

	write_facts(out, "Host", json_object_get(r->plan, "host"));
	json_array_foreach(r->listed, index, run) {
		char *head = xasprintf("Options of run %lld",
				       (long long)json_integer_value(
					       json_object_get(run, "run")));

		write_facts(out, head, json_object_get(run, "options"));
		free(head);
	}
}

/* ---- what was not measured */

/* Counts `text` in `counts`, an object. */
static void count(json_t *counts, const char *text)
{
	json_int_t n = json_integer_value(json_object_get(counts, text));

	json_object_set_new(counts, text, json_integer(n + 1));
}

/* Counts why cells did not run, or which metrics they lack and why. */
static void count_unmeasured(json_t *counts, const json_t *cell)
{
	const char *status = celldoc_text(cell, "status"), *key;
	json_t *missing = json_object(), *reason;
	char *text;

	if (strcmp(status, "ok") != 0) {
		text = xasprintf("%s on %s: %s: %s",
				 celldoc_text(cell, "strategy"),
				 celldoc_text(cell, "tag"), status,
				 celldoc_text(cell, "reason"));
		count(counts, text);
		free(text);
		json_decref(missing);
		return;
	}
	/* Metrics that lack for the same reason are one line. */
	json_object_foreach(json_object_get(cell, "unavailable"), key, reason) {
		const char *why = json_string_value(reason);
		const char *others = why ? celldoc_text(missing, why) : "";

		if (why == NULL)
			continue;
		text = xasprintf("%s%s%s", others, *others ? ", " : "", key);
		json_object_set_new(missing, why, json_string(text));
		free(text);
	}
	json_object_foreach(missing, key, reason) {
		text = xasprintf("%s: %s", json_string_value(reason), key);
		count(counts, text);
		free(text);
	}
	json_decref(missing);
}

/* Counts a group of cells that no plan could be made of. */
static void count_left_out(json_t *counts, const json_t *group)
{
	char *text = xasprintf(
		"no plan for %s on %s, %s: %s", celldoc_text(group, "strategy"),
		celldoc_text(group, "tag"), celldoc_text(group, "workload"),
		celldoc_text(group, "reason"));

	count(counts, text);
	free(text);
}

void html_part_unmeasured(FILE *out, const struct htmlreport *r)
{
	json_t *counts = json_object(), *run, *cell, *n;
	const char *text;
	size_t i, index;

	json_array_foreach(json_object_get(r->plan, "left_out"), index, cell)
		count_left_out(counts, cell);
	json_array_foreach(r->documents, i, run)
		json_array_foreach(json_object_get(run, "cells"), index, cell)
			count_unmeasured(counts, cell);
	if (json_object_size(counts) == 0)
		fputs("<p>All was measured.</p>\n", out);
	else
		fputs("<ul>\n", out);
	json_object_foreach(counts, text, n) {
		fputs("<li>", out);
		html_text(out, text);
		html_printf(out, " (%lld cell%s)",
			    (long long)json_integer_value(n),
			    json_integer_value(n) == 1 ? "" : "s");
		fputs("</li>\n", out);
	}
	fputs(json_object_size(counts) ? "</ul>\n" : "", out);
	json_decref(counts);
}

/* ---- raw data */

/* A page with more than this takes long to open. */
#define EMBED_MAX (8 << 20)

/* Cells and metrics of all documents as comma-separated values; new. */
static json_t *csv_of(const json_t *documents)
{
	char *all = xstrdup(""), *longer, *text;
	json_t *value, *run;
	size_t index;

	json_array_foreach(documents, index, run) {
		size_t size = 0;
		FILE *out;

		text = NULL;
		out = open_memstream(&text, &size);
		if (out == NULL)
			break;
		report_rows(out, run, ',');
		fclose(out);
		/* The heads of columns once. */
		longer = xasprintf(
			"%s%s", all,
			index == 0 ? text : strchrnul(text, '\n') + 1);
		free(text);
		free(all);
		all = longer;
	}
	value = json_string(all);
	free(all);
	return value;
}

/* Whether the documents are small enough to be in the page as they are. */
static int embeds_runs(const struct htmlreport *r)
{
	return json_dumpb(r->documents, NULL, 0, JSON_COMPACT) <= EMBED_MAX;
}

static void write_button(FILE *out, const char *id, const char *file,
			 const char *what)
{
	fprintf(out,
		"<button type=\"button\" data-of=\"%s\" data-file=\"%s\">"
		"%s</button>\n",
		id, file, what);
}

void html_part_downloads(FILE *out, const struct htmlreport *r)
{
	int whole = embeds_runs(r);
	size_t left = json_array_size(r->listed) -
		json_array_size(r->documents);

	fputs("<p class=\"downloads\">\n", out);
	write_button(out, "plan", "plan.json", "Plan and models (JSON)");
	write_button(out, "cells", "cells.csv", "Cells and metrics (CSV)");
	if (whole)
		write_button(out, "runs", "runs.json",
			     "Whole runs with curves (JSON)");
	fputs("</p>\n<p class=\"note\">", out);
	if (!whole)
		fputs("With their curves the runs are too large for a page; "
		      "‘export’ prints them. ",
		      out);
	if (left > 0)
		html_printf(out,
			    "Too large for a page, and not in these files: "
			    "the %zu oldest of the runs. ",
			    left);
	fputs("</p>\n", out);
}

static void write_data(FILE *out, const char *id, const json_t *value)
{
	fprintf(out, "<script type=\"application/json\" id=\"%s\">", id);
	html_json(out, value);
	fputs("</script>\n", out);
}

void html_part_data(FILE *out, const struct htmlreport *r)
{
	json_t *csv = csv_of(r->documents);

	write_data(out, "origin", r->origin);
	write_data(out, "plan", r->plan);
	write_data(out, "cells", csv);
	if (embeds_runs(r))
		write_data(out, "runs", r->documents);
	json_decref(csv);
}
