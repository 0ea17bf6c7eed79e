/* comparesides.c - pairs the cells of two sides.
 *
 * Each side is sorted once into {TASK STACK: {HOST: [cell, ...]}}, so that the work
 * grows with the number of cells only.  HOST is a number that means the same
 * machine on both sides (samehost.h).  Cells that no host was tried with, since
 * they are pending or unsupported, stand for any.
 */
#define _GNU_SOURCE
#include "comparesides.h"

#include <stdlib.h>
#include <string.h>

#include "celldoc.h"
#include "install.h"
#include "samehost.h"

#define ANY "any"

/* The hosts of both sides. */
struct hosts {
	json_t *numbers[2]; /* {name, "" for the run's own: number as text} */
	size_t n;
};

/* Gives a host of B the number of the same one of A, or a new one. */
static size_t number_of(const struct hosts *h, const json_t *a,
			const json_t *host)
{
	json_t *known = json_object_get(a, "hosts"), *other;
	char *difference = samehost_difference(json_object_get(a, "host"),
					       host);
	size_t index, number = difference == NULL ? 0 : h->n;

	free(difference);
	json_array_foreach(known, index, other) {
		difference = samehost_difference(other, host);
		if (difference == NULL)
			number = index + 1;
		free(difference);
	}
	return number;
}

static void set_number(json_t *numbers, const json_t *host, size_t number)
{
	char *text = xasprintf("%zu", number);
	const char *name = json_string_value(json_object_get(host, "name"));

	json_object_set_new(numbers, name != NULL ? name : "",
			    json_string(text));
	free(text);
}

static void number_hosts(const json_t *a, const json_t *b, struct hosts *h)
{
	json_t *host;
	size_t index, number;

	*h = (struct hosts){ { json_object(), json_object() }, 1 };
	set_number(h->numbers[0], NULL, 0);
	json_array_foreach(json_object_get(a, "hosts"), index, host)
		set_number(h->numbers[0], host, h->n++);
	if (a == b) {
		json_object_update(h->numbers[1], h->numbers[0]);
		return;
	}
	number = number_of(h, a, json_object_get(b, "host"));
	h->n += number == h->n;
	set_number(h->numbers[1], NULL, number);
	json_array_foreach(json_object_get(b, "hosts"), index, host) {
		number = number_of(h, a, host);
		h->n += number == h->n;
		set_number(h->numbers[1], host, number);
	}
}

/* Whether --python and --workload let a cell through. */
static int is_chosen(const struct compare_request *r, const json_t *cell)
{
	static char built[] = "";
	struct interpreter i = {
		.tag = (char *)celldoc_text(cell, "tag"),
		.version = (char *)celldoc_text(cell, "python"),
		.executable = (char *)celldoc_text(cell, "executable"),
		.ext_dir = built,
	};
	int python = r->pythons.n == 0;

	for (size_t n = 0; n < r->pythons.n; n++)
		python |= interpreter_matches(&i, r->pythons.items[n]);
	return python &&
		(r->workloads.n == 0 ||
		 strings_has(&r->workloads, celldoc_text(cell, "workload")));
}

/* The value of `key`, made with `make` when it is not there.  Borrowed. */
static json_t *value_at(json_t *object, const char *key, json_t *(*make)(void))
{
	json_t *value = json_object_get(object, key);

	if (value == NULL) {
		value = make();
		json_object_set_new(object, key, value);
	}
	return value;
}

/* Under which key the cells of a task with a stack are found.  To free. */
static char *key_of(const json_t *cell, const char *stack)
{
	char *task = celldoc_task(cell);
	char *key = xasprintf("%zu %s %s", strlen(stack), stack, task);

	free(task);
	return key;
}

/* Sorts the cells of a side; of A, those that are chosen, which is enough.
 * `numbers` is NULL when hosts do not matter.  New. */
static json_t *sort_cells(const struct compare_request *r,
			  const struct compare_side *side,
			  const json_t *numbers)
{
	json_t *sorted = json_object(), *cell;
	size_t index;

	json_array_foreach(json_object_get(side->document, "cells"), index,
			   cell) {
		const char *stack = celldoc_text(cell, "strategy");
		const char *host = numbers == NULL ?
			"0" :
			celldoc_text(numbers, celldoc_text(cell, "host"));
		char *key;

		if ((side->stack != NULL && strcmp(side->stack, stack) != 0) ||
		    (side == &r->a && !is_chosen(r, cell)))
			continue;
		key = key_of(cell, stack);
		json_array_append(value_at(value_at(sorted, key, json_object),
					   celldoc_was_tried(cell) ? host : ANY,
					   json_array),
				  cell);
		free(key);
	}
	return sorted;
}

/* Those cells of a host, or of any, that the side takes.  New. */
static json_t *take(const struct compare_side *side, const json_t *by_host,
		    const char *host)
{
	const char *const lists[] = { host, ANY };
	json_t *cells = json_array(), *cell;
	size_t n = 0, index;

	for (size_t i = 0; i < (strcmp(host, ANY) == 0 ? 1 : 2); i++)
		json_array_foreach(json_object_get(by_host, lists[i]), index,
				   cell)
			if (side->every == 0 ||
			    (int)(n++ % (size_t)side->every) == side->rest)
				json_array_append(cells, cell);
	return cells;
}

