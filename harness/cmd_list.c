/* cmd_list.c - `harness list WHAT`: what there is to choose from. */
#define _GNU_SOURCE
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "draw.h"
#include "install.h"
#include "metrics.h"
#include "safetext.h"
#include "store.h"
#include "util.h"
#include "wsgi.h"

struct arguments {
	const char *what;
	const char *db;
	const char *format;
};

enum { KEY_DB = 0x100, KEY_FORMAT };

static const struct argp_option options[] = {
	{ "format", KEY_FORMAT, "FORMAT", 0, "table or json (default: table)",
	  0 },
	{ "db", KEY_DB, "FILE", 0, "the results database, for runs", 0 },
	{ 0 }
};

/* A new array of {tag, version, executable, supported, reason, ...}. */
static json_t *list_interpreters(const struct arguments *a)
{
	struct interpreters list;
	json_t *rows = json_array();

	(void)a;
	if (interpreters_load(&list) < 0)
		return NULL;
	for (size_t n = 0; n < list.n; n++) {
		const struct interpreter *i = &list.items[n];

		json_array_append_new(
			rows,
			json_pack("{ss ss ss? ss? ss? ss sb ss? ss?}", "tag",
				  i->tag, "version", i->version,
				  "implementation", i->implementation, "abi",
				  i->abi_flags, "era", i->era, "executable",
				  i->executable, "supported", i->reason == NULL,
				  "reason", i->reason, "ext_dir", i->ext_dir));
	}
	interpreters_fini(&list);
	return rows;
}

/* Adds what one interpreter says of each strategy. */
static void merge_answer(json_t *rows, const json_t *answer, const char *tag)
{
	json_t *strategy;
	size_t index;

	json_array_foreach(json_object_get(answer, "strategies"), index,
			   strategy) {
		json_t *row = json_array_get(rows, index);
		const json_t *reason = json_object_get(strategy, "reason");

		if (json_object_get(row, "summary") == NULL &&
		    json_object_get(strategy, "summary") != NULL) {
			json_object_set(row, "summary",
					json_object_get(strategy, "summary"));
			json_object_set(row, "options",
					json_object_get(strategy, "options"));
		}
		if (json_is_string(reason))
			json_object_set(json_object_get(row, "unsupported"),
					tag, (json_t *)reason);
		else
			json_array_append_new(json_object_get(row, "supported"),
					      json_string(tag));
	}
}

static json_t *list_strategies(const struct arguments *a)
{
	struct strings names = { NULL, 0 }, no_specs = { NULL, 0 };
	struct interpreters list;
	json_t *rows = json_array();

	(void)a;
	if (interpreters_load(&list) < 0)
		return NULL;
	install_strategies(&names);
	for (size_t i = 0; i < names.n; i++)
		json_array_append_new(
			rows,
			json_pack("{ss s[] s{}}", "name", names.items[i],
				  "supported", "unsupported"));
	for (size_t i = 0; i < list.n; i++) {
		char *error = NULL;
		json_t *answer;

		if (list.items[i].reason != NULL ||
		    interpreter_is_go(&list.items[i])) /* it has none */
			continue;
		answer = interpreter_describe(&list.items[i], NULL, &no_specs,
					      &error);
		if (answer == NULL)
			complain("warning: %s", error);
		merge_answer(rows, answer, list.items[i].tag);
		json_decref(answer);
		free(error);
	}
	strings_fini(&names);
	interpreters_fini(&list);
	return rows;
}

static json_t *list_workloads(const struct arguments *a)
{
	struct strings names = { NULL, 0 };
	json_t *rows = json_array();

	(void)a;
	install_workloads(&names);
	for (size_t i = 0; i <= names.n; i++) {
		struct workload w;
		char *error = NULL;
		int result = i < names.n ?
			workload_find(names.items[i], &w, &error) :
			wsgi_describe(&w, &error);

		if (result < 0) {
			complain("warning: %s", error);
			free(error);
			continue;
		}
		json_array_append_new(
			rows,
			json_pack("{ss sI ss ss sb}", "name", w.name, "scale",
				  (json_int_t)w.scale, "summary", w.summary,
				  "path", w.path, "wsgi", w.wsgi));
		workload_fini(&w);
	}
	strings_fini(&names);
	return rows;
}

static json_t *list_runs(const struct arguments *a)
{
	struct store s;
	json_t *rows;

	if (store_open(&s, a->db, STORE_READ) < 0)
		return NULL;
	rows = store_list_runs(&s);
	store_close(&s);
	return rows;
}

static json_t *list_metrics(const struct arguments *a)
{
	json_t *rows = json_array();

	(void)a;
	for (size_t i = 0; i < metrics_count; i++)
		json_array_append_new(
			rows,
			json_pack("{ss ss ss}", "key", metrics[i].key, "unit",
				  metrics[i].unit, "meaning",
				  metrics[i].meaning));
	return rows;
}

