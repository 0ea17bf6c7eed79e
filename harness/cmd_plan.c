/* cmd_plan.c - `harness plan`: how many workers fit, with what pauses, and which
 * stack to deploy. */
#define _GNU_SOURCE
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capacityplan.h"
#include "capacitytable.h"
#include "capacityverify.h"
#include "celldoc.h"
#include "celllimits.h"
#include "commands.h"
#include "family.h"
#include "install.h"
#include "runchoice.h"
#include "safetext.h"
#include "server.h"

struct arguments {
	struct capacity_request request;
	struct cell_limits limits;
	int verify;
	const char *db;
	const char *format;
};

enum {
	KEY_PYTHON = OPTION_AFTER_CAPACITY,
	KEY_WORKLOAD,
	KEY_HOST,
	KEY_FORMAT,
	KEY_VERIFY
};

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "What to plan for:", 1 },
	CAPACITY_OPTIONS,
	{ 0, 0, 0, 0, "Which measurements:", 2 },
	{ "python", KEY_PYTHON, "PYTHON,...", 0,
	  "version prefixes, tags or paths (default: all there are)", 0 },
	{ "workload", KEY_WORKLOAD, "NAME,...", 0,
	  "workloads (default: all there are)", 0 },
	{ "run", OPTION_RUN, "ID,...", 0, "which runs (default: all)", 0 },
	{ "host", KEY_HOST, "NAME", 0,
	  "cells of which host, : for the run's own (default: the one with the "
	  "most)",
	  0 },
	{ "db", OPTION_DB, "FILE", 0, "the results database", 0 },
	{ 0, 0, 0, 0, "How:", 3 },
	{ "verify", KEY_VERIFY, 0, 0,
	  "run the recommended number of workers, and a quarter more, within "
	  "that memory, and compare; 5 is the exit code if they are not as "
	  "predicted",
	  0 },
	LIMIT_OPTIONS,
	{ "format", KEY_FORMAT, "FORMAT", 0, "table or json (default: table)",
	  0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case KEY_PYTHON:
		strings_split(&a->request.cells.pythons, arg, ',');
		if (a->request.cells.pythons.n == 0)
			argp_error(state, "--python needs an interpreter");
		return 0;
	case KEY_WORKLOAD:
		strings_split(&a->request.cells.workloads, arg, ',');
		if (a->request.cells.workloads.n == 0)
			argp_error(state, "--workload needs a name");
		return 0;
	case KEY_HOST:
		if (*arg == '\0')
			argp_error(state, "--host needs the name of a host");
		a->request.cells.host = arg;
		return 0;
	case OPTION_RUN:
		if (capacity_request_runs(&a->request, arg) < 0)
			argp_error(state,
				   "--run takes numbers of runs, see "
				   "'list runs'");
		return 0;
	case OPTION_DB:
		a->db = arg;
		return 0;
	case KEY_VERIFY:
		a->verify = 1;
		return 0;
	case KEY_FORMAT:
		a->format = parse_table_or_json(arg, state);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "too many arguments");
		return 0;
	case ARGP_KEY_END:
		if (a->request.memory_kib == 0)
			argp_error(state,
				   "how much memory is there? Say "
				   "--memory=16G, for example");
		return 0;
	default:
		if (limits_parse(key, arg, state, &a->limits) == 0)
			return 0;
		return capacity_option_parse(key, arg, state, &a->request);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Says from stored runs how many workers fit into the memory, what "
	       "they occupy, how long their pauses are, and which stack to "
	       "deploy.",
};

/* The exit code that a plan calls for. */
static int judge(const json_t *document)
{
	const json_t *p, *plans = json_object_get(document, "plans");
	size_t index;
	json_int_t lost = 0;

	json_array_foreach(plans, index, p)
		lost = count_sum(
			lost,
			json_integer_value(json_object_get(p, "lost_samples")));
	if (json_is_null(json_object_get(document, "recommended")))
		return EXIT_UNSUPPORTED;
	return lost > 0 ? EXIT_UNTRUSTED : EXIT_OK;
}

/* Cells of a plan run what their data name.  Files among that must have been named
 * by the user, too, who may have the data from somebody else.  0 or an exit code. */
static int check_files(const struct arguments *a, const json_t *document)
{
	const json_t *plan = json_array_get(
		json_object_get(document, "plans"),
		(size_t)json_integer_value(json_object_get(
			json_object_get(document, "recommended"), "plan")));
	const char *workload = celldoc_text(plan, "workload");
	const char *executable = celldoc_text(plan, "executable");
	struct strings built_in = { NULL, 0 };
	char *alone = server_strip(workload);
	int known;

	install_workloads(&built_in);
	known = strings_has(&built_in, alone) ||
		strings_has(&a->request.cells.workloads, workload);
	strings_fini(&built_in);
	free(alone);
	if (!known)
		return fail(EXIT_USAGE,
			    "--verify would run %s, which the data "
			    "name; if you trust it, say --workload=%s",
			    workload, workload);
	if (*executable != '\0' &&
	    !strings_has(&a->request.cells.pythons, executable))
		return fail(EXIT_USAGE,
			    "--verify would run %s, which the data "
			    "name; if you trust it, say --python=%s",
			    executable, executable);
	return 0;
}

/* Prints the plan, tried out before if that was asked for.  An exit code. */
static int print_plan(const struct arguments *a, json_t *document)
{
	const json_t *warning;
	size_t index;
	int code = judge(document), verified = 0;

	if (a->verify && code != EXIT_UNSUPPORTED) {
		verified = check_files(a, document);
		if (verified != 0)
			return verified;
		catch_signals();
		family_adopt_strays();
		verified = capacity_verify(document, &a->limits);
		if (verified == EXIT_USAGE)
			return verified;
	}
	if (strcmp(a->format, "json") == 0) {
		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		safetext_make(document);
		capacitytable_print(stdout, document);
	}
	fflush(stdout);
	json_array_foreach(json_object_get(document, "warnings"), index,
			   warning)
		complain("warning: %s", json_string_value(warning));
	if (code == EXIT_UNSUPPORTED)
		complain(
			"no stack can be recommended: none both fits into the "
			"memory and keeps the limits; the reasons are above");
	if (verified == EXIT_UNTRUSTED)
		complain("--verify: not as predicted; see above");
	return verified ? verified : code;
}

int cmd_plan(int argc, char **argv)
{
	struct arguments a = {
		.request = capacity_request_default(),
		.limits = limits_default(),
		.db = install_default_db(),
		.format = "table",
	};
	json_t *document = NULL;
	struct store s;
	int code = EXIT_FAULT;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	if (store_open(&s, a.db, STORE_READ) == 0) {
		code = capacity_plan(&s, &a.request, &document);
		store_close(&s);
	}
	if (code == 0)
		code = print_plan(&a, document);
	json_decref(document);
	capacity_request_fini(&a.request);
	return code;
}
