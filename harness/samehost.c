/* samehost.c - tells hosts apart by what their measurements depend on. */
#define _GNU_SOURCE
#include "samehost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Whether a fact is that of the same host; NULL: not told, such as the names of own
 * hosts.  A kernel keeps a little more memory for itself at one boot than at the
 * next. */
static int same_fact(const json_t *a, const json_t *b)
{
	double x = json_number_value(a), y = json_number_value(b);

	if (a == NULL && b == NULL)
		return 1;
	return json_equal(a, b) || (x > 100000 && fabs(x - y) < 0.01 * x);
}

char *samehost_difference(const json_t *a, const json_t *b)
{
	static const char *const facts[] = {
		"name", "cpu", "cpus", "machine", "kernel", "memory_kib"
	};

	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		const json_t *va = json_object_get(a, facts[i]);
		const json_t *vb = json_object_get(b, facts[i]);
		char *ta, *tb, *text;

		if (same_fact(va, vb))
			continue;
		ta = va != NULL ? json_dumps(va, JSON_ENCODE_ANY) : NULL;
		tb = vb != NULL ? json_dumps(vb, JSON_ENCODE_ANY) : NULL;
		text = xasprintf("%s: %s and %s", facts[i], ta ? ta : "unknown",
				 tb ? tb : "unknown");
		free(ta);
		free(tb);
		return text;
	}
	return NULL;
}

/* The name of the cell's host, or NULL. */
static const char *name_of(const json_t *cell)
{
	return json_string_value(json_object_get(cell, "host"));
}

const json_t *samehost_of_cell(const json_t *document, const json_t *cell)
{
	const char *name = name_of(cell);
	const json_t *host;
	size_t index;

	if (name == NULL)
		return json_object_get(document, "host");
	json_array_foreach(json_object_get(document, "hosts"), index, host) {
		const char *its = json_string_value(
			json_object_get(host, "name"));

		if (its != NULL && strcmp(its, name) == 0)
			return host;
	}
	return NULL;
}

char *samehost_label(const json_t *document, const json_t *cell)
{
	const char *name = name_of(cell);

	return name != NULL ?
		xstrdup(name) :
		xasprintf("the host of run %lld",
			  (long long)json_integer_value(
				  json_object_get(document, "run")));
}
