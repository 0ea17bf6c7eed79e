/* test_store.c - on which hosts the database says that cells were measured:
 * harness/storewrite.c, storeread.c, capacityhosts.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "capacityhosts.h" /* before cmocka, which has a fail() of its own */
#include "store.h"
#include "util.h"

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/permafrost-test-store-XXXXXX";

static void change(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void run_schema(void)
{
	const char *folder = getenv("top_srcdir");
	char *file = xasprintf("%s/results/schema.sql", folder ? folder : ".");
	char *sql = NULL;

	assert_int_equal(read_file(file, 1 << 20, &sql, NULL), 0);
	change(sql);
	free(sql);
	free(file);
}

static int make_database(void **state)
{
	(void)state;
	close(mkstemp(path));
	run_schema();
	return 0;
}

static int remove_database(void **state)
{
	(void)state;
	unlink(path);
	memset(path + strlen(path) - 6, 'X', 6);
	return 0;
}

static json_t *host(const char *name, const char *kernel, json_int_t memory)
{
	return json_pack("{ss ss ss si ss sI}", "name", name, "cpu", "c",
			 "machine", "m", "cpus", 2, "kernel", kernel,
			 "memory_kib", memory);
}

static json_t *cell(const char *key, const char *status)
{
	return json_pack("{ss ss ss ss ss ss si si si si si si ss sn}", "key",
			 key, "python", "3.6.1", "tag", "cp3.6.1", "executable",
			 "/p", "strategy", "none", "workload", "w", "scale", 1,
			 "workers", 1, "requests", 1, "collect_at", 0, "repeat",
			 1, "seed", 1, "status", status, "reason");
}

/* Plans cells "1" to "9" and returns the run. */
static int64_t begin(struct store *s)
{
	json_t *cells = json_array(), *options = json_object();
	json_t *own = json_pack("{ss}", "kernel", "own");
	int64_t run;

	for (char key[] = "1"; *key <= '9'; ++*key)
		json_array_append_new(cells, cell(key, "pending"));
	assert_int_equal(store_open(s, path, STORE_WRITE), 0);
	run = store_begin_run(s, options, own, cells);
	assert_true(run > 0);
	json_decref(cells);
	json_decref(options);
	json_decref(own);
	return run;
}

/* Stores the outcome of a cell; takes over `on`, which may be NULL. */
static void finish(struct store *s, int64_t run, const char *key, json_t *on,
		   int jobs)
{
	json_t *document = cell(key, "ok");

	if (on != NULL)
		json_object_set_new(document, "host", on);
	if (jobs > 0)
		json_object_set_new(document, "jobs", json_integer(jobs));
	assert_int_equal(store_cell(s, run, document), 0);
	json_decref(document);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

/* The exported cell of a key. */
static const json_t *find(const json_t *document, const char *key)
{
	const json_t *c;
	size_t index;

	json_array_foreach(json_object_get(document, "cells"), index, c)
		if (strcmp(text_of(c, "key"), key) == 0)
			return c;
	fail_msg("no cell %s", key);
	return NULL;
}

static const char *kernel_of(const json_t *document, const char *name)
{
	const json_t *h;
	size_t index;

	json_array_foreach(json_object_get(document, "hosts"), index, h)
		if (strcmp(text_of(h, "name"), name) == 0)
			return text_of(h, "kernel");
	return "none";
}

/* Facts that come and go make no new host; another machine behind the same name
 * does, and so does another name. */
static void test_hosts(void **state)
{
	json_t *document, *runs, *first, *odd = json_integer(7);
	struct store s;
	int64_t run = begin(&s);

	(void)state;
	finish(&s, run, "1", host("a", "k", 1000000), 0);
	first = host("a", "k", 1000900);
	json_object_set_new(first, "load1", json_real(3));
	finish(&s, run, "2", first, 1);
	finish(&s, run, "3", host("b", "k", 1000000), 3);
	finish(&s, run, "4", host("a", "new", 1000000), 0);
	finish(&s, run, "5", host("a", "k", 1000000), 0);
	finish(&s, run, "6", host("a", "new", 1000000), 0);
	finish(&s, run, "7", NULL, 2);
	finish(&s, run, "8", odd, -1);
	document = store_export(&s, run);
	assert_non_null(document);
	assert_string_equal(text_of(find(document, "1"), "host"), "a");
	assert_string_equal(text_of(find(document, "2"), "host"), "a");
	assert_string_equal(text_of(find(document, "3"), "host"), "b");
	assert_string_equal(text_of(find(document, "4"), "host"), "a (2)");
	assert_string_equal(text_of(find(document, "5"), "host"), "a");
	assert_string_equal(text_of(find(document, "6"), "host"), "a (2)");
	assert_int_equal(json_array_size(json_object_get(document, "hosts")),
			 3);
	assert_string_equal(kernel_of(document, "a"), "k");
	assert_string_equal(kernel_of(document, "a (2)"), "new");
	assert_string_equal(kernel_of(document, "b"), "k");
	assert_null(json_object_get(find(document, "2"), "jobs"));
	assert_int_equal(json_integer_value(
				 json_object_get(find(document, "3"), "jobs")),
			 3);
	assert_int_equal(json_integer_value(
				 json_object_get(find(document, "7"), "jobs")),
			 2);
	assert_string_equal(text_of(find(document, "7"), "host"), "-");
	assert_string_equal(text_of(find(document, "8"), "host"), "-");
	assert_string_equal(text_of(find(document, "9"), "host"), "-");
	json_decref(document);
	runs = store_list_runs(&s); /* the own one, a, a (2), b */
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(runs, 0), "hosts")),
			 4);
	json_decref(runs);
	store_close(&s);
}

