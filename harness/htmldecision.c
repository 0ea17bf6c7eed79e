/* htmldecision.c - what the report says: summary, decision table, lines to paste.
 *
 * All of it is read off the document of `plan --format=json`.  results/report/
 * report.js fills the same cells of the table again for other settings, by their
 * classes and data-value, which hold the number in the document's unit.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "celldoc.h"
#include "html.h"
#include "htmlparts.h"
#include "util.h"

static int is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

/* How numbers are shown; report.js has the same functions.  New texts. */

static char *plain_text(double value)
{
	return isnan(value) ? xstrdup("–") : xasprintf("%.0f", value);
}

/* Halves are rounded up as JavaScript does, printf would make them even. */
static double rounded(double value, double steps)
{
	return round(value * steps) / steps;
}

static char *memory_text(double kib)
{
	if (isnan(kib))
		return xstrdup("–");
	if (fabs(kib) < 10 * 1024 * 1024)
		return xasprintf("%.1f MiB", rounded(kib / 1024, 10));
	return xasprintf("%.2f GiB", rounded(kib / 1048576, 100));
}

/* A size in words: "16 GiB". */
static char *size_text(double kib)
{
	return fmod(kib, 1048576) == 0 ? xasprintf("%.0f GiB", kib / 1048576) :
					 memory_text(kib);
}

static char *pause_text(double us)
{
	if (isnan(us))
		return xstrdup("–");
	if (us < 1000)
		return xasprintf("%.0f µs", rounded(us, 1));
	return us < 100000 ? xasprintf("%.1f ms", rounded(us / 1000, 10)) :
			     xasprintf("%.0f ms", rounded(us / 1000, 1));
}

static char *ratio_text(double ratio)
{
	return isnan(ratio) ? xstrdup("–") : xasprintf("%.2f", ratio);
}

/* Writes a stack's name, which may be broken behind a + or a colon. */
static void write_stack(FILE *out, const char *stack)
{
	while (*stack != '\0') {
		size_t n = strcspn(stack, "+:");

		n += stack[n] != '\0';
		html_printf(out, "%.*s", (int)n, stack);
		stack += n;
		fputs(*stack ? "<wbr>" : "", out);
	}
}

/* The columns of the decision table behind the strategy's name. */
static const struct column {
	const char *head;
	const char *key;
	const char *class;
	char *(*text)(double value);
} columns[] = {
	{ "workers", "workers", "workers", plain_text },
	{ "memory, all together", "total_kib", "total", memory_text },
	{ "one worker’s own", "worker_private_kib", "private", memory_text },
	{ "growth per 1000 requests", "leak_kib_per_1k", "leak", memory_text },
	{ "limit reached after requests", "requests_to_limit", "lasts",
	  plain_text },
	{ "pause p50", "gc_pause_p50_us", "p50", pause_text },
	{ "pause p99", "gc_pause_p99_us", "p99", pause_text },
	{ "longest pause", "gc_pause_max_us", "max", pause_text },
	{ "CPU (none = 1)", "cpu_ratio", "cpu", ratio_text },
};
#define COLUMNS (sizeof columns / sizeof *columns)

static double block_of(const json_t *plan)
{
	return celldoc_number(plan, "block");
}

/* The plan at `index` if it is of the block, or NULL. */
static const json_t *plan_of(const json_t *plans, size_t index, double block)
{
	const json_t *plan = json_array_get(plans, index);

	return plan != NULL && block_of(plan) == block ? plan : NULL;
}

