/* comparetable.c - the table of `compare`.  A number has as many digits as its
 * interval leaves it: two of the interval's width. */
#define _GNU_SOURCE
#include "comparetable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "stats.h"
#include "util.h"

#define COLUMNS 5

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

/* Decimals that show so many digits of `value`, and no more than six. */
static int decimals(double value, int digits)
{
	int d = value == 0 ? 0 : digits - 1 - (int)floor(log10(fabs(value)));

	return d < 0 ? 0 : d > 6 ? 6 : d;
}

/* "VALUE [LOW, HIGH]"; to free. */
static char *estimate(const json_t *value, const json_t *interval)
{
	double v = json_number_value(value);
	double low = json_number_value(json_array_get(interval, 0));
	double high = json_number_value(json_array_get(interval, 1));
	/* An interval of no width is some rounding errors wide. */
	int d = high - low > 1e-9 * fabs(v) ? decimals(high - low, 2) :
					      decimals(v, 4);

	if (!json_is_number(value))
		return xstrdup("-");
	if (!json_is_array(interval))
		return xasprintf("%.*f", d, v);
	return xasprintf("%.*f [%.*f, %.*f]", d, v, d, low, d, high);
}

static long long fewest_repeats(const json_t *row)
{
	long long a = number_of(json_object_get(row, "a"), "repeats");
	long long b = number_of(json_object_get(row, "b"), "repeats");

	return a < b ? a : b;
}

/* What a row says in the end; to free. */
static char *verdict(const json_t *row, long long lost)
{
	const char *text = text_of(row, "verdict");
	const char *reason = text_of(row, "reason");
	double percent = 100 *
		json_number_value(json_object_get(row, "detectable"));
	const char *warning = lost > 0 &&
			compare_needs_samples(text_of(row, "metric")) ?
		" (samples were lost: do not trust)" :
		"";
	long long needed = number_of(row, "repeats_needed");
	char *detail, *whole;

	if (strcmp(text, "too few repeats") == 0) {
		detail = xasprintf(": have %lld, need %d", fewest_repeats(row),
				   STATS_MIN_REPEATS);
	} else if (strcmp(text, "no difference shown") == 0) {
		char *finer = percent > 0 ?
			xasprintf(percent < 10 ? "; %.2g %% would show" :
						 "; %.0f %% would show",
				  percent) :
			xstrdup("");

		if (needed > 0)
			detail = xasprintf("; %lld repeats would decide%s",
					   needed, finer);
		else if (json_number_value(
				 json_object_get(row, "difference")) != 0)
			detail = xasprintf("; >%d repeats would be needed%s",
					   STATS_MAX_REPEATS, finer);
		else
			detail = xstrdup(finer);
		free(finer);
	} else {
		detail = xstrdup("");
	}
	whole = xasprintf("%s%s%s%s%s", text, detail,
			  *text && *reason ? "; no ratio: " : "", reason,
			  warning);
	free(detail);
	return whole;
}

static void fill_row(const json_t *row, long long lost, char *fields[COLUMNS])
{
	const json_t *a = json_object_get(row, "a");
	const json_t *b = json_object_get(row, "b");

	fields[0] = xstrdup(text_of(row, "metric"));
	fields[1] = estimate(json_object_get(a, "mean"),
			     json_object_get(a, "mean_interval"));
	fields[2] = estimate(json_object_get(b, "mean"),
			     json_object_get(b, "mean_interval"));
	fields[3] = estimate(json_object_get(row, "ratio"),
			     json_object_get(row, "ratio_interval"));
	fields[4] = verdict(row, lost);
}

static char *side_name(const json_t *side)
{
	return xasprintf("%s (run %lld, %lld %s%srepeat%s)",
			 text_of(side, "stack"), number_of(side, "run"),
			 number_of(side, "repeats"), text_of(side, "which"),
			 *text_of(side, "which") ? " " : "",
			 number_of(side, "repeats") == 1 ? "" : "s");
}