/* A cell that has a host already keeps it: it is stored once. */
static void test_once(void **state)
{
	struct store s;
	int64_t run = begin(&s);
	json_t *document = cell("1", "ok");

	(void)state;
	finish(&s, run, "1", host("a", "k", 1), 0);
	assert_int_equal(store_cell(&s, run, document), -1);
	json_decref(document);
	store_close(&s);
}

/* A name is data from elsewhere, and gets onto terminals. */
static void test_names(void **state)
{
	json_t *document, *nameless = host("x", "k", 1);
	struct store s;
	int64_t run = begin(&s);

	(void)state;
	json_object_del(nameless, "name");
	finish(&s, run, "1", host("\033[31m'; DROP TABLE cells; --\n", "k", 1),
	       0);
	finish(&s, run, "2", nameless, 0);
	document = store_export(&s, run);
	assert_string_equal(text_of(find(document, "1"), "host"),
			    "?[31m'; DROP TABLE cells; --?");
	assert_string_equal(text_of(find(document, "2"), "host"),
			    "another host");
	json_decref(document);
	store_close(&s);
}

/* The next run has hosts of its own, and what is imported is the same again. */
static void test_import(void **state)
{
	json_t *document, *again;
	struct store s;
	int64_t run = begin(&s), second;
	char key[] = "1";

	(void)state;
	for (; *key <= '9'; ++*key)
		finish(&s, run, key,
		       *key < '5'	  ? host("b", "k", 1) :
			       *key < '9' ? host("a", "k", 1) :
					    NULL,
		       *key - '0');
	document = store_export(&s, run);
	second = store_import(&s, document);
	assert_true(second > run);
	again = store_export(&s, second);
	assert_true(json_equal(json_object_get(document, "cells"),
			       json_object_get(again, "cells")));
	assert_true(json_equal(json_object_get(document, "hosts"),
			       json_object_get(again, "hosts")));
	assert_string_equal(
		text_of(json_array_get(json_object_get(again, "hosts"), 0),
			"name"),
		"a");
	json_decref(document);
	json_decref(again);
	store_close(&s);
}

static int expect_tag(void *arg, sqlite3_stmt *stmt, int columns)
{
	(void)arg;
	assert_int_equal(columns, 1);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0),
			    "cp3.6.1");
	return 0;
}

