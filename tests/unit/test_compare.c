/* test_compare.c - which cells and values a comparison takes:
 * harness/compare.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "compare.h"	/* before cmocka, which has a fail() of its own */

#include <cmocka.h>

#include <math.h>
#include <string.h>

static json_t *cell(const char *stack, int repeat, const char *more)
{
	json_t *c = json_pack("{ss ss ss ss ss ss si si si si si so si}",
		"key", "k", "python", "3.6.1", "tag", "cp3.6.1", "executable",
		"/python", "strategy", stack, "workload", "w", "scale", 1,
		"workers", 2, "requests", 8, "collect_at", 4, "repeat", repeat,
		"reason", json_null(), "lost_samples", 0);
	json_t *rest = json_loads(more, 0, NULL);

	json_object_set_new(c, "status", json_string("ok"));
	assert_non_null(rest);
	assert_int_equal(json_object_update(c, rest), 0);
	json_decref(rest);
	return c;
}

static json_t *run_with(json_t *cells)
{
	return json_pack("{si so}", "run", 1, "cells", cells);
}

/* Compares none with freeze in `cells`, which it takes over. */
static json_t *compare(json_t *cells, const char *metric)
{
	json_t *run = run_with(cells);
	struct compare_request r = { .a = { run, "none", 0, 0 },
				     .b = { run, "freeze", 0, 0 }, .seed = 1 };
	json_t *document;

	strings_add(&r.metrics, metric);
	document = compare_make(&r);
	strings_fini(&r.metrics);
	json_decref(run);
	return document;
}

static const json_t *row_of(const json_t *document)
{
	return json_array_get(json_object_get(json_array_get(json_object_get(
		document, "blocks"), 0), "metrics"), 0);
}

static json_int_t count_of(const json_t *row, const char *side, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(row, side),
						  key));
}

static double mean_of(const json_t *row, const char *side)
{
	return json_number_value(json_object_get(json_object_get(row, side),
						 "mean"));
}

/* Workers count where each repeat has as many values. */
static void test_per_worker(void **state)
{
	json_t *cells = json_array(), *document;
	const json_t *row;

	(void)state;
	for (int i = 1; i <= 4; i++) {
		json_array_append_new(cells, cell("none", i,
			"{\"gc_faults\": 15, \"per_worker\": "
			"{\"gc_faults\": [10, 20]}}"));
		json_array_append_new(cells, cell("freeze", i, i == 4 ?
			"{\"gc_faults\": 7}" :
			"{\"gc_faults\": 3, \"per_worker\": "
			"{\"gc_faults\": [2, 4]}}"));
	}
	document = compare(cells, "gc_faults");
	row = row_of(document);
	assert_int_equal(count_of(row, "a", "workers"), 2);
	assert_int_equal(count_of(row, "a", "repeats"), 4);
	assert_true(mean_of(row, "a") == 15);
	assert_int_equal(count_of(row, "b", "workers"), 1);
	assert_int_equal(count_of(row, "b", "repeats"), 4);
	assert_true(mean_of(row, "b") == 4);
	assert_string_equal(json_string_value(json_object_get(row, "verdict")),
			    "better");
	json_decref(document);
}

/* What a side lacks is said; what is not ok or null is left out. */
static void test_gaps(void **state)
{
	json_t *cells = json_array(), *document;
	const json_t *row;

	(void)state;
	json_array_append_new(cells, cell("none", 1, "{\"fork_us\": 5}"));
	json_array_append_new(cells, cell("none", 2, "{\"fork_us\": null}"));
	json_array_append_new(cells, cell("none", 3, "{\"fork_us\": 9, "
		"\"status\": \"failed\", \"reason\": \"broken\"}"));
	json_array_append_new(cells, cell("freeze", 1, "{\"fork_us\": null, "
		"\"unavailable\": {\"fork_us\": \"no clock\"}}"));
	document = compare(json_incref(cells), "fork_us");
	row = row_of(document);
	assert_true(json_is_null(json_object_get(row, "verdict")));
	assert_string_equal(json_string_value(json_object_get(row, "reason")),
			    "B: no clock");
	json_decref(document);
	json_array_append_new(cells, cell("freeze", 2, "{\"fork_us\": 10}"));
	document = compare(cells, "fork_us");
	row = row_of(document);
	assert_int_equal(count_of(row, "a", "repeats"), 1);
	assert_true(mean_of(row, "a") == 5);
	assert_true(json_number_value(json_object_get(row, "ratio")) == 2);
	json_decref(document);
}

/* Another executable under the same tag is another block when it was named. */
static void test_blocks(void **state)
{
	json_t *cells = json_array(), *document;

	(void)state;
	json_array_append_new(cells, cell("none", 1, "{\"fork_us\": 5}"));
	json_array_append_new(cells, cell("freeze", 1, "{\"fork_us\": 5, "
		"\"executable\": \"/elsewhere\"}"));
	document = compare(json_incref(cells), "fork_us");
	assert_int_equal(json_array_size(json_object_get(document, "blocks")),
			 1);
	json_decref(document);
	json_object_set_new(json_array_get(cells, 1), "key",
			    json_string("cp3.6.1@/elsewhere/freeze"));
	document = compare(json_incref(cells), "fork_us");
	assert_int_equal(json_array_size(json_object_get(document, "blocks")),
			 0);
	json_decref(document);
	json_object_set_new(json_array_get(cells, 0), "key",
			    json_string("cp3.6.1@/python/none"));
	document = compare(cells, "fork_us");
	assert_int_equal(json_array_size(json_object_get(document, "blocks")),
			 0);
	json_decref(document);
}

static void test_late_change(void **state)
{
	json_t *c = cell("none", 1, "{\"curve\": ["
		"{\"requests\": 0, \"worker_private_kib\": 10},"
		"{\"requests\": 4, \"worker_private_kib\": 75},"
		"{\"requests\": 8, \"worker_private_kib\": 100}]}");

	(void)state;
	assert_true(fabs(compare_late_change(c) - .25) < 1e-12);
	json_array_insert_new(json_object_get(c, "curve"), 2, json_pack(
		"{si sn}", "requests", 6, "worker_private_kib"));
	assert_true(isnan(compare_late_change(c)));
	json_object_del(c, "curve");
	assert_true(isnan(compare_late_change(c)));
	json_decref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_per_worker),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_late_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
