/* celldoc.c - asks the JSON document of a cell. */
#include "celldoc.h"

#include <math.h>
#include <string.h>

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

/* Whether the interpreter was named by a path; see cellkey.h. */
static int has_path(const json_t *cell)
{
	return strchr(celldoc_text(cell, "key"), '@') != NULL;
}

int celldoc_same_block(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "tag", "workload", "scale",
					    "workers", "requests",
					    "collect_at" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (!json_equal(json_object_get(a, keys[i]),
				json_object_get(b, keys[i])))
			return 0;
	return has_path(a) == has_path(b) &&
		(!has_path(a) || strcmp(celldoc_text(a, "executable"),
					celldoc_text(b, "executable")) == 0);
}