/* Where a block begins: their numbers ascend. */
static size_t first_of(const json_t *plans, double block)
{
	size_t low = 0, high = json_array_size(plans);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (block_of(json_array_get(plans, middle)) < block)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The recommended plan of a block, or NULL. */
static const json_t *best_of(const json_t *plans, double block)
{
	const json_t *plan;

	for (size_t i = first_of(plans, block);
	     (plan = plan_of(plans, i, block)) != NULL; i++)
		if (is_true(plan, "recommended"))
			return plan;
	return NULL;
}

/* The plan of a block that has no strategy, or NULL. */
static const json_t *none_of(const json_t *plans, double block)
{
	const json_t *plan;

	for (size_t i = first_of(plans, block);
	     (plan = plan_of(plans, i, block)) != NULL; i++)
		if (strcmp(celldoc_text(plan, "strategy"), "none") == 0)
			return plan;
	return NULL;
}

/* Whether plans[index] is the first of its block. */
static int begins_block(const json_t *plans, size_t index)
{
	return index == 0 ||
		block_of(json_array_get(plans, index - 1)) !=
		block_of(json_array_get(plans, index));
}

/* The one that is recommended before all, or NULL. */
static const json_t *first_choice(const struct htmlreport *r)
{
	const json_t *choice = json_object_get(r->plan, "recommended");

	if (!json_is_object(choice))
		return NULL;
	return json_array_get(
		json_object_get(r->plan, "plans"),
		(size_t)json_integer_value(json_object_get(choice, "plan")));
}

/* Of what was measured last: the recommendation is one for this, or none. */
static const char *newest_workload(const struct htmlreport *r)
{
	const json_t *plan, *newest = NULL;
	size_t index;

	json_array_foreach(json_object_get(r->plan, "plans"), index, plan)
		if (newest == NULL ||
		    celldoc_number(plan, "newest_cell") >
			    celldoc_number(newest, "newest_cell"))
			newest = plan;
	return celldoc_text(newest, "workload");
}

/* An interpreter's name as people write it; new. */
static char *python_text(const json_t *plan)
{
	const char *tag = celldoc_text(plan, "tag");

	if (strncmp(tag, "cp", 2) == 0)
		return xasprintf("CPython %s", tag + 2);
	if (strncmp(tag, "pp", 2) == 0)
		return xasprintf("PyPy %s", tag + 2);
	return xstrdup(tag);
}

void html_part_title(FILE *out, const struct htmlreport *r)
{
	const json_t *plan = first_choice(r), *none;
	char *memory = size_text(celldoc_number(r->plan, "memory_kib"));
	double without;

	none = none_of(json_object_get(r->plan, "plans"), block_of(plan));
	without = celldoc_number(none, "workers");
	if (plan == NULL)
		html_printf(out, "Nothing to recommend for %s in %s",
			    newest_workload(r), memory);
	else if (json_is_number(json_object_get(r->plan, "workers")) ||
		 isnan(without) || celldoc_number(plan, "workers") == without)
		html_printf(out, "%.0f workers in %s",
			    celldoc_number(plan, "workers"), memory);
	else
		html_printf(out, "%.0f workers instead of %.0f in %s",
			    celldoc_number(plan, "workers"), without, memory);
	free(memory);
}

/* The answer in one sentence, as report.js writes it for other settings. */
void html_part_answer(FILE *out, const struct htmlreport *r)
{
	const json_t *plan = first_choice(r);
	char *python;

	if (plan == NULL) {
		html_printf(out,
			    "Nothing can be recommended for %s within these "
			    "limits; the table says why.",
			    newest_workload(r));
		return;
	}
	python = python_text(plan);
	html_printf(out, "%s on %s, %s: %.0f workers (%s).",
		    celldoc_text(plan, "strategy"), python,
		    celldoc_text(plan, "workload"),
		    celldoc_number(plan, "workers"),
		    celldoc_text(plan, "reason"));
	free(python);
}

/* " instead of X with none" for two of a metric. */
static void write_instead(FILE *out, double ours, double theirs,
			  char *(*text)(double))
{
	char *a = text(ours), *b = text(theirs);

	html_printf(out, isnan(theirs) ? "%s" : "%s instead of %s", a, b);
	free(a);
	free(b);
}

/* A line for a block: what is best in it, and what that brings. */
static void write_block(FILE *out, const json_t *plans, const json_t *first)
{
	const json_t *best = best_of(plans, block_of(first));
	const json_t *none = none_of(plans, block_of(first));
	char *python = python_text(first);
	double gain;

	fputs("<li>", out);
	html_printf(out, "%s, %s: ", python, celldoc_text(first, "workload"));
	free(python);
	if (best == NULL) {
		fputs("nothing fits within these limits.</li>\n", out);
		return;
	}
	if (best == none)
		none = NULL;
	fputs("<b>", out);
	write_stack(out, celldoc_text(best, "strategy"));
	fputs("</b> with ", out);
	write_instead(out, celldoc_number(best, "workers"),
		      celldoc_number(none, "workers"), plain_text);
	fputs(" workers", out);
	gain = celldoc_number(best, "workers") /
		celldoc_number(none, "workers");
	if (isfinite(gain))
		html_printf(out, " (%.1f times as many)", gain);
	if (!isnan(celldoc_number(best, "gc_pause_max_us"))) {
		fputs(", longest pause ", out);
		write_instead(out, celldoc_number(best, "gc_pause_max_us"),
			      celldoc_number(none, "gc_pause_max_us"),
			      pause_text);
	}
	fputs(is_true(best, "extrapolated") ? "; extrapolated.</li>\n" :
					      ".</li>\n",
	      out);
}

/* How many times as many workers the best of a block has as none; NAN. */
static double gain_of(const json_t *plans, double block)
{
	const json_t *best = best_of(plans, block);
	const json_t *none = none_of(plans, block);

	return celldoc_number(none, "workers") > 0 && best != NULL ?
		celldoc_number(best, "workers") /
			celldoc_number(none, "workers") :
		NAN;
}

/* What the best strategies bring, over all blocks. */
static void write_gains(FILE *out, const json_t *plans)
{
	double low = NAN, high = NAN;
	size_t blocks = 0, index;
	const json_t *plan;

	json_array_foreach(plans, index, plan) {
		double gain = gain_of(plans, block_of(plan));

		if (begins_block(plans, index))
			blocks++;
		low = fmin(low, gain);
		high = fmax(high, gain);
	}
	if (isnan(low))
		return;
	html_printf(out,
		    "On %zu pair%s of interpreter and workload the best "
		    "strategy lets ",
		    blocks, blocks == 1 ? "" : "s");
	if (high - low < 0.05)
		html_printf(out, "%.1f", low);
	else
		html_printf(out, "%.1f to %.1f", low, high);
	fputs(" times as many workers fit as none does. ", out);
}

void html_part_summary(FILE *out, const struct htmlreport *r)
{
	const json_t *plans = json_object_get(r->plan, "plans"), *plan, *line;
	char *limit = memory_text(celldoc_number(r->plan, "limit_kib"));
	size_t index;

	fputs("<p class=\"lead\">", out);
	if (!json_is_number(json_object_get(r->plan, "workers")))
		write_gains(out, plans);
	html_part_answer(out, r);
	fputs("</p>\n<details>\n<summary>", out);
	html_printf(out, "Each interpreter and workload in words, within %s",
		    limit);
	fputs("</summary>\n<ul class=\"blocks\">\n", out);
	json_array_foreach(plans, index, plan)
		if (begins_block(plans, index))
			write_block(out, plans, plan);
	fputs("</ul>\n</details>\n", out);
	json_array_foreach(json_object_get(r->plan, "warnings"), index, line) {
		fputs("<p class=\"warning\">", out);
		html_text(out, json_string_value(line));
		fputs("</p>\n", out);
	}
	free(limit);
}

/* What the numbers alone do not say; showNotes() of report.js writes the same. */
static void write_notes(FILE *out, const json_t *plan)
{
	const char *sep = "";
	const json_t *note;
	size_t index;

	if (is_true(plan, "recommended")) {
		fputs("recommended", out);
		sep = "; ";
	} else if (*celldoc_text(plan, "reason") != '\0') {
		html_text(out, celldoc_text(plan, "reason"));
		sep = "; ";
	}
	if (is_true(plan, "extrapolated")) {
		html_printf(out, "%sextrapolated", sep);
		sep = "; ";
	}
	json_array_foreach(json_object_get(plan, "notes"), index, note) {
		const char *text = json_string_value(note);

		if (strncmp(text, "extrapolated", 12) == 0)
			continue;
		html_printf(out, "%s%s", sep, text);
		sep = "; ";
	}
}

/* The interval of a number, if there is one. */
static void write_interval(FILE *out, const json_t *plan,
			   const struct column *c)
{
	char *key = xasprintf("%s_interval", c->key), *low, *high;
	const json_t *interval = json_object_get(plan, key);

	if (json_array_size(interval) == 2) {
		low = c->text(json_number_value(json_array_get(interval, 0)));
		high = c->text(json_number_value(json_array_get(interval, 1)));
		fputs("<span class=\"interval\">", out);
		html_printf(out, "%s to %s", low, high);
		fputs("</span>", out);
		free(low);
		free(high);
	}
	free(key);
}

/* Whether a number is missing because memory never reaches the limit. */
static int never_full(const json_t *plan, const char *key)
{
	const json_t *model = json_object_get(plan, "model");

	return strcmp(key, "requests_to_limit") == 0 &&
		celldoc_number(plan, "workers") > 0 &&
		!isnan(celldoc_number(model, "slope_kib_per_request"));
}

/* Most workers of a block's plans. */
static double most_workers(const json_t *plans, double block)
{
	double most = 0;
	const json_t *plan;

	for (size_t i = first_of(plans, block);
	     (plan = plan_of(plans, i, block)) != NULL; i++)
		most = fmax(most, celldoc_number(plan, "workers"));
	return most;
}

/* `most` are those of the block. */
static void write_row(FILE *out, const json_t *plan, size_t index, double most)
{

	fprintf(out, "<tr data-plan=\"%zu\" class=\"%s%s\"><th scope=\"row\">",
		index, is_true(plan, "recommended") ? "best" : "",
		is_true(plan, "misses_pause") ? " misses" : "");
	write_stack(out, celldoc_text(plan, "strategy"));
	fputs("</th>", out);
	for (size_t i = 0; i < COLUMNS; i++) {
		double value = celldoc_number(plan, columns[i].key);
		char *text = isnan(value) && never_full(plan, columns[i].key) ?
			xstrdup("never") :
			columns[i].text(value);

		fprintf(out, "<td class=\"%s\"", columns[i].class);
		if (!isnan(value))
			fprintf(out, " data-value=\"%.17g\"", value);
		fputc('>', out);
		if (i == 0)
			fprintf(out, "<i style=\"--share: %.1f%%\"></i>",
				value > 0 && most > 0 ? 100 * value / most : 0);
		fputs("<span>", out);
		html_text(out, text);
		fputs("</span>", out);
		write_interval(out, plan, &columns[i]);
		fputs("</td>", out);
		free(text);
	}
	fprintf(out, "<td class=\"notes%s\">",
		is_true(plan, "recommended") ? " chosen" : "");
	write_notes(out, plan);
	fputs("</td></tr>\n", out);
}

/* The heading of a block: what all its rows have in common. */
static void write_heading(FILE *out, const json_t *plan)
{
	const json_t *workers = json_object_get(plan, "workers_measured"), *w;
	char *python = python_text(plan);
	size_t i;

	fprintf(out, "<tr><th colspan=\"%zu\" scope=\"rowgroup\">",
		COLUMNS + 2);
	html_printf(out, "%s, %s, scale %.0f; measured with ", python,
		    celldoc_text(plan, "workload"),
		    celldoc_number(plan, "scale"));
	json_array_foreach(workers, i, w)
		html_printf(out, "%s%.0f", i ? ", " : "", json_number_value(w));
	html_printf(out, " workers up to %.0f requests",
		    celldoc_number(plan, "requests_measured"));
	fputs("</th></tr>\n", out);
	free(python);
}

void html_part_table(FILE *out, const struct htmlreport *r)
{
	const json_t *plans = json_object_get(r->plan, "plans"), *plan;
	size_t index;

	fputs("<table id=\"plans\">\n<thead><tr><th scope=\"col\">strategy</th>",
	      out);
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(out, "<th scope=\"col\">%s</th>", columns[i].head);
	fputs("<th scope=\"col\">notes</th></tr></thead>\n", out);
	json_array_foreach(plans, index, plan) {
		if (begins_block(plans, index)) {
			fputs(index ? "</tbody>\n<tbody>\n" : "<tbody>\n", out);
			write_heading(out, plan);
		}
		write_row(out, plan, index,
			  most_workers(plans, block_of(plan)));
	}
	fputs(json_array_size(plans) ? "</tbody>\n</table>\n" : "</table>\n",
	      out);
}

/* An option of a list for each value of `key`, once. */
static void write_choices(FILE *out, const json_t *plans, const char *key)
{
	struct strings seen = { NULL, 0 };
	const json_t *plan;
	size_t index;

	json_array_foreach(plans, index, plan) {
		const char *text = celldoc_text(plan, key);

		if (strings_has(&seen, text))
			continue;
		strings_add(&seen, text);
		fputs("<option>", out);
		html_text(out, text);
		fputs("</option>", out);
	}
	strings_fini(&seen);
}

void html_part_pythons(FILE *out, const struct htmlreport *r)
{
	write_choices(out, json_object_get(r->plan, "plans"), "tag");
}

void html_part_workloads(FILE *out, const struct htmlreport *r)
{
	write_choices(out, json_object_get(r->plan, "plans"), "workload");
}

void html_part_deploy(FILE *out, const struct htmlreport *r)
{
	static const struct {
		const char *key, *name;
	} servers[] = {
		{ "gunicorn", "gunicorn" },
		{ "uwsgi", "uWSGI" },
		{ "celery", "Celery" },
	};
	const json_t *choice = json_object_get(r->plan, "recommended");
	const json_t *deploy = json_object_get(choice, "deploy");

	if (!json_is_object(deploy)) {
		fputs("<p>Nothing is recommended, so there is nothing to "
		      "paste.</p>\n",
		      out);
		return;
	}
	fputs("<p>", out);
	html_printf(out, "Lines to paste for %s on %s:",
		    celldoc_text(choice, "strategy"),
		    celldoc_text(choice, "python"));
	fputs("</p>\n<p id=\"deploy-note\" class=\"warning\" hidden></p>\n",
	      out);
	for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
		const char *lines = celldoc_text(deploy, servers[i].key);

		if (*lines == '\0')
			continue;
		fprintf(out, "<h3>%s</h3>\n<pre tabindex=\"0\">",
			servers[i].name);
		html_text(out, lines);
		fputs("</pre>\n", out);
	}
}
