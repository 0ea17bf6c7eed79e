/* cmd_cell.c - `harness cell KEY`: one cell, one JSON document on stdout; with
 * --job as GNU parallel wants it (fanout.h). */
#define _GNU_SOURCE
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "cell.h"
#include "celllimits.h"
#include "cellprocess.h"
#include "commands.h"
#include "family.h"
#include "host.h"
#include "server.h"

struct arguments {
	struct cell_limits limits;
	const char *key;
	int job, host;
};

enum { KEY_MEMORY = OPTION_AFTER_LIMITS, KEY_JOB, KEY_HOST };

static const struct argp_option options[] = {
	LIMIT_OPTIONS,
	{ "memory-limit", KEY_MEMORY, "SIZE", 0,
	  "what the cell's memory cgroup may hold, if one can be made (default: "
	  "no limit)",
	  0 },
	{ "host", KEY_HOST, 0, 0,
	  "add facts of this machine, for documents that are imported on "
	  "another",
	  0 },
	{ "job", KEY_JOB, 0, 0,
	  "be a job of GNU parallel: exit code 0 whatever was measured, 75 when "
	  "only this machine cannot do it",
	  0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	int64_t bytes;

	if (key == KEY_MEMORY) {
		if (parse_size(arg, &bytes) < 0 || bytes < 1024)
			argp_error(state,
				   "--memory-limit takes a size such as "
				   "512M, not '%s'",
				   arg);
		a->limits.memory_kib = bytes / 1024;
		return 0;
	}
	if (key == KEY_JOB || key == KEY_HOST) {
		*(key == KEY_JOB ? &a->job : &a->host) = 1;
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

/* What was built for this tag, or NULL. */
static const struct interpreter *find(const struct interpreters *list,
				      const char *tag)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].tag, tag) == 0 &&
		    list->items[i].ext_dir != NULL)
			return &list->items[i];
	return NULL;
}

/* This machine's name; static storage. */
static const char *own_name(void)
{
	static char name[256];

	if (gethostname(name, sizeof name - 1) < 0 || *name == '\0')
		return "?";
	make_text_safe(name);
	return name;
}

