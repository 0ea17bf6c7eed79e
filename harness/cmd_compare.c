/* cmd_compare.c - `harness compare A B`: what the difference between two
 * stacks, or two runs, is worth. */
#define _GNU_SOURCE
#include <argp.h>
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "compare.h"
#include "comparetable.h"
#include "install.h"
#include "metrics.h"
#include "runchoice.h"
#include "safetext.h"
#include "stats.h"

struct arguments {
	struct run_choice choice;
	struct compare_request request;
	const char *sides[2]; /* as typed */
	const char *format;
	int given;
};

enum {
	KEY_METRIC = OPTION_AFTER_RUN,
	KEY_PYTHON,
	KEY_WORKLOAD,
	KEY_FORMAT,
	KEY_SEED,
	KEY_MIXED,
};

#define DEFAULT_METRICS                                                        \
	"total_kib,worker_private_kib,worker_minor_faults,"                    \
	"worker_cow_pages,gc_pause_p99_us,gc_pause_max_us,request_p99_us,"     \
	"worker_cpu_ms"

static const struct argp_option options[] = {
	{ "metric", KEY_METRIC, "KEY,...", 0,
	  "which metrics, or all (default: " DEFAULT_METRICS ")", 0 },
	{ "python", KEY_PYTHON, "PYTHON,...", 0,
	  "version prefixes, tags or paths (default: all of the run)", 0 },
	{ "workload", KEY_WORKLOAD, "NAME,...", 0,
	  "workloads of the run (default: all)", 0 },
	{ "seed", KEY_SEED, "N", 0, "of the resampling (default: 1)", 0 },
	{ "mixed-hosts", KEY_MIXED, 0, 0,
	  "compare cells of different hosts, too", 0 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "table or json (default: table)",
	  0 },
	RUN_OPTIONS,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	long seed;

	switch (key) {
	case KEY_METRIC:
		strings_split(&a->request.metrics, arg, ',');
		if (a->request.metrics.n == 0)
			argp_error(state, "--metric needs a key");
		return 0;
	case KEY_PYTHON:
		strings_split(&a->request.pythons, arg, ',');
		if (a->request.pythons.n == 0)
			argp_error(state, "--python needs an interpreter");
		return 0;
	case KEY_WORKLOAD:
		strings_split(&a->request.workloads, arg, ',');
		if (a->request.workloads.n == 0)
			argp_error(state, "--workload needs a name");
		return 0;
	case KEY_SEED:
		if (parse_long(arg, 0, INT_MAX, &seed) < 0)
			argp_error(state,
				   "--seed takes a number from 0 to %d, "
				   "not '%s'",
				   INT_MAX, arg);
		a->request.seed = (unsigned long)seed;
		return 0;
	case KEY_MIXED:
		a->request.mixed_hosts = 1;
		return 0;
	case KEY_FORMAT:
		a->format = parse_table_or_json(arg, state);
		return 0;
	case ARGP_KEY_ARG:
		if (a->given == 2)
			argp_error(state, "too many arguments");
		if (a->given < 2)
			a->sides[a->given++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->given < 2)
			argp_error(state,
				   "compare what? Two stacks of a run, "
				   "two runs, or RUN:STACK");
		return 0;
	default:
		return run_choice_parse(key, arg, state, &a->choice);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "A B",
	.doc = "Compares B with the baseline A: ratios of means with 95 % "
	       "intervals, and whether the difference is one.\vA and B are "
	       "stacks of a run (freeze), runs (3), or stacks of runs "
	       "(3:freeze).  Two runs are compared stack by stack.  A stack "
	       "compared with itself checks the method: its odd repeats "
	       "against its even ones.  A verdict needs at least 4 repeats on "
	       "both sides (run --repeat=4).",
};

/* Replaces defaults and "all", and refuses unknown keys.  0 or an exit code. */
static int choose_metrics(struct strings *wanted)
{
	const char **known = xcalloc(metrics_count, sizeof *known);
	int code = 0;

	for (size_t i = 0; i < metrics_count; i++)
		known[i] = metrics[i].key;
	if (wanted->n == 0)
		strings_split(wanted, DEFAULT_METRICS, ',');
	for (size_t i = 0; i < wanted->n && code == 0; i++) {
		const char *key = wanted->items[i], *near;

		if (metric_find(key) != NULL || strcmp(key, "all") == 0)
			continue;
		near = nearest(key, known, metrics_count);
		code = fail(EXIT_USAGE,
			    "unknown metric '%s'%s%s%s; see 'list "
			    "metrics'",
			    key, near ? ", did you mean '" : "",
			    near ? near : "", near ? "'?" : "");
	}
	if (strings_has(wanted, "all")) {
		strings_fini(wanted);
		*wanted = (struct strings){ NULL, 0 };
		for (size_t i = 0; i < metrics_count; i++)
			strings_add(wanted, known[i]);
	}
	free(known);
	return code;
}

/* One side as typed: RUN, RUN:STACK or STACK. */
struct operand {
	long run;	   /* 0: the chosen one */
	const char *stack; /* within the text; NULL: all */
};

/* 0 or an exit code. */
static int read_operand(const char *text, struct operand *o)
{
	size_t digits = strspn(text, "0123456789");
	char *number = xasprintf("%.*s", (int)digits, text);
	int code = 0;

	*o = (struct operand){ .stack = text };
	if (digits > 0) {
		o->stack = text[digits] == ':' ? text + digits + 1 : NULL;
		if (parse_long(number, 1, 1L << 40, &o->run) < 0 ||
		    (o->stack == NULL && text[digits] != '\0'))
			code = fail(EXIT_USAGE,
				    "'%s' is no run, stack or "
				    "RUN:STACK; see 'list runs'",
				    text);
	}
	if (code == 0 && o->stack != NULL && *o->stack == '\0')
		code = fail(EXIT_USAGE, "'%s' names no stack", text);
	free(number);
	return code;
}

static json_int_t run_of(const json_t *document)
{
	return json_integer_value(json_object_get(document, "run"));
}

/* The stacks of a run, each once. */
static void stacks_of(const json_t *document, struct strings *stacks)
{
	const json_t *cell;
	size_t index;

	json_array_foreach(json_object_get(document, "cells"), index, cell) {
		const char *stack = json_string_value(
			json_object_get(cell, "strategy"));

		if (!strings_has(stacks, stack))
			strings_add(stacks, stack);
	}
}

static char *join(const struct strings *list)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < list->n; i++) {
		char *longer = xasprintf("%s%s%s", text, i ? ", " : "",
					 list->items[i]);

		free(text);
		text = longer;
	}
	return text;
}

