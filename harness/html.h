/* html.h - text, JSON and drawings for a page: whatever the data hold, none of it
 * becomes markup or script. */
#ifndef PERMAFROST_HTML_H
#define PERMAFROST_HTML_H

#include <jansson.h>
#include <stdio.h>

/* Writes a text for an element's content or for a quoted attribute. */
void html_text(FILE *out, const char *text);

/* printf for short texts from the data, escaped as html_text() does. */
void html_printf(FILE *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Writes JSON for the inside of a <script type="application/json">. */
void html_json(FILE *out, const json_t *value);

/* Writes a drawing of gnuplot's as an element of the page: ids and what refers to
 * them get `prefix`, so that drawings do not take each other's; titles, which
 * would come up as names of plots under the pointer, are left out.  0, or -1 when
 * it is none. */
int html_svg(FILE *out, const char *svg, const char *prefix);

#endif
