/* fuzz_html.c - data on a page: harness/html.c.  None of it may become markup. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

static void escape(const char *text)
{
	char *out;
	size_t bytes;
	FILE *file = open_memstream(&out, &bytes);

	html_text(file, text);
	fclose(file);
	FUZZ_REQUIRE(strpbrk(out, "<>\"'") == NULL);
	for (const char *p = out; (p = strchr(p, '&')) != NULL; p++)
		FUZZ_REQUIRE(strncmp(p, "&amp;", 5) == 0 ||
			     strncmp(p, "&lt;", 4) == 0 ||
			     strncmp(p, "&gt;", 4) == 0 ||
			     strncmp(p, "&quot;", 6) == 0 ||
			     strncmp(p, "&#39;", 5) == 0);
	free(out);
}

static void embed(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL), *again;
	char *out;
	size_t bytes;
	FILE *file = open_memstream(&out, &bytes);

	html_json(file, value);
	fclose(file);
	FUZZ_REQUIRE(strchr(out, '<') == NULL);
	if (value != NULL) {
		again = json_loads(out, JSON_DECODE_ANY, NULL);
		FUZZ_REQUIRE(json_equal(value, again));
		json_decref(again);
	}
	json_decref(value);
	free(out);
}

static void draw(const char *text)
{
	char *out;
	size_t bytes;
	FILE *file = open_memstream(&out, &bytes);
	int result = html_svg(file, text, "prefix-");

	fclose(file);
	FUZZ_REQUIRE(result == -1 ? bytes == 0 : strncmp(out, "<svg", 4) == 0);
	free(out);
}

FUZZ_TARGET(html)
{
	char *text = fuzz_text(data, size);

	escape(text);
	embed(text);
	draw(text);
	free(text);
}
