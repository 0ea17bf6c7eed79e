/* plan.c - turns a selection into cells.
 *
 * Stacks are checked and spelt canonically by the interpreters themselves, so
 * that the one parser of strategy arguments is the strategies' own.
 */
#define _GNU_SOURCE
#include "plan.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "checkpoints.h"
#include "install.h"
#include "server.h"
#include "wsgi.h"

/* One interpreter that takes part. */
struct target {
	const struct interpreter *interpreter;
	const char *executable; /* given by path, or NULL */
	json_t *answer;		/* of describe.py, or NULL */
	char *problem;		/* why there is none */
	char **lacks;		/* why it has not the server of the workload
				 * with this index; NULL: it has */
};

struct targets {
	struct target *items;
	size_t n;
};

static void add_target(struct targets *t, const struct interpreter *i,
		       const char *executable)
{
	for (size_t n = 0; n < t->n; n++)
		if (t->items[n].interpreter == i &&
		    (executable == NULL) == (t->items[n].executable == NULL) &&
		    (executable == NULL ||
		     strcmp(executable, t->items[n].executable) == 0))
			return;
	t->items = xrealloc(t->items, t->n + 1, sizeof *t->items);
	t->items[t->n++] = (struct target){ .interpreter = i,
					    .executable = executable };
}

/* Whether another executable stands for this one's version and ABI. */
static int is_duplicate(const struct interpreters *list,
			const struct interpreter *i)
{
	for (size_t n = 0; n < list->n; n++)
		if (i->ext_dir == NULL && list->items[n].ext_dir != NULL &&
		    strcmp(list->items[n].tag, i->tag) == 0)
			return 1;
	return 0;
}

/* Adds what one --python word means.  0 or an exit code. */
static int choose(const struct interpreters *list, const char *word,
		  struct targets *targets)
{
	int found = 0;

	for (size_t i = 0; i < list->n; i++)
		if (interpreter_matches(&list->items[i], word) &&
		    !is_duplicate(list, &list->items[i])) {
			add_target(targets, &list->items[i], NULL);
			found = 1;
		}
	if (found || strcmp(word, "all") == 0)
		return 0;
	if (strchr(word, '/') != NULL) {
		const struct interpreter *i;
		char *error = NULL;

		if (!is_utf8(word))
			return fail(EXIT_USAGE,
				    "--python=%s is not a path in "
				    "UTF-8",
				    word);
		i = interpreter_for_executable(list, word, &error);
		if (i == NULL) {
			complain("%s", error);
			free(error);
			return EXIT_USAGE;
		}
		add_target(targets, i, word);
		return 0;
	}
	return fail(EXIT_USAGE,
		    "no interpreter matches '%s'; see 'list "
		    "interpreters'",
		    word);
}

/* Asks every target about the specs.  0, or an exit code when a spec is wrong
 * by the word of any of them. */
static int ask(struct targets *targets, const struct strings *specs)
{
	for (size_t n = 0; n < targets->n; n++) {
		struct target *t = &targets->items[n];
		json_t *stack;
		size_t index;

		if (t->interpreter->reason != NULL) {
			t->problem = xstrdup(t->interpreter->reason);
			continue;
		}
		t->answer = interpreter_describe(t->interpreter, t->executable,
						 specs, &t->problem);
		json_array_foreach(json_object_get(t->answer, "stacks"), index,
				   stack) {
			const char *error = json_string_value(
				json_object_get(stack, "error"));

			if (error != NULL)
				return fail(EXIT_USAGE,
					    "--strategy: %s; see "
					    "'list strategies'",
					    error);
		}
	}
	return 0;
}

/* The names in a spec must be ours even where no interpreter can be asked. */
static int check_names(const struct strings *specs)
{
	struct strings known = { NULL, 0 };
	int result = 0;

	install_strategies(&known);
	for (size_t i = 0; i < specs->n && result == 0; i++) {
		struct strings parts = { NULL, 0 };

		strings_split(&parts, specs->items[i], '+');
		if (parts.n == 0)
			result = fail(EXIT_USAGE, "--strategy: an empty stack");
		for (size_t p = 0; p < parts.n && result == 0; p++) {
			const char *near;

			parts.items[p][strcspn(parts.items[p], ":")] = '\0';
			if (strings_has(&known, parts.items[p]))
				continue;
			near = nearest(parts.items[p],
				       (const char *const *)known.items,
				       known.n);
			result = fail(EXIT_USAGE,
				      "unknown strategy '%s'%s%s%s; "
				      "see 'list strategies'",
				      parts.items[p],
				      near ? ", did you mean '" : "",
				      near ? near : "", near ? "'?" : "");
		}
		strings_fini(&parts);
	}
	strings_fini(&known);
	return result;
}

