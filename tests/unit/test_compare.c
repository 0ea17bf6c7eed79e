/* test_compare.c - which cells and values a comparison takes:
 * harness/compare.c, comparesides.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "compare.h" /* before cmocka, which has a fail() of its own */

#include <cmocka.h>

#include <math.h>
#include <string.h>

static json_t *cell(const char *stack, int repeat, const char *more)
{
	json_t *c = json_pack("{ss ss ss ss ss ss si si si si si so si}", "key",
			      "k", "python", "3.6.1", "tag", "cp3.6.1",
			      "executable", "/python", "strategy", stack,
			      "workload", "w", "scale", 1, "workers", 2,
			      "requests", 8, "collect_at", 4, "repeat", repeat,
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
				     .b = { run, "freeze", 0, 0 },
				     .seed = 1 };
	json_t *document;

	strings_add(&r.metrics, metric);
	document = compare_make(&r);
	strings_fini(&r.metrics);
	json_decref(run);
	return document;
}

static const json_t *row_of(const json_t *document)
{
	return json_array_get(
		json_object_get(
			json_array_get(json_object_get(document, "blocks"), 0),
			"metrics"),
		0);
}

static json_int_t count_of(const json_t *row, const char *side, const char *key)
{
	return json_integer_value(
		json_object_get(json_object_get(row, side), key));
}

static double mean_of(const json_t *row, const char *side)
{
	return json_number_value(
		json_object_get(json_object_get(row, side), "mean"));
}

