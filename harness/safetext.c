/* safetext.c - keeps texts of a document from acting on a terminal.
 *
 * Names of stacks and workloads, and reasons, come from databases, tables and
 * programs of others; escape sequences in them could hide lines or worse.
 */
#include "safetext.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

static void make_string_safe(json_t *string)
{
	char *text = xstrdup(json_string_value(string));

	make_text_safe(text);
	if (strcmp(text, json_string_value(string)) != 0)
		json_string_set(string, text);
	free(text);
}

void safetext_make(json_t *value)
{
	const char *key;
	json_t *item;
	size_t index;

	if (json_is_string(value))
		make_string_safe(value);
	json_array_foreach(value, index, item)
		safetext_make(item);
	json_object_foreach(value, key, item)
		if (strcmp(key, "deploy") != 0)
			safetext_make(item);
}
