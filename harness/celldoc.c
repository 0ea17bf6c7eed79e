/* celldoc.c - asks the JSON document of a cell. */
#define _GNU_SOURCE
#include "celldoc.h"

#include <math.h>
#include <string.h>

#include "util.h"

const char *celldoc_text(const json_t *cell, const char *key)
{
	const char *text = json_string_value(json_object_get(cell, key));

	return text != NULL ? text : "";
}

double celldoc_number(const json_t *cell, const char *key)
{
	const json_t *value = json_object_get(cell, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *celldoc_given_path(const json_t *cell)
{
	return strchr(celldoc_text(cell, "key"), '@') != NULL ?
		celldoc_text(cell, "executable") :
		"";
}

int celldoc_was_tried(const json_t *cell)
{
	const char *status = celldoc_text(cell, "status");

	return strcmp(status, "pending") != 0 &&
		strcmp(status, "unsupported") != 0;
}

static const char *const sizes[] = { "scale", "workers", "requests",
				     "collect_at" };
#define SIZES (sizeof sizes / sizeof *sizes)

int celldoc_same_task(const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < SIZES; i++)
		if (!json_equal(json_object_get(a, sizes[i]),
				json_object_get(b, sizes[i])))
			return 0;
	return strcmp(celldoc_text(a, "tag"), celldoc_text(b, "tag")) == 0 &&
		strcmp(celldoc_text(a, "workload"),
		       celldoc_text(b, "workload")) == 0 &&
		strcmp(celldoc_given_path(a), celldoc_given_path(b)) == 0;
}

int celldoc_same_block(const json_t *a, const json_t *b)
{
	return celldoc_same_task(a, b) &&
		strcmp(celldoc_text(a, "host"), celldoc_text(b, "host")) == 0;
}

char *celldoc_task(const json_t *cell)
{
	json_int_t n[SIZES];

	for (size_t i = 0; i < SIZES; i++)
		n[i] = json_integer_value(json_object_get(cell, sizes[i]));
	/* The lengths tell where the texts end. */
	return xasprintf("%zu %zu %lld %lld %lld %lld %s %s %s",
			 strlen(celldoc_text(cell, "tag")),
			 strlen(celldoc_given_path(cell)), (long long)n[0],
			 (long long)n[1], (long long)n[2], (long long)n[3],
			 celldoc_text(cell, "tag"), celldoc_given_path(cell),
			 celldoc_text(cell, "workload"));
}