/* Workers count where each repeat has as many values. */
static void test_per_worker(void **state)
{
	json_t *cells = json_array(), *document;
	const json_t *row;

	(void)state;
	for (int i = 1; i <= 4; i++) {
		json_array_append_new(
			cells,
			cell("none", i,
			     "{\"gc_faults\": 15, \"per_worker\": "
			     "{\"gc_faults\": [10, 20]}}"));
		json_array_append_new(
			cells,
			cell("freeze", i,
			     i == 4 ? "{\"gc_faults\": 7}" :
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
	json_array_append_new(
		cells,
		cell("none", 3,
		     "{\"fork_us\": 9, "
		     "\"status\": \"failed\", \"reason\": \"broken\"}"));
	json_array_append_new(
		cells,
		cell("freeze", 1,
		     "{\"fork_us\": null, "
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
	json_array_append_new(cells,
			      cell("freeze", 1,
				   "{\"fork_us\": 5, "
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

/* A cell of repeat `n` on a host, with so long a fork. */
static json_t *cell_on(const char *stack, int n, const char *host, int us)
{
	json_t *c = cell(stack, n, "{}");

	if (host != NULL)
		json_object_set_new(c, "host", json_string(host));
	json_object_set_new(c, "fork_us", json_integer(us));
	return c;
}

static json_t *host(const char *name, const char *kernel, json_int_t memory)
{
	return json_pack("{ss? ss ss ss si sI}", "name", name, "cpu", "c",
			 "machine", "m", "kernel", kernel, "cpus", 2,
			 "memory_kib", memory);
}

/* A run with the hosts a and b besides its own. */
static json_t *run_of_hosts(int run, json_t *cells)
{
	return json_pack("{si so so s[oo]}", "run", run, "cells", cells, "host",
			 host(NULL, "own", 1000000), "hosts",
			 host("a", "k", 1000000 + run),
			 host("b", "k", 1000000));
}

static json_t *compare_runs(json_t *a, json_t *b, const char *stack_a,
			    const char *stack_b, int mixed)
{
	struct compare_request r = { .a = { a, stack_a, 0, 0 },
				     .b = { b, stack_b, 0, 0 },
				     .seed = 1,
				     .mixed_hosts = mixed };
	json_t *document;

	strings_add(&r.metrics, "fork_us");
	document = compare_make(&r);
	strings_fini(&r.metrics);
	return document;
}

static const json_t *block_of(const json_t *document, size_t index)
{
	return json_array_get(json_object_get(document, "blocks"), index);
}

/* Cells left out of a side on a host. */
static json_int_t left_out(const json_t *document, const char *side,
			   const char *on)
{
	return json_integer_value(json_object_get(
		json_object_get(json_object_get(document, "left_out"), side),
		on));
}

/* Cells are compared within a host, what has no counterpart there is told. */
static void test_within_hosts(void **state)
{
	json_t *cells = json_array(), *run, *document;
	const json_t *row;

	(void)state;
	json_array_append_new(cells, cell_on("none", 1, "a", 10));
	json_array_append_new(cells, cell_on("none", 2, "b", 1000));
	json_array_append_new(cells, cell_on("none", 3, "b", 1000));
	json_array_append_new(cells, cell_on("freeze", 1, "a", 20));
	json_array_append_new(cells, cell_on("freeze", 2, NULL, 5000));
	run = run_of_hosts(1, cells);
	document = compare_runs(run, run, "none", "freeze", 0);
	assert_int_equal(json_array_size(json_object_get(document, "blocks")),
			 1);
	assert_string_equal(json_string_value(json_object_get(
				    block_of(document, 0), "host")),
			    "a");
	row = row_of(document);
	assert_true(json_number_value(json_object_get(row, "ratio")) == 2);
	assert_int_equal(left_out(document, "a", "b"), 2);
	assert_int_equal(left_out(document, "b", "the host of run 1"), 1);
	assert_int_equal(left_out(document, "a", "a"), 0);
	json_decref(document);

	document = compare_runs(run, run, "none", "freeze", 1);
	assert_int_equal(json_array_size(json_object_get(document, "blocks")),
			 1);
	assert_true(json_is_true(json_object_get(document, "mixed_hosts")));
	assert_true(mean_of(row_of(document), "a") == 670);
	assert_true(
		json_is_null(json_object_get(block_of(document, 0), "host")));
	json_decref(document);
	json_decref(run);
}

/* Hosts of two runs are the same under the same name; sides that share none are
 * told apart. */
static void test_hosts_of_runs(void **state)
{
	json_t *cells[2], *runs[2], *document;

	(void)state;
	for (int i = 0; i < 2; i++) {
		cells[i] = json_array();
		runs[i] = run_of_hosts(i + 1, cells[i]);
		json_array_append_new(cells[i], cell_on("none", 1, "a", 10));
	}
	document = compare_runs(runs[0], runs[1], NULL, NULL, 0);
	assert_int_equal(json_array_size(json_object_get(document, "blocks")),
			 1);
	assert_int_equal(left_out(document, "a", "a"), 0);
	json_decref(document);

	json_object_set_new(json_array_get(cells[1], 0), "host",
			    json_string("b"));
	document = compare_runs(runs[0], runs[1], NULL, NULL, 0);
	assert_int_equal(json_array_size(json_object_get(document, "blocks")),
			 0);
	assert_int_equal(left_out(document, "a", "a"), 1);
	assert_int_equal(left_out(document, "b", "b"), 1);
	assert_string_equal(
		json_string_value(json_object_get(document, "difference")),
		"name: \"a\" and \"b\"");
	json_decref(document);

	/* The own hosts differ by nothing but their runs. */
	for (int i = 0; i < 2; i++)
		json_object_del(json_array_get(cells[i], 0), "host");
	document = compare_runs(runs[0], runs[1], NULL, NULL, 0);
	assert_int_equal(json_array_size(json_object_get(document, "blocks")),
			 1);
	assert_string_equal(json_string_value(json_object_get(
				    block_of(document, 0), "host")),
			    "the host of run 1");
	json_decref(document);
	json_object_set_new(json_object_get(runs[1], "host"), "kernel",
			    json_string("k"));
	document = compare_runs(runs[0], runs[1], NULL, NULL, 0);
	assert_string_equal(
		json_string_value(json_object_get(document, "difference")),
		"kernel: \"own\" and \"k\"");
	json_decref(document);
	json_decref(runs[0]);
	json_decref(runs[1]);
}

/* What no host was tried with stands for any: it has a reason to tell. */
static void test_untried(void **state)
{
	json_t *cells = json_array(), *run, *document;
	json_t *untried = cell_on("freeze", 1, NULL, 0);

	(void)state;
	json_object_set_new(untried, "status", json_string("unsupported"));
	json_object_set_new(untried, "reason", json_string("too old"));
	json_object_set_new(untried, "fork_us", json_null());
	json_array_append_new(cells, cell_on("none", 1, "a", 10));
	json_array_append_new(cells, untried);
	run = run_of_hosts(1, cells);
	document = compare_runs(run, run, "none", "freeze", 0);
	assert_int_equal(json_array_size(json_object_get(document, "blocks")),
			 1);
	assert_string_equal(
		json_string_value(json_object_get(row_of(document), "reason")),
		"B: too old");
	json_decref(document);

	json_array_append_new(cells, cell_on("freeze", 2, "b", 10));
	document = compare_runs(run, run, "none", "freeze", 0);
	assert_int_equal(json_array_size(json_object_get(document, "blocks")),
			 0);
	assert_int_equal(left_out(document, "b", "b"), 1);
	json_decref(document);
	json_decref(run);
}

static void test_late_change(void **state)
{
	json_t *c = cell("none", 1,
			 "{\"curve\": ["
			 "{\"requests\": 0, \"worker_private_kib\": 10},"
			 "{\"requests\": 4, \"worker_private_kib\": 75},"
			 "{\"requests\": 8, \"worker_private_kib\": 100}]}");

	(void)state;
	assert_true(fabs(compare_late_change(c) - .25) < 1e-12);
	json_array_insert_new(
		json_object_get(c, "curve"), 2,
		json_pack("{si sn}", "requests", 6, "worker_private_kib"));
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
		cmocka_unit_test(test_within_hosts),
		cmocka_unit_test(test_hosts_of_runs),
		cmocka_unit_test(test_untried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
