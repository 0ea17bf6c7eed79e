/* test_report.c - the table of a run over several hosts: harness/report.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* A cell with so many KiB in all; 0: it is unsupported. */
static json_t *cell(const char *stack, const char *host, double total)
{
	json_t *c = json_pack("{ss ss ss ss si si si si si ss ss}", "key", "k",
			      "tag", "cp3.6.1", "strategy", stack, "workload",
			      "w", "scale", 1, "workers", 2, "requests", 8,
			      "collect_at", -1, "repeat", 1, "status",
			      total > 0 ? "ok" : "unsupported", "reason",
			      total > 0 ? "" : "not here");

	if (host != NULL)
		json_object_set_new(c, "host", json_string(host));
	if (total > 0)
		json_object_set_new(c, "total_kib", json_real(total));
	return c;
}

/* The table of these cells, which it takes over, with or without other hosts; to
 * free. */
static char *table(json_t *cells, int others)
{
	json_t *document = json_pack("{si so s{}}", "run", 3, "cells", cells,
				     "host");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	json_object_set_new(
		document, "hosts",
		others ? json_pack("[{ss} {ss}]", "name", "a", "name", "b") :
			 json_array());
	report_table(out, document, "none");
	fclose(out);
	json_decref(document);
	return text;
}

/* How often `text` holds `part`. */
static int count(const char *text, const char *part)
{
	int n = 0;

	for (const char *p = strstr(text, part); p != NULL;
	     p = strstr(p + 1, part))
		n++;
	return n;
}

/* Whether a line begins with `begin` and holds `part`. */
static int has_line(const char *text, const char *begin, const char *part)
{
	for (const char *line = text; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');
		const char *found = strstr(line, part);

		if (strncmp(line, begin, strlen(begin)) == 0 && found != NULL &&
		    (end == NULL || found < end))
			return 1;
		line = end != NULL ? end + 1 : NULL;
	}
	return 0;
}

/* Means and ratios stay within a host. */
static void test_blocks(void **state)
{
	json_t *cells = json_array();
	char *text;

	(void)state;
	json_array_append_new(cells, cell("none", "a", 10240));
	json_array_append_new(cells, cell("none", "a", 30720));
	json_array_append_new(cells, cell("freeze", "a", 10240));
	json_array_append_new(cells, cell("none", "b", 4096));
	json_array_append_new(cells, cell("freeze", "b", 3072));
	text = table(cells, 1);
	assert_int_equal(count(text, "8 requests each"), 2);
	assert_true(has_line(text, "cp3.6.1", "requests each, on a\n"));
	assert_true(has_line(text, "cp3.6.1", "requests each, on b\n"));
	assert_true(has_line(text, "  freeze", "10.0    0.50"));
	assert_true(has_line(text, "  freeze", "3.0    0.75"));
	assert_int_equal(count(text, "no ratio"), 0);
	free(text);
}

/* A baseline that is on another host is none. */
static void test_no_ratio(void **state)
{
	json_t *cells = json_array();
	char *text;

	(void)state;
	json_array_append_new(cells, cell("freeze", NULL, 3072));
	json_array_append_new(cells, cell("none", "a", 4096));
	json_array_append_new(cells, cell("freeze", "a", 3072));
	json_array_append_new(cells, cell("freeze", "b", 3072));
	text = table(cells, 1);
	assert_int_equal(count(text,
			       "  no ratio: none was not measured on this "
			       "host, but on a\n"),
			 2);
	assert_int_equal(count(text, "0.75"), 1);
	assert_int_equal(count(text, "3.0       -"), 2);
	assert_int_equal(count(text, "nan"), 0);
	assert_true(has_line(text, "cp3.6.1", ", on the host of run 3\n"));
	free(text);
}

/* What no host was tried with is on none. */
static void test_unsupported(void **state)
{
	json_t *cells = json_array();
	char *text;

	(void)state;
	json_array_append_new(cells, cell("immortal", NULL, 0));
	json_array_append_new(cells, cell("none", "a", 4096));
	text = table(cells, 1);
	assert_int_equal(count(text, ", on "), 1);
	assert_true(has_line(text, "  immortal", "unsupported: not here"));
	free(text);
}

/* One host is not worth a word; company is. */
static void test_jobs(void **state)
{
	json_t *cells = json_array(), *crowded = cell("freeze", NULL, 3072);
	char *text;

	(void)state;
	json_array_append_new(cells, cell("none", NULL, 4096));
	text = table(json_incref(cells), 0);
	assert_int_equal(count(text, ", on "), 0);
	assert_int_equal(count(text, "at the same time"), 0);
	free(text);
	json_object_set_new(crowded, "jobs", json_integer(4));
	json_array_append_new(cells, crowded);
	text = table(cells, 0);
	assert_int_equal(count(text, "  up to 4 cells ran at the same time"),
			 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_no_ratio),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
