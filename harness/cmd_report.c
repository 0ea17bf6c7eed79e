/* cmd_report.c - `harness report`: one page that answers how many workers fit. */
#define _GNU_SOURCE
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capacityplan.h"
#include "commands.h"
#include "htmlreport.h"
#include "install.h"
#include "runchoice.h"

#define DEFAULT_MEMORY (16LL << 20) /* KiB */

struct arguments {
	json_t *origin; /* see htmlreport.h */
	const char *db;
	struct capacity_request request;
	const char *out;
};

enum { KEY_OUT = OPTION_AFTER_CAPACITY, KEY_PYTHON, KEY_WORKLOAD, KEY_HOST };

static const struct argp_option options[] = {
	{ "out", KEY_OUT, "FILE", 0, "the page to write (default: report.html)",
	  0 },
	{ 0, 0, 0, 0, "What to plan for:", 1 },
	CAPACITY_OPTIONS,
	{ 0, 0, 0, 0, "Which measurements:", 2 },
	{ "python", KEY_PYTHON, "PYTHON,...", 0,
	  "version prefixes, tags or paths (default: all)", 0 },
	{ "workload", KEY_WORKLOAD, "NAME,...", 0, "workloads (default: all)",
	  0 },
	{ "run", OPTION_RUN, "ID,...", 0, "which runs (default: all)", 0 },
	{ "host", KEY_HOST, "NAME", 0,
	  "cells of which host, : for the run's own (default: the one with the "
	  "most)",
	  0 },
	{ "db", OPTION_DB, "FILE", 0, "the results database", 0 },
	{ 0 }
};

/* Notes an option's list, to which a later one of the same name adds. */
static void note_list(json_t *origin, const char *name, const char *list)
{
	const char *before = json_string_value(json_object_get(origin, name));
	char *text = xasprintf("%s%s%s", before ? before : "",
			       before ? "," : "", list);

	json_object_set_new(origin, name, json_string(text));
	free(text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case KEY_OUT:
		if (*arg == '\0')
			argp_error(state, "--out needs a file");
		a->out = arg;
		return 0;
	case KEY_PYTHON:
		note_list(a->origin, "python", arg);
		strings_split(&a->request.cells.pythons, arg, ',');
		if (a->request.cells.pythons.n == 0)
			argp_error(state, "--python needs an interpreter");
		return 0;
	case KEY_WORKLOAD:
		note_list(a->origin, "workload", arg);
		strings_split(&a->request.cells.workloads, arg, ',');
		if (a->request.cells.workloads.n == 0)
			argp_error(state, "--workload needs a name");
		return 0;
	case KEY_HOST:
		json_object_set_new(a->origin, "host", json_string(arg));
		if (*arg == '\0')
			argp_error(state, "--host needs the name of a host");
		a->request.cells.host = arg;
		return 0;
	case OPTION_RUN:
		note_list(a->origin, "run", arg);
		if (capacity_request_runs(&a->request, arg) < 0)
			argp_error(state,
				   "--run takes numbers of runs, see "
				   "'list runs'");
		return 0;
	case OPTION_DB:
		json_object_set_new(a->origin, "db", json_string(arg));
		a->db = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "too many arguments");
		return 0;
	default:
		return capacity_option_parse(key, arg, state, &a->request);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Writes a page with the decision, a calculator, figures and the "
	       "data of a run, all in one file, and prints its path.\v"
	       "The memory to plan for is 16G unless --memory says otherwise; "
	       "the page can be asked for any other.",
};

/* More cells than this are too much for a page, and for memory. */
#define MOST_CELLS 5000

/* Whether the plan is made from this run. */
static int is_chosen(const struct capacity_request *request, int64_t run)
{
	for (size_t i = 0; i < request->cells.run_count; i++)
		if (request->cells.runs[i] == run)
			return 1;
	return request->cells.run_count == 0;
}

/* Fills in the runs that the plan is made from, newest first.  0 or -1. */
static int list_runs(struct htmlreport *r,
		     const struct capacity_request *request)
{
	json_t *all = store_list_runs(r->store);

	r->listed = json_array();
	for (size_t i = json_array_size(all); i > 0; i--) {
		json_t *run = json_array_get(all, i - 1);

		if (is_chosen(request,
			      json_integer_value(json_object_get(run, "run"))))
			json_array_append(r->listed, run);
	}
	r->run = json_integer_value(
		json_object_get(json_array_get(r->listed, 0), "run"));
	json_decref(all);
	return all != NULL ? 0 : -1;
}

/* Reads these runs' cells, as far as they are not too many.  0 or -1. */
static int read_runs(struct htmlreport *r)
{
	json_int_t cells = 0;
	json_t *run, *document;
	size_t index;

	r->documents = json_array();
	json_array_foreach(r->listed, index, run) {
		cells += json_integer_value(json_object_get(run, "cells"));
		if (cells > MOST_CELLS)
			break;
		document = store_export(
			r->store,
			json_integer_value(json_object_get(run, "run")));
		if (document == NULL)
			return -1;
		json_array_append_new(r->documents, document);
	}
	return 0;
}

/* Tells what the page tells, too.  The exit code of a page that was written. */
static int judge(const struct htmlreport *r)
{
	const json_t *line, *plan;
	json_int_t lost = 0;
	size_t index;

	json_array_foreach(json_object_get(r->plan, "warnings"), index, line)
		complain("warning: %s", json_string_value(line));
	json_array_foreach(json_object_get(r->plan, "plans"), index, plan)
		lost = count_sum(lost,
				 json_integer_value(json_object_get(
					 plan, "lost_samples")));
	return lost > 0 ? EXIT_UNTRUSTED : EXIT_OK;
}

/* Makes the page of an open database.  An exit code. */
static int write_report(struct arguments *a, struct store *s)
{
	struct htmlreport r = { .store = s, .origin = a->origin };
	int code = capacity_plan(s, &a->request, &r.plan);

	if (code == 0 &&
	    (list_runs(&r, &a->request) < 0 || read_runs(&r) < 0 ||
	     htmlreport_write(&r, a->out) < 0))
		code = EXIT_FAULT;
	if (code == 0) {
		puts(a->out);
		code = judge(&r);
	}
	json_decref(r.plan);
	json_decref(r.listed);
	json_decref(r.documents);
	return code;
}

int cmd_report(int argc, char **argv)
{
	struct arguments a = {
		.origin = json_pack("{ss}", "program",
				    program_invocation_short_name),
		.request = capacity_request_default(),
		.db = install_default_db(),
		.out = "report.html",
	};
	struct store s;
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	if (a.request.memory_kib == 0)
		a.request.memory_kib = DEFAULT_MEMORY;
	code = store_open(&s, a.db, STORE_READ) < 0 ? EXIT_FAULT : 0;
	if (code == 0) {
		code = write_report(&a, &s);
		store_close(&s);
	}
	capacity_request_fini(&a.request);
	json_decref(a.origin);
	return code;
}
