/* cmd_cell.c - `harness cell KEY`: one cell, one JSON document on stdout. */
#define _GNU_SOURCE
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "commands.h"
#include "family.h"
#include "celllimits.h"

struct arguments {
	struct cell_limits limits;
	const char *key;
};

enum { KEY_MEMORY = OPTION_AFTER_LIMITS };

static const struct argp_option options[] = {
	LIMIT_OPTIONS,
	{ "memory-limit", KEY_MEMORY, "SIZE", 0,
	  "what the cell's memory cgroup may hold, if one can be made (default: "
	  "no limit)", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	int64_t bytes;

	if (key == KEY_MEMORY) {
		if (parse_size(arg, &bytes) < 0 || bytes < 1024)
			argp_error(state, "--memory-limit takes a size such as "
				   "512M, not '%s'", arg);
		a->limits.memory_kib = bytes / 1024;
		return 0;
	}
	if (key == ARGP_KEY_ARG && a->key == NULL) {
		a->key = arg;
		return 0;
	}
	if (key == ARGP_KEY_END && a->key == NULL)
		argp_error(state, "which cell? 'run --dry-run' prints keys");
	return limits_parse(key, arg, state, &a->limits);
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "KEY",
	.doc = "Runs exactly one cell and prints one JSON document on stdout. "
	       "KEY is as printed by 'run --dry-run'.",
};

/* Finds what the key names and runs it.  An exit code. */
static int run(const struct cellkey *key, const struct cell_limits *limits)
{
	struct interpreters list;
	const struct interpreter *interpreter = NULL;
	struct workload workload;
	char *error = NULL;
	json_t *document = NULL;
	const char *status;
	int code;

	if (interpreters_load(&list) < 0)
		return EXIT_FAULT;
	for (size_t i = 0; i < list.n && interpreter == NULL; i++)
		if (strcmp(list.items[i].tag, key->tag) == 0 &&
		    list.items[i].ext_dir != NULL)
			interpreter = &list.items[i];
	if (interpreter == NULL) {
		code = fail(EXIT_USAGE, "nothing was built for '%s'; see 'list "
			    "interpreters'", key->tag);
		goto out;
	}
	if (workload_find(key->workload, &workload, &error) < 0) {
		code = fail(EXIT_USAGE, "%s", error);
		goto out;
	}
	document = cell_run(key, interpreter, &workload, limits, &error);
	workload_fini(&workload);
	if (document == NULL) {
		code = interrupted ? EXIT_INTERRUPTED : EXIT_FAULT;
		complain("%s", error);
		goto out;
	}
	json_dumpf(document, stdout, JSON_COMPACT);
	putchar('\n');
	status = json_string_value(json_object_get(document, "status"));
	code = strcmp(status, "ok") == 0 ? EXIT_OK :
		strcmp(status, "timeout") == 0 ? EXIT_TIMEOUT : EXIT_CELL_FAILED;
	if (code == EXIT_OK &&
	    json_integer_value(json_object_get(document, "lost_samples")) > 0)
		code = EXIT_UNTRUSTED;
out:
	json_decref(document);
	free(error);
	interpreters_fini(&list);
	return code;
}

int cmd_cell(int argc, char **argv)
{
	struct arguments a = { .limits = limits_default() };
	struct cellkey key;
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	if (cellkey_parse(a.key, &key) < 0)
		return fail(EXIT_USAGE, "'%s' is not a cell's key; 'run "
			    "--dry-run' prints them", a.key);
	catch_signals();
	family_adopt_strays();
	code = run(&key, &a.limits);
	cellkey_fini(&key);
	return code;
}