/* A database from before there were hosts is read as it is, and grows when it is
 * written to. */
static void test_version_2(void **state)
{
	json_t *document, *before, *runs;
	struct store s;
	int64_t run = begin(&s), next;

	(void)state;
	finish(&s, run, "1", NULL, 0);
	before = store_export(&s, run);
	store_close(&s);
	change("DROP TABLE placement; DROP TABLE hosts; "
	       "PRAGMA user_version = 2");

	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(store_open(&s, path, STORE_READ), 0);
	document = store_export(&s, run);
	assert_true(json_equal(document, before));
	json_decref(document);
	runs = store_list_runs(&s);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(runs, 0), "hosts")),
			 1);
	json_decref(runs);
	assert_int_equal(store_query(&s,
				     "SELECT tag FROM placed WHERE run = ?1 "
				     "AND status = 'ok'",
				     run, expect_tag, NULL),
			 0);
	store_close(&s);
	assert_int_equal(chmod(path, 0644), 0);

	run_schema();
	next = begin(&s);
	finish(&s, next, "1", host("a", "k", 1), 2);
	finish(&s, run, "2", host("a", "k", 1), 2);
	document = store_export(&s, next);
	assert_string_equal(text_of(find(document, "1"), "host"), "a");
	json_decref(document);
	document = store_export(&s, run);
	assert_string_equal(text_of(find(document, "1"), "host"), "-");
	assert_string_equal(text_of(find(document, "2"), "host"), "a");
	assert_string_equal(text_of(find(document, "3"), "status"), "pending");
	json_decref(document);
	json_decref(before);
	store_close(&s);
}

/* Chooses a host after `counts`, a text of hosts of run 1 as digits. */
static int choose(struct store *s, const char *counts, const char *wanted,
		  json_t **facts, json_t **left_out)
{
	struct capacity_hosts h = { .tree = NULL };
	int code;

	for (; *counts != '\0'; counts++)
		capacity_hosts_count(&h, 1, *counts - '0');
	code = capacity_hosts_choose(s, &h, wanted, facts, left_out);
	if (code == 0 && *facts != NULL) {
		assert_true(capacity_hosts_has(&h, 1, 0) ==
			    (json_object_get(*facts, "name") == NULL));
		assert_false(capacity_hosts_has(&h, 2, 0));
	}
	capacity_hosts_fini(&h);
	return code;
}

/* One host is planned for, and it is told what was left out. */
static void test_choice(void **state)
{
	json_t *facts, *left_out;
	struct store s;
	int64_t run = begin(&s);

	(void)state;
	finish(&s, run, "1", host("a", "k", 1), 0); /* host 1 */
	finish(&s, run, "2", host("b", "k", 1), 0); /* host 2 */
	assert_int_equal(choose(&s, "0112", NULL, &facts, &left_out), 0);
	assert_string_equal(text_of(facts, "name"), "a");
	assert_int_equal(json_array_size(left_out), 2);
	json_decref(facts);
	json_decref(left_out);
	assert_int_equal(choose(&s, "0112", "b", &facts, &left_out), 0);
	assert_string_equal(text_of(facts, "name"), "b");
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(left_out, 1), "cells")),
			 2);
	json_decref(facts);
	json_decref(left_out);
	assert_int_equal(choose(&s, "0112", ":", &facts, &left_out), 0);
	assert_string_equal(text_of(facts, "kernel"), "own");
	json_decref(facts);
	json_decref(left_out);
	assert_int_equal(choose(&s, "0112", "c", &facts, &left_out),
			 EXIT_USAGE);
	assert_null(facts);
	json_decref(left_out);
	assert_int_equal(choose(&s, "", NULL, &facts, &left_out), 0);
	assert_null(facts);
	json_decref(left_out);
	store_close(&s);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_database, remove_database)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hosts),  TEST(test_once),	 TEST(test_names),
		TEST(test_import), TEST(test_version_2), TEST(test_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
