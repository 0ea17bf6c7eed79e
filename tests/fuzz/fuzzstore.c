/* fuzzstore.c - a small database for fuzz targets, and all that reads one. */
#define _GNU_SOURCE
#include "fuzzstore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capacityplan.h"
#include "cell.h"
#include "celldoc.h"
#include "compare.h"
#include "doctor.h"
#include "fuzz.h"
#include "report.h"
#include "storeparts.h"
#include "tables.h"

#define STEPS_MAX 2000000 /* of SQLite's machine; some 0.1 s */

/* What is measured of the cell that is ok. */
static const char outcome[] =
	"{\"status\": \"ok\", \"parallel\": 2, \"lost_samples\": 0,"
	" \"total_kib\": 9000.5, \"worker_private_kib\": 700,"
	" \"page_tables_kib\": 80, \"gc_collections\": [3, 1.5, 1],"
	" \"gc_pause_p99_us\": 41.5, \"leak_kib_per_1k\": null,"
	" \"unavailable\": {\"leak_kib_per_1k\": \"needs more\"},"
	" \"curve\": [{\"requests\": 0, \"total_kib\": 8000,"
	"  \"worker_private_kib\": 400, \"page_tables_kib\": 80},"
	"  {\"requests\": 5, \"total_kib\": 8800,"
	"  \"worker_private_kib\": 650, \"page_tables_kib\": 80},"
	"  {\"requests\": 10, \"total_kib\": 9000.5,"
	"  \"worker_private_kib\": 700, \"page_tables_kib\": 80}],"
	" \"pauses\": [[[300, 4]], [[4096, 1]], [[40960, 2]]],"
	" \"latencies\": [[1000, 19], [2000, 1]],"
	" \"per_worker\": {\"worker_private_kib\": [690, 710]},"
	" \"copies\": {\"pymalloc\": {\"content\": 7.5, \"nothing\": 1}},"
	" \"methods\": {\"total_kib\": \"smaps_rollup\","
	"  \"environment_bytes\": 1031}}";

/* A cell as store_begin_run() takes it. */
static json_t *planned(const char *text)
{
	struct cellkey key;
	json_t *document;

	FUZZ_REQUIRE(cellkey_parse(text, &key) == 0);
	document = cell_document(&key, "3.11.7", "/python", "pending", NULL);
	cellkey_fini(&key);
	return document;
}

static void execute(sqlite3 *db, const char *sql)
{
	FUZZ_REQUIRE(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void fill(struct store *s)
{
	static const char none[] =
		"cp3.11.7/none/w2/n10/c5/s100/r1/x1/objectgraph";
	json_t *cells = json_pack("[o, o]", planned(none), planned(FUZZ_KEY));
	json_t *options = json_pack("{ss}", "baseline", "none");
	json_t *host = json_pack("{ss si si si}", "cpu", "a CPU", "cpus", 2,
				 "page_bytes", 4096, "memory_kib", 8000000);
	json_t *document = json_loads(outcome, 0, NULL);
	char *schema;

	json_object_set_new(document, "key", json_string(none));
	FUZZ_REQUIRE(read_file(SRCDIR "/results/schema.sql", 1 << 20, &schema,
			       NULL) == 0);
	execute(s->db, schema);
	FUZZ_REQUIRE(store_begin_run(s, options, host, cells) == FUZZ_RUN);
	execute(s->db, "UPDATE runs SET started = '2026-01-01T00:00:00Z'");
	FUZZ_REQUIRE(store_cell(s, FUZZ_RUN, document) == 0);
	free(schema);
	json_decref(document);
	json_decref(host);
	json_decref(options);
	json_decref(cells);
}

static void copy(sqlite3 *to, sqlite3 *from)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");

	FUZZ_REQUIRE(b != NULL && sqlite3_backup_step(b, -1) == SQLITE_DONE);
	FUZZ_REQUIRE(sqlite3_backup_finish(b) == SQLITE_OK);
}

/* Opens what store_open() would refuse: a database without a file. */
static void open_empty(struct store *s)
{
	*s = (struct store){ .path = xstrdup("memory"), .lock_fd = -1 };
	FUZZ_REQUIRE(sqlite3_open(":memory:", &s->db) == SQLITE_OK);
	store_equip(s);
	execute(s->db, "PRAGMA page_size = 512");
}

/* The database that all others are copies of; made once. */
static sqlite3 *original(void)
{
	static struct store first;

	if (first.db == NULL) {
		open_empty(&first);
		fill(&first);
	}
	return first.db;
}

void fuzz_store_begin(struct store *s)
{
	open_empty(s);
	copy(s->db, original());
	execute(s->db, "PRAGMA foreign_keys = ON");
}

void fuzz_store_save(const char *path)
{
	sqlite3 *db;

	FUZZ_REQUIRE(sqlite3_open(path, &db) == SQLITE_OK);
	copy(db, original());
	FUZZ_REQUIRE(sqlite3_close(db) == SQLITE_OK);
}

static int stop(void *unused)
{
	(void)unused;
	return 1;
}

void fuzz_store_limit(struct store *s, int steps)
{
	sqlite3_progress_handler(s->db, steps, stop, NULL);
}

/* What can be made of a run's document, whoever wrote that. */
static void read_document(const json_t *document)
{
	struct compare_request r = {
		.a = { .document = document },
		.b = { .document = document, .stack = "none" },
	};
	const char *baseline = celldoc_text(
		json_object_get(document, "options"), "baseline");
	json_t *findings = doctor_judge(json_object_get(document, "host"));
	char *dir = xasprintf("%s/tables", fuzz_dir()), *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	report_table(out, document, baseline);
	report_rows(out, document, ',');
	report_rows(out, document, '\t');
	fclose(out);
	free(text);
	strings_add(&r.metrics, "total_kib");
	json_decref(compare_make(&r));
	strings_fini(&r.metrics);
	json_decref(doctor_verdict(findings));
	json_decref(findings);
	fuzz_listen();
	if (tables_write(document, dir, 1) < 0)
		FUZZ_REQUIRE(fuzz_heard() == 1);
	else
		FUZZ_REQUIRE(fuzz_heard() == 0);
	free(dir);
}

static void plan(struct store *s)
{
	struct capacity_request r = capacity_request_default();
	json_t *document = NULL;

	r.memory_kib = 1 << 20;
	fuzz_listen();
	if (capacity_plan(s, &r, &document) != 0)
		FUZZ_REQUIRE(fuzz_heard() >= 1);
	else
		FUZZ_REQUIRE(fuzz_heard() == 0);
	json_decref(document);
	capacity_request_fini(&r);
}

void fuzz_store_read(struct store *s)
{
	json_t *list, *document = NULL;
	int64_t run;
	size_t heard;

	fuzz_store_limit(s, STEPS_MAX);
	fuzz_listen();
	list = store_list_runs(s);
	heard = fuzz_heard();
	FUZZ_REQUIRE(heard == (size_t)(list == NULL));
	json_decref(list);
	fuzz_listen();
	run = store_find_run(s, 0);
	if (run > 0) {
		json_decref(store_run_options(s, run));
		json_decref(store_pending(s, run));
		document = store_export(s, run);
	}
	heard = fuzz_heard();
	FUZZ_REQUIRE(document != NULL || heard >= 1);
	if (document != NULL)
		read_document(document);
	json_decref(document);
	plan(s);
}