/* The canonical form by the word of the first interpreter that can tell, to
 * free; NULL when there is none here, or it does not know the stack. */
static char *canonical(const char *typed)
{
	struct strings specs = { NULL, 0 };
	struct interpreters list;
	char *text = NULL;

	if (interpreters_load(&list) < 0)
		return NULL;
	strings_add(&specs, typed);
	for (size_t i = 0; i < list.n && text == NULL; i++) {
		char *error = NULL;
		json_t *answer;
		const char *form;

		if (list.items[i].reason != NULL)
			continue;
		answer = interpreter_describe(&list.items[i], NULL, &specs,
					      &error);
		form = json_string_value(json_object_get(
			json_array_get(json_object_get(answer, "stacks"), 0),
			"canonical"));
		text = form != NULL ? xstrdup(form) : NULL;
		json_decref(answer);
		free(error);
		if (answer != NULL)
			break;
	}
	strings_fini(&specs);
	interpreters_fini(&list);
	return text;
}

/* The run's stack that `typed` means; to free.  NULL after a complaint. */
static char *find_stack(const json_t *document, const char *typed)
{
	struct strings stacks = { NULL, 0 };
	char *found = NULL, *known;

	stacks_of(document, &stacks);
	if (strings_has(&stacks, typed))
		found = xstrdup(typed);
	else
		found = canonical(typed);
	if (found == NULL || !strings_has(&stacks, found)) {
		const char *near = nearest(
			typed, (const char *const *)stacks.items, stacks.n);

		known = join(&stacks);
		complain("run %lld has no stack '%s'%s%s%s (it has %s)",
			 (long long)run_of(document), typed,
			 near ? ", did you mean '" : "", near ? near : "",
			 near ? "'?" : "", known);
		free(known);
		free(found);
		found = NULL;
	}
	strings_fini(&stacks);
	return found;
}

/* Reads both sides of the request from the database.  0 or an exit code; the
 * documents and stacks are to be freed either way. */
