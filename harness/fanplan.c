/* fanplan.c - asks machines over ssh what `harness run` would do there.
 *
 * One ssh per host, all at once, runs --version, `doctor --format=json` and `run
 * --dry-run --format=cells`.  The answers are data: they are checked as documents
 * of cells are.
 */
#define _GNU_SOURCE
#include "fanplan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "celljson.h"
#include "cellkey.h"
#include "install.h"
#include "wsgi.h"

#define LOOK_TIMEOUT_S 120

/* Adds " --NAME=A,B" to *text. */
static void add_list(char **text, const char *name, const struct strings *list)
{
	char *value = xstrdup(""), *quoted, *longer;

	for (size_t i = 0; i < list->n; i++) {
		longer = xasprintf("%s%s%s", value, i > 0 ? "," : "",
				   list->items[i]);
		free(value);
		value = longer;
	}
	quoted = shell_quote(value);
	longer = xasprintf("%s --%s=%s", *text, name, quoted);
	free(value);
	free(quoted);
	free(*text);
	*text = longer;
}

/* A path that exists here as another machine must be told it; else as typed.
 * New. */
static char *absolute(const char *workload)
{
	char *real = workload_is_path(workload) ? realpath(workload, NULL) :
						  NULL;

	return real != NULL ? real : xstrdup(workload);
}

/* The script that a host runs.  New. */
static char *look_script(const char *remote, const struct selection *s)
{
	struct strings workloads = { NULL, 0 }, baseline = { NULL, 0 };
	char *options = xstrdup(""), *script;

	if (s == NULL) {
		script = xasprintf(
			"set -- %s; \"$@\" --version && "
			"\"$@\" doctor --format=json",
			remote);
		free(options);
		return script;
	}
	for (size_t i = 0; i < s->workloads.n; i++) {
		char *path = absolute(s->workloads.items[i]);

		strings_add(&workloads, path);
		free(path);
	}
	strings_add(&baseline, s->baseline);
	add_list(&options, "strategy", &s->stacks);
	add_list(&options, "baseline", &baseline);
	add_list(&options, "python", &s->pythons);
	add_list(&options, "workload", &workloads);
	script = xasprintf(
		"set -- %s; \"$@\" --version && \"$@\" doctor "
		"--format=json && \"$@\" run --dry-run --format=cells%s%s "
		"--workers=%ld --requests=%ld --repeat=%ld --seed=%ld",
		remote, options,
		s->left_to_chance ? " --no-full-collection" : "", s->workers,
		s->requests, s->repeats, s->seed);
	if (s->scale > 0) {
		char *longer = xasprintf("%s --scale=%ld", script, s->scale);

		free(script);
		script = longer;
	}
	strings_fini(&workloads);
	strings_fini(&baseline);
	free(options);
	return script;
}

/* Takes facts from the answer of `doctor`.  0 or -1. */
static int take_facts(struct sshhost *host, const char *line)
{
	json_t *answer = line != NULL ? json_loads(line, 0, NULL) : NULL;
	json_t *facts = json_object_get(answer, "facts");
	int good = json_is_object(facts);

	json_object_del(facts, "interpreters_found");
	json_object_del(facts, "interpreters_supported");
	json_object_set_new(facts, "name", json_string(host->login));
	good = good && celljson_is_host(facts);
	if (good)
		host->facts = json_incref(facts);
	json_decref(answer);
	return good ? 0 : -1;
}

/* Leads a cell's reason with the host that gave it. */
static void name_reason(json_t *cell, const char *login)
{
	const char *reason = json_string_value(json_object_get(cell, "reason"));
	char *named;

	if (reason == NULL)
		return;
	named = xasprintf("%s: %s", strcmp(login, ":") == 0 ? "here" : login,
			  reason);
	json_object_set_new(cell, "reason", json_string(named));
	free(named);
}

static int is_pending(const json_t *cell)
{
	return strcmp(json_string_value(json_object_get(cell, "status")),
		      "pending") == 0;
}

/* The union that is being made. */
struct merge {
	json_t *cells;
	json_t *places; /* key: index into cells */
};

/* Adds what one host says of a cell. */
static void merge_cell(struct merge *m, json_t *cell, const char *login)
{
	const char *key = json_string_value(json_object_get(cell, "key"));
	const json_t *place = json_object_get(m->places, key);
	json_t *known;
	size_t at;

	name_reason(cell, login);
	if (place == NULL) {
		json_object_set_new(
			m->places, key,
			json_integer((json_int_t)json_array_size(m->cells)));
		json_array_append(m->cells, cell);
		return;
	}
	at = (size_t)json_integer_value(place);
	known = json_array_get(m->cells, at);
	if (is_pending(known))
		return;
	if (is_pending(cell)) {
		json_array_set(m->cells, at, cell);
	} else {
		char *both = xasprintf(
			"%s; %s",
			json_string_value(json_object_get(known, "reason")),
			json_string_value(json_object_get(cell, "reason")));

		json_object_set_new(known, "reason", json_string(both));
		free(both);
	}
}