static void print_head(FILE *out, const json_t *block)
{
	char *a = side_name(json_object_get(block, "a"));
	char *b = side_name(json_object_get(block, "b"));

	fprintf(out, "%s  %s  scale %lld, %lld workers, %lld requests each",
		text_of(block, "tag"), text_of(block, "workload"),
		number_of(block, "scale"), number_of(block, "workers"),
		number_of(block, "requests"));
	if (number_of(block, "collect_at") >= 0)
		fprintf(out, ", a full collection after %lld",
			number_of(block, "collect_at"));
	if (*text_of(block, "host") != '\0')
		fprintf(out, ", on %s", text_of(block, "host"));
	fprintf(out, "\n  A: %s\n  B: %s\n", a, b);
	free(a);
	free(b);
}

static void print_notes(FILE *out, const json_t *block, const char *key,
			const char *name)
{
	const json_t *side = json_object_get(block, key);
	const json_t *steady = json_object_get(
		json_object_get(block, "steady_state"), key);
	double change = json_number_value(
		json_object_get(steady, "late_change"));

	if (number_of(side, "not_used") > 0)
		fprintf(out, "  %s, %s: %lld of %lld repeats not used: %s\n",
			name, text_of(side, "stack"),
			number_of(side, "not_used"),
			number_of(side, "not_used") +
				number_of(side, "repeats"),
			text_of(side, "reason"));
	if (json_is_false(json_object_get(steady, "steady")))
		fprintf(out,
			"  %s, %s: no steady state in %lld of %lld "
			"repeats: private memory still %s by %.0f %% over the "
			"second half of the requests; memory figures depend on "
			"--requests\n",
			name, text_of(side, "stack"),
			number_of(steady, "unsteady"),
			number_of(steady, "repeats"),
			change < 0 ? "shrank" : "grew", 100 * fabs(change));
}

static void print_block(FILE *out, const json_t *block)
{
	static const char *const heads[COLUMNS] = {
		"metric", "A [95 %]", "B [95 %]", "B/A [95 %]", "verdict",
	};
	const json_t *rows = json_object_get(block, "metrics");
	const json_t *lost = json_object_get(block, "lost_samples");
	size_t n = json_array_size(rows), widths[COLUMNS];
	char *(*fields)[COLUMNS] = xcalloc(n, sizeof *fields);

	for (size_t c = 0; c < COLUMNS; c++)
		widths[c] = strlen(heads[c]);
	for (size_t r = 0; r < n; r++) {
		fill_row(json_array_get(rows, r),
			 number_of(lost, "a") + number_of(lost, "b"),
			 fields[r]);
		for (size_t c = 0; c < COLUMNS; c++)
			if (strlen(fields[r][c]) > widths[c])
				widths[c] = strlen(fields[r][c]);
	}
	print_head(out, block);
	for (size_t c = 0; c < COLUMNS; c++)
		fprintf(out, "  %-*s", c + 1 < COLUMNS ? (int)widths[c] : 0,
			heads[c]);
	fputc('\n', out);
	for (size_t r = 0; r < n; r++) {
		for (size_t c = 0; c < COLUMNS; c++) {
			fprintf(out, "  %-*s",
				c + 1 < COLUMNS ? (int)widths[c] : 0,
				fields[r][c]);
			free(fields[r][c]);
		}
		fputc('\n', out);
	}
	print_notes(out, block, "a", "A");
	print_notes(out, block, "b", "B");
	fputc('\n', out);
	free(fields);
}

void comparetable_print(FILE *out, const json_t *comparison)
{
	const json_t *block;
	size_t index;

	if (json_is_true(json_object_get(comparison, "self_check")))
		fprintf(out,
			"A stack against itself, odd repeats against even "
			"ones: whatever is called a difference here is a false "
			"alarm.\n\n");
	json_array_foreach(json_object_get(comparison, "blocks"), index, block)
		print_block(out, block);
	fprintf(out,
		"Intervals are 95 %%: bootstrap over repeats, then workers "
		"(%lld resamples, seed %lld).\nAbout 5 of 100 verdicts on "
		"equals are false alarms.\n",
		number_of(comparison, "resamples"),
		number_of(comparison, "seed"));
}