/* What target `t` says of the spec with this index. */
static json_t *answer_for(const struct target *t, size_t spec)
{
	return json_array_get(json_object_get(t->answer, "stacks"), spec);
}

/* The canonical form by the word of any interpreter, else as typed. */
static const char *canonical(const struct targets *targets, size_t spec,
			     const char *typed)
{
	for (size_t n = 0; n < targets->n; n++) {
		const char *text = json_string_value(json_object_get(
			answer_for(&targets->items[n], spec), "canonical"));

		if (text != NULL)
			return text;
	}
	return typed;
}

/* Adds the cell of one target, stack, workload and repeat. */
static void add_cell(struct plan *plan, const struct selection *s,
		     const struct target *t, size_t spec, const char *stack,
		     const struct workload *workload, const char *lack,
		     long repeat)
{
	struct cellkey key = {
		.tag = t->interpreter->tag,
		.executable = (char *)t->executable,
		.stack = (char *)stack,
		.workload = workload->name,
		.workers = s->workers,
		.requests = s->requests,
		.collect_at = s->left_to_chance ? -1 :
						  checkpoints_half(s->requests),
		.scale = s->scale ? s->scale : workload->scale,
		.repeat = repeat,
		.seed = s->seed + repeat - 1,
	};
	const char *status = "pending",
		   *reason = interpreter_refusal(t->answer, spec,
						 workload->name);

	if (t->interpreter->ext_dir == NULL || reason != NULL)
		status = "unsupported";
	else if (t->answer == NULL)
		status = "failed";
	if (t->answer == NULL)
		reason = t->problem;
	if (strcmp(status, "pending") == 0 && lack != NULL) {
		status = "unsupported";
		reason = lack;
	}
	plan->runnable += strcmp(status, "pending") == 0;
	json_array_append_new(
		plan->cells,
		cell_document(&key, t->interpreter->version,
			      t->executable ? t->executable :
					      t->interpreter->executable,
			      status, reason));
}

/* Shuffles the cells from index `first` on. */
static void shuffle(json_t *cells, size_t first, gsl_rng *rng)
{
	size_t n = json_array_size(cells) - first;
	json_t **order = xcalloc(n, sizeof *order);

	if (n == 0) {
		free(order);
		return;
	}
	for (size_t i = 0; i < n; i++)
		order[i] = json_incref(json_array_get(cells, first + i));
	gsl_ran_shuffle(rng, order, n, sizeof *order);
	for (size_t i = 0; i < n; i++)
		json_array_set_new(cells, first + i, order[i]);
	free(order);
}

static void add_all(struct plan *plan, const struct selection *s,
		    const struct targets *targets, const struct strings *specs,
		    const struct workload *workloads, size_t n)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	gsl_rng_set(rng, (unsigned long)s->seed);
	for (long repeat = 1; repeat <= s->repeats; repeat++) {
		size_t first = json_array_size(plan->cells);

		for (size_t t = 0; t < targets->n; t++)
			for (size_t i = 0; i < specs->n; i++) {
				const char *stack = canonical(targets, i,
							      specs->items[i]);
				size_t same = 0;

				while (strcmp(canonical(targets, same,
							specs->items[same]),
					      stack) != 0)
					same++;
				for (size_t w = 0; same == i && w < n; w++)
					add_cell(plan, s, &targets->items[t], i,
						 stack, &workloads[w],
						 targets->items[t].lacks[w],
						 repeat);
			}
		shuffle(plan->cells, first, rng);
	}
	gsl_rng_free(rng);
}

/* Whether workloads[n] is one of those before it. */
static int is_repeated(const struct workload *workloads, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(workloads[i].name, workloads[n].name) == 0)
			return 1;
	return 0;
}

/* Has the first target that answers check the requests of applications: in a cell
 * they would be found wrong only one by one.  0 or an exit code. */