static int load_sides(const struct arguments *a, struct compare_side sides[2],
		      json_t *documents[2], char *stacks[2])
{
	struct operand o[2];
	struct store s;
	int64_t run;
	int code = 0;

	for (int i = 0; i < 2 && code == 0; i++)
		code = read_operand(a->sides[i], &o[i]);
	if (code == 0 && (o[0].stack == NULL) != (o[1].stack == NULL))
		code = fail(EXIT_USAGE,
			    "cannot compare all stacks of a run "
			    "with one stack; name the stack of both, as in "
			    "3:freeze");
	if (code == 0 && a->choice.run != 0 && o[0].run != 0 && o[1].run != 0)
		code = fail(EXIT_USAGE,
			    "A and B name their runs; leave --run "
			    "out");
	if (code == 0)
		code = run_choice_open(&a->choice, &s, &run);
	if (code != 0)
		return code;
	for (int i = 0; i < 2 && code == 0; i++) {
		int64_t id = o[i].run ? store_find_run(&s, o[i].run) : run;

		if (id <= 0)
			code = id < 0 ? EXIT_FAULT : EXIT_USAGE;
		else if (i == 1 && id == run_of(documents[0]))
			documents[1] = json_incref(documents[0]);
		else if ((documents[i] = store_export(&s, id)) == NULL)
			code = EXIT_FAULT;
		if (code == 0 && o[i].stack != NULL &&
		    (stacks[i] = find_stack(documents[i], o[i].stack)) == NULL)
			code = EXIT_USAGE;
		sides[i] = (struct compare_side){ documents[i], stacks[i], 0,
						  0 };
	}
	store_close(&s);
	return code;
}

/* Of sides that are the same cells, one keeps the odd repeats and the other one
 * the even ones. */
static void split_if_same(struct compare_side sides[2])
{
	if (run_of(sides[0].document) != run_of(sides[1].document) ||
	    (sides[0].stack != NULL &&
	     strcmp(sides[0].stack, sides[1].stack) != 0))
		return;
	for (int i = 0; i < 2; i++) {
		sides[i].every = 2;
		sides[i].rest = i;
	}
}

/* What there is in a run, for a complaint; to free. */
static char *offer(const json_t *document)
{
	struct strings blocks = { NULL, 0 }, stacks = { NULL, 0 };
	const json_t *cell;
	size_t index;
	char *text, *b, *s;

	stacks_of(document, &stacks);
	json_array_foreach(json_object_get(document, "cells"), index, cell) {
		const char *tag, *workload;
		json_int_t scale, workers, requests, collect_at;

		if (json_unpack((json_t *)cell, "{ss ss sI sI sI sI}", "tag",
				&tag, "workload", &workload, "scale", &scale,
				"workers", &workers, "requests", &requests,
				"collect_at", &collect_at) < 0)
			continue;
		text = xasprintf("%s %s s%lld w%lld n%lld c%lld", tag, workload,
				 (long long)scale, (long long)workers,
				 (long long)requests, (long long)collect_at);
		if (!strings_has(&blocks, text))
			strings_add(&blocks, text);
		free(text);
	}
	b = join(&blocks);
	s = join(&stacks);
	text = xasprintf("run %lld has %s (%.400s)",
			 (long long)run_of(document), s, b);
	strings_fini(&blocks);
	strings_fini(&stacks);
	free(b);
	free(s);
	return text;
}

static int nothing_common(const struct compare_side sides[2])
{
	char *a = offer(sides[0].document), *b = offer(sides[1].document);
	int same = sides[0].document == sides[1].document || strcmp(a, b) == 0;
	int code;

	if (sides[0].every != 0)
		code = fail(EXIT_USAGE,
			    "nothing to compare: a stack against "
			    "itself needs at least two repeats, and --python "
			    "and --workload must leave some; %s",
			    a);
	else
		code = fail(EXIT_USAGE,
			    "A and B have nothing in common to "
			    "compare: %s%s%s",
			    a, same ? "" : "; ", same ? "" : b);
	free(a);
	free(b);
	return code;
}

/* The hosts of {HOST: CELLS}, or "CELLS on HOST" of each; to free. */
static char *list_hosts(const json_t *hosts, int counted)
{
	struct strings list = { NULL, 0 };
	json_t *cells;
	const char *host;
	char *text;

	json_object_foreach((json_t *)hosts, host, cells) {
		json_int_t n = json_integer_value(cells);

		text = counted ? xasprintf("%lld cell%s on %s", (long long)n,
					   n == 1 ? "" : "s", host) :
				 xstrdup(host);
		strings_add(&list, text);
		free(text);
	}
	text = join(&list);
	strings_fini(&list);
	return text;
}

