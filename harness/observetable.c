/* observetable.c - the document of a live server as a table. */
#define _GNU_SOURCE
#include <math.h>
#include <string.h>

#include "celldoc.h"
#include "observe.h"

#define FOLD 78 /* columns of notes */

static const struct column {
	const char *title, *key;
	int width, decimals;
	int in_pages; /* else in KiB; printed in MiB */
	int is_plain; /* printed as it is */
} columns[] = {
	{ "RSS MiB", "rss_kib", 8, 1, 0, 0 },
	{ "PSS MiB", "pss_kib", 8, 1, 0, 0 },
	{ "private MiB", "private_kib", 11, 1, 0, 0 },
	{ "faults/s", "faults_per_s", 8, 0, 0, 1 },
	{ "copied MiB", "cow_pages", 10, 1, 1, 0 },
	{ "equal MiB", "equal_pages", 9, 1, 1, 0 },
	{ "new MiB", "new_pages", 7, 1, 1, 0 },
};
#define COLUMNS (sizeof columns / sizeof *columns)

static double mib(const json_t *d, double value, int in_pages)
{
	return value / 1024 * (in_pages ? celldoc_number(d, "page_kib") : 1);
}

static void print_row(FILE *out, const json_t *d, const char *label,
		      const json_t *row)
{
	fprintf(out, "%-14s", label);
	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *c = &columns[i];
		double value = celldoc_number(row, c->key);

		if (isnan(value))
			fprintf(out, "  %*s", c->width, "-");
		else
			fprintf(out, "  %*.*f", c->width, c->decimals,
				c->is_plain ? value :
					      mib(d, value, c->in_pages));
	}
	fputc('\n', out);
}

/* Prints a text in lines of FOLD columns, the first led by "- ". */
static void print_note(FILE *out, const char *text)
{
	const char *lead = "- ";

	while (*text != '\0') {
		size_t n = strlen(text), cut = n;

		if (n > FOLD - 2) {
			cut = FOLD - 2;
			while (cut > 0 && text[cut] != ' ')
				cut--;
			if (cut == 0)
				cut = FOLD - 2;
		}
		fprintf(out, "%s%.*s\n", lead, (int)cut, text);
		text += cut;
		text += strspn(text, " ");
		lead = "  ";
	}
}

static void print_saving(FILE *out, const json_t *d, const char *stack,
			 const json_t *range)
{
	double kib = celldoc_number(range, "kib");
	double low = celldoc_number(range, "low_kib");
	double high = celldoc_number(range, "high_kib");

	fprintf(out, "%-14s  would save %.0f to %.0f MiB", stack, low / 1024,
		high / 1024);
	if (!isnan(kib))
		fprintf(out,
			", usually %.0f to %.0f, about %.0f (%.0f %% of the total)",
			celldoc_number(range, "usual_low_kib") / 1024,
			celldoc_number(range, "usual_high_kib") / 1024,
			kib / 1024, 100 * kib / celldoc_number(d, "total_kib"));
	fputc('\n', out);
}

static void print_contents(FILE *out, const json_t *d)
{
	const json_t *mean = json_object_get(d, "mean");
	const json_t *saving = json_object_get(d, "saving");
	const json_t *note;
	double equal = celldoc_number(mean, "equal_pages");
	size_t index;

	if (!isnan(equal))
		fprintf(out,
			"%.1f of %.1f MiB private per worker equal the "
			"master's pages; reshare can give %.1f MiB of it "
			"back\n",
			mib(d, equal, 1),
			mib(d, celldoc_number(mean, "private_kib"), 0),
			mib(d, celldoc_number(mean, "reshareable_pages"), 1));
	if (json_is_null(saving)) {
		fprintf(out, "no saving can be predicted:\n");
		print_note(out,
			   celldoc_text(json_object_get(d, "unavailable"),
					"saving"));
		return;
	}
	print_saving(out, d, "freeze", json_object_get(saving, "freeze"));
	print_saving(out, d, "freeze+reshare",
		     json_object_get(saving, "freeze_reshare"));
	json_array_foreach(json_object_get(saving, "assumes"), index, note)
		print_note(out, json_string_value(note));
}

static void print_reading(FILE *out, const json_t *d)
{
	const json_t *c = json_object_get(d, "contents");

	if (json_is_object(c)) {
		double every = celldoc_number(c, "every");

		fprintf(out, "contents read %.0f s ago in %.2f s of CPU time",
			celldoc_number(c, "age_s"), celldoc_number(c, "cpu_s"));
		if (every > 1)
			fprintf(out, ", one page of %.0f", every);
		fprintf(out, "; ");
	}
	fprintf(out, "observe takes %.1f %% of a CPU\n",
		celldoc_number(d, "cpu_percent"));
}

void observe_print(FILE *out, const json_t *d, size_t rows)
{
	const json_t *master = json_object_get(d, "master");
	const json_t *workers = json_object_get(d, "workers");
	const json_t *others = json_object_get(d, "others"), *other;
	size_t n = json_array_size(workers), index;
	char label[32];

	fprintf(out, "%.60s  %s %s\n", celldoc_text(master, "name"),
		celldoc_text(master, "implementation"),
		celldoc_text(master, "python"));
	fprintf(out, "%-14s", "");
	for (size_t i = 0; i < COLUMNS; i++)
		fprintf(out, "  %*s", columns[i].width, columns[i].title);
	fputc('\n', out);
	snprintf(label, sizeof label, "master %.0f",
		 celldoc_number(master, "pid"));
	print_row(out, d, label, master);
	for (size_t i = 0; i < n && i < rows; i++) {
		const json_t *w = json_array_get(workers, i);

		snprintf(label, sizeof label, "%.0f", celldoc_number(w, "pid"));
		print_row(out, d, label, w);
	}
	if (n > rows)
		fprintf(out, "... and %zu more\n", n - rows);
	snprintf(label, sizeof label, "mean of %zu", n);
	print_row(out, d, label, json_object_get(d, "mean"));
	fprintf(out,
		"total %.1f MiB: PSS, page tables and memory that no "
		"process maps\n",
		mib(d, celldoc_number(d, "total_kib"), 0));
	print_contents(out, d);
	json_array_foreach(others, index, other)
		if (index < 3)
			fprintf(out, "not a worker: %.0f (%.40s) %s\n",
				celldoc_number(other, "pid"),
				celldoc_text(other, "name"),
				celldoc_text(other, "reason"));
	print_reading(out, d);
}