static int check_requests(const struct targets *targets,
			  const struct workload *workloads, size_t n)
{
	const struct target *t = targets->items;
	const struct target *end = t + targets->n;
	int code = 0;

	while (t < end && t->answer == NULL)
		t++;
	for (size_t i = 0; i < n && t < end && code == 0; i++) {
		char *error = NULL;

		if (wsgi_is(workloads[i].name) &&
		    wsgi_check(&workloads[i],
			       t->executable ? t->executable :
					       t->interpreter->executable,
			       &error) < 0)
			code = fail(EXIT_USAGE, "%s", error);
		free(error);
	}
	return code;
}

/* Asks every target for the servers of the workloads. */
static void check_servers(struct targets *targets,
			  const struct workload *workloads, size_t n)
{
	for (size_t i = 0; i < targets->n; i++) {
		struct target *t = &targets->items[i];

		t->lacks = xcalloc(n, sizeof *t->lacks);
		for (size_t w = 0; w < n; w++) {
			char *server = server_of(workloads[w].name);

			if (t->answer != NULL &&
			    strcmp(server, SERVER_NONE) != 0)
				free(server_check(
					server,
					t->executable ?
						t->executable :
						t->interpreter->executable,
					&t->lacks[w]));
			free(server);
		}
	}
}

int plan_make(const struct selection *s, struct plan *plan)
{
	struct strings specs = { NULL, 0 };
	struct interpreters list;
	struct targets targets = { NULL, 0 };
	struct workload *workloads = xcalloc(s->workloads.n, sizeof *workloads);
	size_t found = 0;
	int code;

	*plan = (struct plan){ .cells = json_array() };
	if (s->baseline != NULL)
		strings_add(&specs, s->baseline);
	for (size_t i = 0; i < s->stacks.n; i++)
		if (!strings_has(&specs, s->stacks.items[i]))
			strings_add(&specs, s->stacks.items[i]);
	code = check_names(&specs);
	for (size_t i = 0; i < s->workloads.n && code == 0; i++) {
		char *error = NULL;

		if (workload_find(s->workloads.items[i], &workloads[found],
				  &error) < 0)
			code = fail(EXIT_USAGE, "%s", error);
		else if (is_repeated(workloads, found))
			workload_fini(&workloads[found]);
		else
			found++;
		free(error);
	}
	if (interpreters_load(&list) < 0)
		code = code ? code : EXIT_FAULT;
	for (size_t i = 0; i < s->pythons.n && code == 0; i++)
		code = choose(&list, s->pythons.items[i], &targets);
	if (code == 0 && targets.n == 0)
		code = fail(EXIT_UNSUPPORTED,
			    "no supported interpreter was "
			    "found by configure; 'list interpreters' says why");
	if (code == 0)
		code = ask(&targets, &specs);
	if (code == 0)
		code = check_requests(&targets, workloads, found);
	if (code == 0) {
		check_servers(&targets, workloads, found);
		add_all(plan, s, &targets, &specs, workloads, found);
		if (s->baseline != NULL)
			plan->baseline = xstrdup(
				canonical(&targets, 0, s->baseline));
	}
	for (size_t i = 0; i < targets.n; i++) {
		for (size_t w = 0; w < found && targets.items[i].lacks; w++)
			free(targets.items[i].lacks[w]);
		free(targets.items[i].lacks);
		json_decref(targets.items[i].answer);
		free(targets.items[i].problem);
	}
	for (size_t i = 0; i < found; i++)
		workload_fini(&workloads[i]);
	free(workloads);
	free(targets.items);
	interpreters_fini(&list);
	strings_fini(&specs);
	return code;
}

void plan_order(struct plan *plan, const struct selection *s)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	json_t *ordered = json_array(), *cell;
	size_t index;

	gsl_rng_set(rng, (unsigned long)s->seed);
	for (long repeat = 1; repeat <= s->repeats; repeat++) {
		size_t first = json_array_size(ordered);

		json_array_foreach(plan->cells, index, cell)
			if (json_integer_value(
				    json_object_get(cell, "repeat")) == repeat)
				json_array_append(ordered, cell);
		shuffle(ordered, first, rng);
	}
	gsl_rng_free(rng);
	plan->runnable = 0;
	json_array_foreach(ordered, index, cell)
		plan->runnable += strcmp(json_string_value(json_object_get(
						 cell, "status")),
					 "pending") == 0;
	json_decref(plan->cells);
	plan->cells = ordered;
	if (plan->baseline == NULL && s->baseline != NULL)
		plan->baseline = xstrdup(s->baseline);
}

void plan_fini(struct plan *plan)
{
	json_decref(plan->cells);
	free(plan->baseline);
}
