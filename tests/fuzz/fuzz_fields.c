/* fuzz_fields.c - files of "NAME: NUMBER" lines, as meminfo and a process's status, and
 * cpuinfo: harness/procfs.c, harness/host.c.  Input: a name, "--", the text. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "hostparts.h"
#include "procfs.h"

/* Whether a number follows NAME: in its own line, which is the first such. */
static int has_number(const char *text, const char *name)
{
	size_t n = strlen(name);

	while (strncmp(text, name, n) != 0 || text[n] != ':') {
		text = text_after(text, '\n');
		if (text == NULL)
			return 0;
	}
	text += n + 1;
	text += strspn(text, " \t");
	return *text >= '0' && *text <= '9';
}

FUZZ_TARGET(fields)
{
	struct strings parts;
	const char *name, *text;
	json_t *facts = json_object();
	char *copy;
	int64_t value;

	fuzz_parts(data, size, &parts);
	name = fuzz_part(&parts, 0);
	text = fuzz_part(&parts, 1);
	copy = xstrdup(name);
	copy[strcspn(copy, "\n")] = '\0';
	value = procfs_parse_field(text, copy);
	FUZZ_REQUIRE(value >= -1);
	FUZZ_REQUIRE((value >= 0) == has_number(text, copy));
	free(copy);
	copy = xstrdup(text);
	host_parse_cpuinfo(copy, facts);
	FUZZ_REQUIRE(json_object_size(facts) == 2);
	free(copy);
	json_decref(facts);
	strings_fini(&parts);
}