/* Counts cells whose counterparts are on other hosts only; *facts gets the first
 * host that has such. */
static void leave_out(json_t *left_out, const struct compare_side *side,
		      const json_t *cells, const json_t **facts)
{
	const json_t *cell = json_array_get(cells, 0);
	char *label = samehost_label(side->document, cell);
	json_int_t n = json_integer_value(json_object_get(left_out, label));

	json_object_set_new(
		left_out, label,
		json_integer(n + (json_int_t)json_array_size(cells)));
	if (*facts == NULL)
		*facts = samehost_of_cell(side->document, cell);
	free(label);
}

static int has_several(const json_t *document)
{
	return json_array_size(json_object_get(document, "hosts")) > 0;
}

/* Adds the pair of what both sides have on a host, if both have. */
static void add_pair(const struct compare_request *r, json_t *pairs,
		     const json_t *a, const json_t *b, const char *host)
{
	json_t *cells_a = take(&r->a, a, host), *cells_b = take(&r->b, b, host);
	const json_t *first = json_array_get(cells_a, 0);
	const json_t *second = json_array_get(cells_b, 0);
	char *label = NULL;

	if (first == NULL || second == NULL) {
		json_decref(cells_a);
		json_decref(cells_b);
		return;
	}
	if (r->mixed_hosts || strcmp(host, ANY) == 0)
		;
	else if (has_several(r->a.document) && celldoc_was_tried(first))
		label = samehost_label(r->a.document, first);
	else if (has_several(r->b.document) && celldoc_was_tried(second))
		label = samehost_label(r->b.document, second);
	json_array_append_new(
		pairs,
		json_pack("{sO sO ss? so so}", "stack_a",
			  json_object_get(first, "strategy"), "stack_b",
			  json_object_get(second, "strategy"), "host", label,
			  "a", cells_a, "b", cells_b));
	free(label);
}

/* Whether all of these cells stand for any host. */
static int only_any(const json_t *by_host)
{
	return json_object_size(by_host) == 1 &&
		json_object_get(by_host, ANY) != NULL;
}

/* Pairs the cells of one task and stack on each side, by host.  `facts` is as for
 * leave_out(), of each side. */
static void pair_hosts(const struct compare_request *r, json_t *a, json_t *b,
		       struct comparesides *sides, const json_t *facts[2])
{
	json_t *left_a = json_object_get(sides->left_out, "a"), *cells;
	json_t *left_b = json_object_get(sides->left_out, "b");
	const char *host;

	if (only_any(a) && only_any(b))
		add_pair(r, sides->pairs, a, b, ANY);
	json_object_foreach(a, host, cells) {
		if (strcmp(host, ANY) == 0)
			continue;
		if (only_any(b) || json_object_get(b, host) != NULL)
			add_pair(r, sides->pairs, a, b, host);
		else
			leave_out(left_a, &r->a, cells, &facts[0]);
	}
	json_object_foreach(b, host, cells) {
		if (strcmp(host, ANY) == 0 || json_object_get(a, host) != NULL)
			continue;
		if (only_any(a))
			add_pair(r, sides->pairs, a, b, host);
		else
			leave_out(left_b, &r->b, cells, &facts[1]);
	}
}

void comparesides_pair(const struct compare_request *r,
		       struct comparesides *sides)
{
	const json_t *facts[2] = { NULL, NULL };
	json_t *sorted[2], *a, *b;
	struct hosts hosts;
	const char *key;

	*sides = (struct comparesides){
		.pairs = json_array(),
		.left_out = json_pack("{s{} s{}}", "a", "b"),
	};
	number_hosts(r->a.document, r->b.document, &hosts);
	sides->mixed = r->mixed_hosts && hosts.n > 1;
	sorted[0] = sort_cells(r, &r->a,
			       r->mixed_hosts ? NULL : hosts.numbers[0]);
	sorted[1] = sort_cells(r, &r->b,
			       r->mixed_hosts ? NULL : hosts.numbers[1]);
	json_object_foreach(sorted[0], key, a) {
		const json_t *like = json_array_get(
			json_object_iter_value(json_object_iter(a)), 0);
		char *other = key_of(like,
				     r->b.stack ?
					     r->b.stack :
					     celldoc_text(like, "strategy"));

		b = json_object_get(sorted[1], other);
		if (b != NULL)
			pair_hosts(r, a, b, sides, facts);
		free(other);
	}
	if (facts[0] != NULL && facts[1] != NULL)
		sides->difference = samehost_difference(facts[0], facts[1]);
	for (int i = 0; i < 2; i++) {
		json_decref(sorted[i]);
		json_decref(hosts.numbers[i]);
	}
}

void comparesides_fini(struct comparesides *sides)
{
	json_decref(sides->pairs);
	json_decref(sides->left_out);
	free(sides->difference);
	*sides = (struct comparesides){ NULL, NULL, NULL, 0 };
}