/* Prints the document, which it takes over. */
static void print(json_t *document, int with_host)
{
	if (with_host) {
		json_t *host = host_facts();

		json_object_set_new(host, "name", json_string(own_name()));
		json_object_set_new(document, "host", host);
	}
	json_dumpf(document, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(document);
}

/* Finds what the key names and runs it.  An exit code. */
static int run(const struct cellkey *key, const struct arguments *a)
{
	struct interpreters list;
	const struct interpreter *interpreter;
	struct workload workload;
	char *error = NULL;
	json_t *document;
	const char *status;
	int code;

	if (interpreters_load(&list) < 0)
		return EXIT_FAULT;
	interpreter = find(&list, key->tag);
	if (interpreter == NULL) {
		code = fail(EXIT_USAGE,
			    "nothing was built for '%s'; see 'list "
			    "interpreters'",
			    key->tag);
		goto out;
	}
	if (workload_find(key->workload, &workload, &error) < 0) {
		code = fail(EXIT_USAGE, "%s", error);
		goto out;
	}
	document = cell_run(key, interpreter, &workload, &a->limits, &error);
	workload_fini(&workload);
	if (document == NULL) {
		code = interrupted ? EXIT_INTERRUPTED : EXIT_FAULT;
		complain("%s", error);
		goto out;
	}
	status = json_string_value(json_object_get(document, "status"));
	code = strcmp(status, "ok") == 0       ? EXIT_OK :
		strcmp(status, "timeout") == 0 ? EXIT_TIMEOUT :
						 EXIT_CELL_FAILED;
	if (code == EXIT_OK &&
	    json_integer_value(json_object_get(document, "lost_samples")) > 0)
		code = EXIT_UNTRUSTED;
	print(document, a->host);
out:
	free(error);
	interpreters_fini(&list);
	return code;
}

/* Why the key's interpreter cannot have its server; NULL when it can.  New. */
static char *lack_of_server(const struct cellkey *key,
			    const struct interpreter *i)
{
	char *server = server_of(key->workload), *why = NULL;

	if (strcmp(server, SERVER_NONE) != 0)
		free(server_check(
			server,
			key->executable ? key->executable : i->executable,
			&why));
	free(server);
	return why;
}

/* Why this machine cannot run the cell; NULL when it can.  New. */
static char *obstacle(const struct cellkey *key)
{
	struct interpreters list;
	const struct interpreter *i;
	struct workload workload;
	struct strings spec = { &(char *){ key->stack }, 1 };
	char *why = NULL;
	json_t *answer;

	if (interpreters_load(&list) < 0)
		return xstrdup("the list of interpreters cannot be read");
	i = find(&list, key->tag);
	if (i == NULL) {
		why = xasprintf("nothing was built for %s", key->tag);
	} else if (i->reason != NULL && key->executable == NULL) {
		why = xstrdup(i->reason);
	} else if (workload_find(key->workload, &workload, &why) == 0) {
		answer = interpreter_describe(i, key->executable, &spec, &why);
		if (answer != NULL) {
			const json_t *stack = json_array_get(
				json_object_get(answer, "stacks"), 0);
			const char *reason = interpreter_refusal(answer, 0,
								 workload.name);

			if (reason == NULL)
				reason = json_string_value(
					json_object_get(stack, "error"));
			why = reason != NULL ? xstrdup(reason) :
					       lack_of_server(key, i);
			json_decref(answer);
		}
		workload_fini(&workload);
	}
	interpreters_fini(&list);
	return why;
}

/* What GNU parallel leaves in the environment is no part of a cell. */
static void forget_parallel(void)
{
	for (char **e = environ; *e != NULL;) {
		char *name = xasprintf("%.*s", (int)strcspn(*e, "="), *e);

		if (strncmp(name, "PARALLEL_", 9) != 0 || unsetenv(name) < 0)
			e++;
		free(name);
	}
}

/* What is known of a cell without having run it.  New. */
static json_t *bare_document(const struct cellkey *key, const char *status,
			     const char *reason)
{
	return cell_document(key, key->tag + strcspn(key->tag, "0123456789"),
			     key->executable ? key->executable : "", status,
			     reason);
}

/* Runs the cell in a process of its own, so that its death is a result, too.  An
 * exit code. */
static int run_job(const struct cellkey *key, const struct arguments *a)
{
	char *why, *reason;
	json_t *document, *bare;

	/* The parent is parallel, or its Perl on this side of ssh. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	forget_parallel();
	why = obstacle(key);
	if (interrupted) {
		free(why);
		return EXIT_INTERRUPTED;
	}
	if (why != NULL) {
		reason = xasprintf("%s: %s", own_name(), why);
		make_text_safe(reason);
		print(bare_document(key, "unsupported", reason), a->host);
		free(reason);
		free(why);
		return EX_TEMPFAIL;
	}
	document = cellprocess_run(a->key, &a->limits);
	if (document == NULL)
		return EXIT_INTERRUPTED;
	bare = bare_document(key, "failed", NULL);
	json_object_update_missing(document, bare);
	json_decref(bare);
	print(document, a->host);
	return EXIT_OK;
}

int cmd_cell(int argc, char **argv)
{
	struct arguments a = { limits_default(), NULL, 0, 0 };
	struct cellkey key;
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	if (cellkey_parse(a.key, &key) < 0)
		return fail(EXIT_USAGE,
			    "'%s' is not a cell's key; 'run "
			    "--dry-run' prints them",
			    a.key);
	catch_signals();
	family_adopt_strays();
	code = a.job ? run_job(&key, &a) : run(&key, &a);
	cellkey_fini(&key);
	return code;
}
