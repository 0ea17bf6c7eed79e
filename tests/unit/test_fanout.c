/* test_fanout.c - what stands between a run and other machines: logins, words of
 * a shell, documents that came from elsewhere, cells that ran side by side. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Before cmocka, whose fail() is a macro. */
#include "celljson.h"
#include "metrics.h"
#include "sidebyside.h"
#include "sshhost.h"
#include "util.h"

#include <cmocka.h>

static void test_logins(void **state)
{
	static const char *const good[] = { ":",       "host",
					    "a.b-c_d", "me@host",
					    "host:22", "me@10.0.0.1:65535",
					    "[::1]",   "me@[fe80::1]:22" };
	static const char *const bad[] = {
		"",	  "-oX=y",	"me@-x",	 "-l@host",
		"@host",  "me@",	"a b",		 "a;b",
		"$(x)",	  "a`b`",	"a'b",		 "host:",
		"host:0", "host:65536", "host:2a",	 "[]",
		"[::1",	  "[::1]x",	"ssh -p 2 host", "a/b",
		"a\nb",	  "{}",		"a,b",		 "..",
		"::1"
	};
	struct sshhosts hosts = { NULL, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(sshhosts_add(&hosts, good[i]), 0);
	assert_int_equal(hosts.n, sizeof good / sizeof *good);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(sshhosts_add(&hosts, bad[i]), -1);
	assert_int_equal(sshhosts_add(&hosts, "host"), 0);
	assert_int_equal(sshhosts_add(&hosts, "8/host"), 0);
	assert_int_equal(hosts.n, sizeof good / sizeof *good);
	assert_int_equal(sshhosts_remote(&hosts), hosts.n - 1);
	sshhosts_drop(&hosts, 0);
	assert_string_equal(hosts.items[0].login, "host");
	sshhosts_fini(&hosts);
}

static void test_quote(void **state)
{
	static const char *const words[] = { "",      "plain", "a b",  "it's",
					     "$(x)",  "`x`",   "a\"b", "{}",
					     "{=x=}", "\\",    "a\nb", "''",
					     "{{}}" };
	char *out, *err;
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		char *quoted = shell_quote(words[i]);
		char *script = xasprintf("printf %%s. %s", quoted);
		char *wanted = xasprintf("%s.", words[i]);
		char *argv[] = { "/bin/sh", "-c", script, NULL };

		assert_int_equal(run_program(argv, 10, &out, &err, &status), 0);
		assert_string_equal(out, wanted);
		assert_null(strstr(quoted, "{}"));
		assert_null(strstr(quoted, "{="));
		free(quoted);
		free(script);
		free(wanted);
		free(out);
		free(err);
	}
}

/* A document with all parts. */
static json_t *document(void)
{
	return json_pack(
		"{ss ss ss ss ss ss si si si si si si ss sn s{ss} sf so so so "
		"so so so}",
		"key", "cp3.6.15/none/w2/n20/c10/s2000/r1/x1/objectgraph",
		"python", "3.6.15", "tag", "cp3.6.15", "executable", "/python",
		"strategy", "none", "workload", "objectgraph", "scale", 2000,
		"workers", 2, "requests", 20, "collect_at", 10, "repeat", 1,
		"seed", 1, "status", "ok", "reason", "unavailable",
		"ksm_cpu_ms", "the stack has no ksm", "total_kib", 17.5,
		"gc_collections", json_pack("[iii]", 1, 2, 3), "curve",
		json_pack("[{si sf sf}]", "requests", 0, "total_kib", 1.0,
			  "gc_time_us", 2.0),
		"pauses", json_pack("[[[ii]] [] []]", 10, 1), "latencies",
		json_pack("[[ii] [ii]]", 10, 1, 20, 1), "per_worker",
		json_pack("{s[ff] s[ff]}", "fork_us", 1.0, 2.0,
			  "worker_rss_kib", 1.0, 2.0),
		"copies", json_pack("{s{sf}}", "malloc", "content", 1.0));
}

/* Sets one value of a good document, which then is not taken. */
static void refuse(const char *key, json_t *value)
{
	json_t *d = document();
	const char *problem = NULL;

	assert_int_equal(json_object_set_new(d, key, value), 0);
	if (cell_document_check(d, &problem) == 0)
		fail_msg("taken: %s", json_dumps(d, 0));
	assert_non_null(problem);
	json_decref(d);
}

static json_t *parse(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(value);
	return value;
}