/* Whether a document of a plan is one.  A cell that is to run has no status that
 * the check of results knows. */
static int is_planned(json_t *cell)
{
	const char *status = json_string_value(json_object_get(cell, "status"));
	int pending = status != NULL && strcmp(status, "pending") == 0;
	const char *problem;
	int good;

	if (pending)
		json_object_set_new(cell, "status", json_string("ok"));
	good = cell_document_check(cell, &problem) == 0 &&
		(pending || json_is_string(json_object_get(cell, "reason")));
	if (pending)
		json_object_set_new(cell, "status", json_string("pending"));
	return good;
}

/* Whether files that a cell of a plan has executed are those that were typed: one
 * host must not choose what others run. */
static int is_asked_for(const struct selection *s, const json_t *cell)
{
	struct cellkey key;
	int good;

	if (cellkey_parse(json_string_value(json_object_get(cell, "key")),
			  &key) < 0)
		return 0;
	good = key.executable == NULL ||
		strings_has(&s->pythons, key.executable);
	if (good && (workload_is_path(key.workload) || wsgi_is(key.workload))) {
		good = 0;
		for (size_t i = 0; i < s->workloads.n && !good; i++) {
			char *path = absolute(s->workloads.items[i]);

			good = strcmp(path, key.workload) == 0;
			free(path);
		}
	}
	cellkey_fini(&key);
	return good;
}

/* Takes in what a host has answered.  NULL, or why it is of no use. */
static const char *take_answer(struct merge *m, struct sshhost *host,
			       const struct selection *selection,
			       struct sshanswer *answer)
{
	char *rest = answer->out, *line = strsep(&rest, "\n");

	if (!answer->asked || answer->status != 0)
		return sshanswer_problem(answer);
	if (strcmp(line, PACKAGE_STRING) != 0)
		return "it has another version than " PACKAGE_STRING;
	if (take_facts(host, strsep(&rest, "\n")) < 0)
		return "it does not tell what machine it is";
	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		json_t *cell = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		if (*line == '\0')
			continue;
		if (cell == NULL || !is_planned(cell)) {
			json_decref(cell);
			return "its plan cannot be read";
		}
		if (selection == NULL || !is_asked_for(selection, cell)) {
			json_decref(cell);
			return "its plan has cells that were not asked for (is "
			       "a workload's path a link there?)";
		}
		merge_cell(m, cell, host->login);
		json_decref(cell);
	}
	return NULL;
}

/* Adds this machine's own plan.  0 or an exit code. */
static int merge_own(struct merge *m, const struct selection *selection,
		     const struct sshhost *host, struct plan *plan)
{
	struct plan own;
	json_t *cell;
	size_t index;
	int code = plan_make(selection, &own);

	if (code == 0) {
		json_array_foreach(own.cells, index, cell)
			merge_cell(m, cell, host->login);
		plan->baseline = own.baseline;
		own.baseline = NULL;
	}
	plan_fini(&own);
	return code;
}

int fanplan_make(struct sshhosts *hosts, const char *remote,
		 const struct selection *selection, struct plan *plan)
{
	char *script = look_script(remote, selection);
	struct sshanswer *answers = sshhosts_ask(hosts, script, LOOK_TIMEOUT_S);
	size_t asked = hosts->n, left = 0;
	struct merge m = { json_array(), json_object() };
	int code = 0;

	*plan = (struct plan){ .cells = m.cells };
	for (size_t i = 0; i < asked && !interrupted; i++) {
		struct sshhost *host = &hosts->items[left];
		const char *problem = NULL;
		int own = EXIT_FAULT;

		if (!host->local) {
			problem = take_answer(&m, host, selection, &answers[i]);
			if (problem != NULL && answers[i].asked &&
			    WIFEXITED(answers[i].status))
				own = WEXITSTATUS(answers[i].status);
		} else if (selection != NULL) {
			own = merge_own(&m, selection, host, plan);
			problem = own != 0 ? "see above" : NULL;
		}
		if (problem == NULL) {
			left++;
			continue;
		}
		complain("warning: %s takes no part: %s",
			 host->local ? "this machine" : host->login, problem);
		sshhosts_drop(hosts, left);
		code = code ? code :
			own == EXIT_USAGE || own == EXIT_UNSUPPORTED ?
			      own :
			      EXIT_FAULT;
	}
	sshanswers_free(answers, asked);
	json_decref(m.places);
	free(script);
	if (interrupted)
		return EXIT_INTERRUPTED;
	if (left == 0)
		return fail(code ? code : EXIT_FAULT, "no host is left");
	if (selection != NULL)
		plan_order(plan, selection);
	return 0;
}