/* Refuses sides that have nothing in common but on different hosts. */
static int refuse_hosts(const json_t *document)
{
	const json_t *left_out = json_object_get(document, "left_out");
	const char *difference = json_string_value(
		json_object_get(document, "difference"));
	char *a = list_hosts(json_object_get(left_out, "a"), 0);
	char *b = list_hosts(json_object_get(left_out, "b"), 0);
	int code = fail(EXIT_USAGE,
			"A and B are from different hosts (%s), A "
			"from %s, B from %s; measure both on one host, or "
			"--mixed-hosts compares them all the same",
			difference != NULL ? difference : "not the same", a, b);

	free(a);
	free(b);
	return code;
}

/* Tells which cells are not compared because the other side has none on their
 * host, and that hosts were mixed. */
static void warn_of_hosts(const json_t *document)
{
	const json_t *left_out = json_object_get(document, "left_out");
	static const char *const keys[] = { "a", "b" },
				 *const names[] = { "A", "B" };

	for (int i = 0; i < 2; i++) {
		const json_t *hosts = json_object_get(left_out, keys[i]);
		char *list;

		if (json_object_size(hosts) == 0)
			continue;
		list = list_hosts(hosts, 1);
		complain(
			"warning: %s is compared without %s, where %s was not "
			"measured",
			names[i], list, names[1 - i]);
		free(list);
	}
	if (json_is_true(json_object_get(document, "mixed_hosts")))
		complain(
			"warning: cells of different hosts are compared; a "
			"difference may be one of machines");
}

/* The exit code that a comparison calls for. */
static int judge(const json_t *document)
{
	const json_t *block, *row;
	json_int_t lost = 0, a, b;
	size_t index, r, compared = 0;

	json_array_foreach(json_object_get(document, "blocks"), index, block) {
		if (json_unpack((json_t *)block, "{s{sI sI}}", "lost_samples",
				"a", &a, "b", &b) == 0)
			lost = count_sum(lost, count_sum(a, b));
		json_array_foreach(json_object_get(block, "metrics"), r, row)
			compared += json_is_string(
				json_object_get(row, "verdict"));
	}
	if (compared == 0)
		return fail(EXIT_CELL_FAILED,
			    "nothing could be compared; the "
			    "reasons are above");
	if (lost > 0)
		return fail(EXIT_UNTRUSTED,
			    "%lld samples were lost; do not "
			    "trust the pauses and latencies",
			    (long long)lost);
	return EXIT_OK;
}

static int print_comparison(const struct arguments *a)
{
	json_t *document = compare_make(&a->request);
	int code;

	if (json_array_size(json_object_get(document, "blocks")) == 0 &&
	    json_object_size(json_object_get(
		    json_object_get(document, "left_out"), "a")) > 0) {
		code = refuse_hosts(document);
	} else if (json_array_size(json_object_get(document, "blocks")) == 0) {
		const struct compare_side sides[2] = { a->request.a,
						       a->request.b };

		code = nothing_common(sides);
	} else {
		if (strcmp(a->format, "json") == 0) {
			json_dumpf(document, stdout, JSON_COMPACT);
			putchar('\n');
		} else {
			safetext_make(document);
			comparetable_print(stdout, document);
		}
		fflush(stdout);
		warn_of_hosts(document);
		code = judge(document);
	}
	json_decref(document);
	return code;
}

int cmd_compare(int argc, char **argv)
{
	struct arguments a = { .format = "table", .request = { .seed = 1 } };
	json_t *documents[2] = { NULL, NULL };
	char *stacks[2] = { NULL, NULL };
	struct compare_side sides[2];
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	code = choose_metrics(&a.request.metrics);
	if (code == 0)
		code = load_sides(&a, sides, documents, stacks);
	if (code == 0) {
		split_if_same(sides);
		a.request.a = sides[0];
		a.request.b = sides[1];
		code = print_comparison(&a);
	}
	for (int i = 0; i < 2; i++) {
		json_decref(documents[i]);
		free(stacks[i]);
	}
	strings_fini(&a.request.metrics);
	strings_fini(&a.request.pythons);
	strings_fini(&a.request.workloads);
	return code;
}