static void test_documents(void **state)
{
	static const char *const wrong[][2] = {
		{ "key", "1" },
		{ "key", "\"x\"" },
		{ "key", "null" },
		{ "python", "[]" },
		{ "tag", "\"a\\u001b[2J\"" },
		{ "scale", "\"1\"" },
		{ "workers", "-1" },
		{ "repeat", "1.5" },
		{ "collect_at", "null" },
		{ "status", "\"fine\"" },
		{ "status", "\"pending\"" },
		{ "status", "7" },
		{ "reason", "[]" },
		{ "reason", "\"a\\nb\"" },
		{ "executable", "{}" },
		{ "parallel", "\"2\"" },
		{ "lost_samples", "-1" },
		{ "lost_samples", "true" },
		{ "total_kib", "\"1\"" },
		{ "total_kib", "[1]" },
		{ "total_kib", "{}" },
		{ "gc_collections", "[1,2,\"3\"]" },
		{ "gc_collections", "[1,2,3,4]" },
		{ "unavailable", "[]" },
		{ "unavailable", "{\"fork_us\": 1}" },
		{ "curve", "{}" },
		{ "curve", "[1]" },
		{ "curve", "[{\"requests\": 1}, {\"requests\": 1}]" },
		{ "curve", "[{\"requests\": -1}]" },
		{ "curve", "[{\"requests\": 0, \"total_kib\": \"x\"}]" },
		{ "pauses", "{}" },
		{ "pauses", "[[],[],[],[]]" },
		{ "pauses", "[[[1,1],[1,1]],[],[]]" },
		{ "pauses", "[[[1]],[],[]]" },
		{ "latencies", "[[2,1],[1,1]]" },
		{ "latencies", "[[0,-1]]" },
		{ "latencies", "[[0,0.5]]" },
		{ "per_worker", "[]" },
		{ "per_worker", "{\"evil\": [1]}" },
		{ "per_worker", "{\"fork_us\": [\"1\"]}" },
		{ "per_worker", "{\"fork_us\": 1}" },
		{ "copies", "[]" },
		{ "copies", "{\"nowhere\": {}}" },
		{ "copies", "{\"malloc\": {\"nothing else\": 1}}" },
		{ "copies", "{\"malloc\": {\"content\": \"1\"}}" },
		{ "methods", "{\"a\": []}" },
		{ "methods", "{\"A b\": 1}" },
		{ "methods", "[]" },
		{ "host", "{\"cpus\": {}}" },
		{ "host", "\"x\"" },
	};
	const char *problem = NULL;
	json_t *d = document();
	char *text;

	(void)state;
	assert_non_null(d);
	if (cell_document_check(d, &problem) < 0)
		fail_msg("refused: %s", problem);
	text = json_dumps(d, 0);
	json_decref(d);
	d = cell_document_read(text, strlen(text), &problem);
	assert_non_null(d);
	json_decref(d);
	assert_null(cell_document_read(text, strlen(text) - 1, &problem));
	assert_null(cell_document_read(text, CELLJSON_LIMIT + 1, &problem));
	assert_null(cell_document_read("[]", 2, &problem));
	free(text);
	assert_int_equal(cell_document_check(json_null(), &problem), -1);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		refuse(wrong[i][0], parse(wrong[i][1]));
	text = xcalloc(100001, 1);
	memset(text, 'x', 100000);
	refuse("reason", json_string(text));
	free(text);
}

static void test_side_by_side(void **state)
{
	json_t *d = document(), *before = json_deep_copy(d);
	const json_t *unavailable;

	(void)state;
	json_object_set_new(d, "fork_us", json_real(3));
	json_object_set_new(d, "gc_time_us", json_real(3));
	json_object_set_new(d, "ksm_cpu_ms", json_null());
	sidebyside_tell(d, 4);
	assert_int_equal(json_integer_value(json_object_get(d, "jobs")), 4);
	assert_true(json_is_null(json_object_get(d, "fork_us")));
	assert_true(json_is_null(json_object_get(d, "gc_time_us")));
	assert_true(json_is_real(json_object_get(d, "total_kib")));
	unavailable = json_object_get(d, "unavailable");
	assert_non_null(strstr(
		json_string_value(json_object_get(unavailable, "fork_us")),
		"--jobs=4"));
	assert_string_equal(
		json_string_value(json_object_get(unavailable, "ksm_cpu_ms")),
		"the stack has no ksm");
	assert_null(json_object_get(d, "pauses"));
	assert_null(json_object_get(d, "latencies"));
	assert_null(
		json_object_get(json_object_get(d, "per_worker"), "fork_us"));
	assert_non_null(json_object_get(json_object_get(d, "per_worker"),
					"worker_rss_kib"));
	assert_null(json_object_get(
		json_array_get(json_object_get(d, "curve"), 0), "gc_time_us"));
	assert_non_null(json_object_get(
		json_array_get(json_object_get(d, "curve"), 0), "total_kib"));
	json_decref(d);

	/* Alone, nothing is taken away. */
	d = json_deep_copy(before);
	sidebyside_tell(d, 1);
	json_object_del(d, "jobs");
	assert_true(json_equal(d, before));
	json_decref(d);
	json_decref(before);
}

/* Whatever is counted in units of time, or per time, is one. */
static void test_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < metrics_count; i++)
		assert_int_equal(
			(metrics[i].scope & METRIC_TIME) != 0,
			strcmp(metrics[i].unit, "us") == 0 ||
				strcmp(metrics[i].unit, "ms") == 0 ||
				strcmp(metrics[i].unit, "requests/s") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_logins),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_side_by_side),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