static json_t *list_figures(const struct arguments *a)
{
	struct strings names = { NULL, 0 };
	json_t *rows = json_array();

	(void)a;
	draw_figures(&names);
	for (size_t i = 0; i < names.n; i++) {
		char *title = draw_title(names.items[i]);

		json_array_append_new(
			rows,
			json_pack("{ss ss}", "name", names.items[i], "title",
				  title ? title : ""));
		free(title);
	}
	strings_fini(&names);
	return rows;
}

#define COLUMNS_MAX 9

/* What can be listed; the columns of the table are keys of the rows. */
static const struct listing {
	const char *what;
	json_t *(*rows)(const struct arguments *a);
	const char *columns[COLUMNS_MAX];
} listings[] = {
	{ "strategies",
	  list_strategies,
	  { "name", "arguments", "summary", "missing on" } },
	{ "workloads", list_workloads, { "name", "scale", "summary" } },
	{ "interpreters",
	  list_interpreters,
	  { "tag", "version", "abi", "era", "executable", "reason" } },
	{ "runs",
	  list_runs,
	  { "run", "started", "finished", "cells", "ok", "failed",
	    "unsupported", "pending", "hosts" } },
	{ "metrics", list_metrics, { "key", "unit", "meaning" } },
	{ "figures", list_figures, { "name", "title" } },
};
#define LISTINGS (sizeof listings / sizeof *listings)

/* "T0 T1=10": an argument with its default. */
static char *arguments_text(const json_t *row)
{
	const json_t *option;
	size_t index;
	char *text = xstrdup("");

	json_array_foreach(json_object_get(row, "options"), index, option) {
		const char *standard = json_string_value(
			json_object_get(option, "default"));
		char *longer = xasprintf(
			"%s:%s%s%s", text,
			json_string_value(json_object_get(option, "name")),
			standard ? "=" : "", standard ? standard : "");

		free(text);
		text = longer;
	}
	return text;
}

/* The text of one field; to free. */
static char *field(const json_t *row, const char *column)
{
	const json_t *value = json_object_get(row, column), *reason;
	const char *tag;
	char *text;

	if (strcmp(column, "arguments") == 0)
		return arguments_text(row);
	if (strcmp(column, "missing on") == 0) {
		text = xstrdup("");
		json_object_foreach(json_object_get(row, "unsupported"), tag,
				    reason) {
			char *longer = xasprintf("%s%s%s (%s)", text,
						 *text ? "; " : "", tag,
						 json_string_value(reason));

			free(text);
			text = longer;
		}
		return text;
	}
	if (json_is_string(value) && *json_string_value(value) != '\0')
		return xstrdup(json_string_value(value));
	if (json_is_integer(value))
		return xasprintf("%lld", (long long)json_integer_value(value));
	if (strcmp(column, "reason") == 0)
		return xstrdup("supported");
	return xstrdup("-");
}

static void print_table(const struct listing *l, const json_t *rows)
{
	size_t n = 0, index;
	size_t widths[COLUMNS_MAX];
	const json_t *row;

	for (; n < COLUMNS_MAX && l->columns[n] != NULL; n++)
		widths[n] = strlen(l->columns[n]);
	json_array_foreach(rows, index, row)
		for (size_t i = 0; i < n; i++) {
			char *text = field(row, l->columns[i]);

			if (strlen(text) > widths[i])
				widths[i] = strlen(text);
			free(text);
		}
	for (size_t i = 0; i < n; i++)
		printf("%-*s%s", i + 1 < n ? (int)widths[i] : 0, l->columns[i],
		       i + 1 < n ? "  " : "\n");
	json_array_foreach(rows, index, row)
		for (size_t i = 0; i < n; i++) {
			char *text = field(row, l->columns[i]);

			printf("%-*s%s", i + 1 < n ? (int)widths[i] : 0, text,
			       i + 1 < n ? "  " : "\n");
			free(text);
		}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case KEY_DB:
		a->db = arg;
		return 0;
	case KEY_FORMAT:
		a->format = parse_table_or_json(arg, state);
		return 0;
	case ARGP_KEY_ARG:
		if (a->what != NULL)
			argp_error(state, "one thing at a time");
		a->what = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "strategies|workloads|interpreters|runs|metrics|figures",
	.doc = "Lists what there is to choose from.",
};

int cmd_list(int argc, char **argv)
{
	struct arguments a = { .db = install_default_db(), .format = "table" };
	const struct listing *l = NULL;
	json_t *rows;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	for (size_t i = 0; i < LISTINGS; i++)
		if (a.what != NULL && strcmp(a.what, listings[i].what) == 0)
			l = &listings[i];
	if (l == NULL)
		return fail(EXIT_USAGE,
			    "%s%s%s; list takes strategies, "
			    "workloads, interpreters, runs, metrics or figures",
			    a.what ? "cannot list '" : "list what?",
			    a.what ? a.what : "", a.what ? "'" : "");
	rows = l->rows(&a);
	if (rows == NULL)
		return EXIT_FAULT;
	if (strcmp(a.format, "json") == 0) {
		json_t *document = json_pack("{sO}", l->what, rows);

		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(document);
	} else {
		safetext_make(rows);
		print_table(l, rows);
	}
	json_decref(rows);
	return EXIT_OK;
}
