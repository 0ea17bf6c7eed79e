/* fuzz_arguments.c - numbers, sizes, times, lists and texts of the command line and of
 * programs: harness/util.c. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <argp.h>
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "capacityplan.h"

#define SOME 16 /* parts of a list that are looked for in it */

static void numbers(const char *text)
{
	struct argp_state quiet = { .flags = ARGP_NO_ERRS | ARGP_NO_EXIT };
	struct capacity_request request = capacity_request_default();
	int64_t bytes;
	long value;

	if (parse_long(text, -5, 1000, &value) == 0)
		FUZZ_REQUIRE(value >= -5 && value <= 1000);
	if (parse_long(text, LONG_MIN, LONG_MAX, &value) == 0)
		FUZZ_REQUIRE(strtol(text, NULL, 10) == value);
	if (parse_size(text, &bytes) == 0)
		FUZZ_REQUIRE(bytes >= 0 && count_sum(bytes, bytes) >= bytes);
	if (parse_seconds(text, &value) == 0)
		FUZZ_REQUIRE(value >= 1 && value <= 366L * 24 * 3600);
	FUZZ_REQUIRE(parse_table_or_json(text, &quiet) == text);
	if (capacity_request_runs(&request, text) == 0)
		FUZZ_REQUIRE(request.cells.run_count > 0);
	capacity_request_fini(&request);
}

/* Without empty parts, the list is its parts. */
static void lists(const char *text)
{
	struct strings list = { NULL, 0 };
	size_t bytes = 0, separators = 0;

	strings_split(&list, text, ',');
	for (size_t i = 0; i < list.n; i++) {
		FUZZ_REQUIRE(*list.items[i] != '\0');
		FUZZ_REQUIRE(strchr(list.items[i], ',') == NULL);
		if (i < SOME)
			FUZZ_REQUIRE(strings_has(&list, list.items[i]));
		bytes += strlen(list.items[i]);
	}
	for (const char *p = text; *p != '\0'; p++)
		separators += *p == ',';
	FUZZ_REQUIRE(bytes + separators == strlen(text));
	nearest(text, (const char *const *)list.items, list.n);
	for (size_t i = 0; i < list.n && i < SOME; i++)
		FUZZ_REQUIRE(nearest(list.items[i],
				     (const char *const *)list.items,
				     list.n) != NULL ||
			     strlen(list.items[i]) >= 63);
	strings_fini(&list);
}

static void texts(const char *text)
{
	char *copy = xstrdup(text);
	const char *line;

	make_text_safe(copy);
	/* One ? for a control of several bytes. */
	FUZZ_REQUIRE(strlen(copy) <= strlen(text) && is_utf8(copy));
	for (const char *p = copy; *p != '\0'; p++)
		FUZZ_REQUIRE(!iscntrl((unsigned char)*p));
	memcpy(copy, text, strlen(text) + 1);
	line = last_line(copy);
	FUZZ_REQUIRE(line >= copy && line <= copy + strlen(text));
	FUZZ_REQUIRE(strchr(line, '\n') == NULL && is_utf8(line));
	free(copy);
}

FUZZ_TARGET(arguments)
{
	char *text = fuzz_text(data, size);

	numbers(text);
	lists(text);
	texts(text);
	free(text);
}
