/* fuzz_tables.c - a run as tables: harness/tablefile.c, tablesread.c.  Input: files,
 * which lines of "--" part; the first line of each is its name.  What is imported
 * must come out again as tables. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzzstore.h"
#include "tables.h"

static const char *const names[] = {
	"run.json",	 "cells.tsv",	"curve.tsv",
	"worker.tsv",	 "copies.tsv",	"pauses.tsv",
	"latencies.tsv", "methods.tsv", "reasons.tsv",
};
#define NAMES (sizeof names / sizeof *names)

/* Writes the files of the input into the folder `name`; none of before is left. */
static void write_files(const char *name, const struct strings *parts)
{
	char *dir = xasprintf("%s/%s", fuzz_dir(), name);

	mkdir(dir, 0777);
	for (size_t n = 0; n < NAMES; n++) {
		char *path = xasprintf("%s/%s", name, names[n]);
		char *full = xasprintf("%s/%s", dir, names[n]);
		size_t length = strlen(names[n]);

		unlink(full);
		for (size_t i = 0; i < parts->n; i++) {
			const char *part = parts->items[i];

			if (strncmp(part, names[n], length) == 0 &&
			    part[length] == '\n')
				fuzz_write(path, part + length + 1,
					   strlen(part + length + 1));
		}
		free(path);
		free(full);
	}
	free(dir);
}

/* Reads the tables of a folder.  New, or NULL after one complaint. */
static json_t *read_tables(const char *name)
{
	char *dir = xasprintf("%s/%s", fuzz_dir(), name);
	json_t *document;
	size_t heard;

	fuzz_listen();
	document = tables_read(dir);
	heard = fuzz_heard();
	FUZZ_REQUIRE(heard == (size_t)(document == NULL));
	free(dir);
	return document;
}

/* Through the database and back. */
static void go_round(const json_t *document)
{
	char *dir = xasprintf("%s/out", fuzz_dir());
	json_t *exported, *again;
	struct store s;
	int64_t run;

	fuzz_store_begin(&s);
	run = store_import(&s, document);
	FUZZ_REQUIRE(run > FUZZ_RUN);
	exported = store_export(&s, run);
	FUZZ_REQUIRE(exported != NULL);
	FUZZ_REQUIRE(json_array_size(json_object_get(exported, "cells")) ==
		     json_array_size(json_object_get(document, "cells")));
	FUZZ_REQUIRE(tables_write(exported, dir, 1) == 0);
	again = read_tables("out");
	FUZZ_REQUIRE(again != NULL);
	json_decref(again);
	json_decref(exported);
	store_close(&s);
	free(dir);
}

FUZZ_TARGET(tables)
{
	struct strings parts;
	json_t *document;

	fuzz_parts(data, size, &parts);
	write_files("in", &parts);
	document = read_tables("in");
	if (document != NULL)
		go_round(document);
	json_decref(document);
	strings_fini(&parts);
}
