/* cellsfile.c - makes one run of the documents of cells. */
#define _GNU_SOURCE
#include "cellsfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "celldoc.h"
#include "celljson.h"
#include "util.h"

/* The values that a key has in the cells, each once.  New. */
static json_t *values(const json_t *cells, const char *key)
{
	json_t *list = json_array(), *seen = json_object();
	const json_t *cell;
	size_t index;

	json_array_foreach(cells, index, cell) {
		const char *text = celldoc_text(cell, key);

		if (json_object_get(seen, text) != NULL)
			continue;
		json_object_set_new(seen, text, json_true());
		json_array_append_new(list, json_string(text));
	}
	json_decref(seen);
	return list;
}

/* The run: its host is that of the first cell, and the others of that name need
 * not repeat it.  Takes over `cells`. */
static json_t *make_run(json_t *cells, const char *path)
{
	json_t *host = json_copy(
		json_object_get(json_array_get(cells, 0), "host"));
	char *name = xstrdup(celldoc_text(host, "name"));
	json_t *cell, *strategies = values(cells, "strategy"), *item;
	const char *baseline = NULL;
	time_t now = time(NULL);
	char text[32];
	size_t index;

	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	json_object_del(host, "name");
	json_array_foreach(cells, index, cell)
		if (strcmp(celldoc_text(json_object_get(cell, "host"), "name"),
			   name) == 0)
			json_object_del(cell, "host");
	json_array_foreach(strategies, index, item)
		if (strcmp(json_string_value(item), "none") == 0)
			baseline = "none";
	free(name);
	return json_pack("{ss ss s{ss so so so ss?} so so}", "started", text,
			 "finished", text, "options", "cells", path, "strategy",
			 strategies, "python", values(cells, "tag"), "workload",
			 values(cells, "workload"), "baseline", baseline,
			 "host", host, "cells", cells);
}

/* Checks one line and adds its document.  0, or -1 after a complaint. */
static int add_line(json_t *cells, json_t *seen, const char *line,
		    size_t length, const char *path, size_t number)
{
	const char *problem = NULL, *key;
	json_t *cell = cell_document_read(line, length, &problem);

	key = celldoc_text(cell, "key");
	if (cell != NULL &&
	    *celldoc_text(json_object_get(cell, "host"), "name") == '\0')
		problem =
			"it does not say where it was measured; use 'cell "
			"--host'";
	else if (cell != NULL && json_object_get(seen, key) != NULL)
		problem = "this cell was there before";
	if (problem != NULL) {
		complain("%s, line %zu: no document of a cell: %s", path,
			 number, problem);
		json_decref(cell);
		return -1;
	}
	json_object_set_new(seen, key, json_true());
	json_array_append_new(cells, cell);
	return 0;
}

json_t *cellsfile_read(const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	json_t *cells = json_array(), *seen = json_object(), *run = NULL;
	size_t room = 0, number = 0;
	char *line = NULL;
	ssize_t n = -1;
	int result = 0;

	if (file == NULL) {
		complain("cannot read %s: %s", path, strerror(errno));
		result = -1;
	}
	while (result == 0 && (n = getline(&line, &room, file)) >= 0) {
		number++;
		if (line[strspn(line, " \t\r\n")] != '\0')
			result = add_line(cells, seen, line, (size_t)n, path,
					  number);
	}
	if (result == 0 && ferror(file)) {
		complain("cannot read %s: %s", path, strerror(errno));
		result = -1;
	} else if (result == 0 && json_array_size(cells) == 0) {
		complain("%s holds no document of a cell", path);
		result = -1;
	}
	if (result == 0)
		run = make_run(json_incref(cells), path);
	if (file != NULL && file != stdin)
		fclose(file);
	free(line);
	json_decref(cells);
	json_decref(seen);
	return run;
}
