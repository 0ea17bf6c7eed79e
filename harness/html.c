/* html.c - text, JSON and drawings for a page.
 *
 * Inside a script element HTML knows no escapes: what ends it, or opens a comment
 * in it, begins with "<", and JSON can write that as \u003c (WHATWG HTML, 4.12.1.3
 * "Restrictions for contents of script elements").
 */
#define _GNU_SOURCE
#include "html.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

void html_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text, out);
		}
}

void html_printf(FILE *out, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	html_text(out, text);
	free(text);
}

/* Takes a piece of a dump; '<' stands in strings only. */
static int write_piece(const char *piece, size_t n, void *out)
{
	for (size_t i = 0; i < n; i++)
		if (piece[i] == '<')
			fputs("\\u003c", out);
		else
			fputc(piece[i], out);
	return 0;
}

void html_json(FILE *out, const json_t *value)
{
	json_dump_callback(value, write_piece, out,
			   JSON_COMPACT | JSON_ENCODE_ANY);
}

/* What an id, or a reference to one, follows in gnuplot's tags. */
static const char *const before_ids[] = {
	" id='", " id=\"", "href='#", "href=\"#", "url(#",
};

/* Writes a tag, from its '<' to its '>'. */
static void write_tag(FILE *out, const char *tag, const char *end,
		      const char *prefix)
{
	while (tag < end) {
		size_t n = 0;

		for (size_t i = 0;
		     i < sizeof before_ids / sizeof *before_ids && n == 0; i++)
			if (strncmp(tag, before_ids[i],
				    strlen(before_ids[i])) == 0)
				n = strlen(before_ids[i]);
		fwrite(tag, 1, n ? n : 1, out);
		if (n > 0)
			fputs(prefix, out);
		tag += n ? n : 1;
	}
}

int html_svg(FILE *out, const char *svg, const char *prefix)
{
	const char *p = strstr(svg, "<svg"), *end;

	if (p == NULL || strstr(p, "</svg>") == NULL)
		return -1;
	while (*p != '\0') {
		if (*p != '<') {
			fputc(*p++, out);
			continue;
		}
		if (strncmp(p, "<title>", 7) == 0 &&
		    (end = strstr(p, "</title>")) != NULL) {
			p = end + 8;
			continue;
		}
		end = strchrnul(p, '>');
		end += *end == '>';
		write_tag(out, p, end, prefix);
		p = end;
	}
	return 0;
}
