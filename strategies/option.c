/* option.c - reads and prints the arguments of a strategy.
 *
 * Pure functions over text and the strategy's option table; nothing here
 * touches the interpreter, so a fuzzer can call them in a loop.
 */
#include "strategy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads a whole number without sign or space; *rest is what follows it. */
static int parse_number(const char *text, long *value, const char **rest)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	*value = strtol(text, &end, 10);
	*rest = end;
	return errno ? -1 : 0;
}

static int parse_value(const struct strategy_option *o, const char *text,
		       struct strategy_value *v)
{
	static const char units[] = "KMG";
	const char *rest;
	const char *unit;

	if (parse_number(text, &v->value, &rest) < 0)
		return -1;
	v->upper = v->value;
	switch (o->kind) {
	case OPTION_INT:
		break;
	case OPTION_GENERATIONS:
		if (*rest == '-' &&
		    parse_number(rest + 1, &v->upper, &rest) < 0)
			return -1;
		break;
	case OPTION_SIZE:
		unit = *rest ? strchr(units, *rest) : NULL;
		if (unit != NULL) {
			int shift = 10 * (int)(unit - units + 1);

			if (v->value > (o->maximum >> shift))
				return -1;
			v->value <<= shift;
			v->upper = v->value;
			rest++;
		}
		break;
	case OPTION_PERCENT:
		if (*rest++ != '%')
			return -1;
		break;
	}
	if (*rest != '\0' || v->value < o->minimum || v->upper > o->maximum ||
	    v->value > v->upper)
		return -1;
	return 0;
}

/* The option that `text` names by `option=ARG`, or NULL.  *arg becomes ARG. */
static const struct strategy_option *
find_keyed(const struct strategy_option *options, const char *text,
	   const char **arg)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL)
		return NULL;
	*arg = equals + 1;
	for (const struct strategy_option *o = options; o->name != NULL; o++)
		if (strlen(o->name) == (size_t)(equals - text) &&
		    strncmp(o->name, text, strlen(o->name)) == 0)
			return o;
	return NULL;
}

int option_parse(const struct strategy *s, int n, const char *const *texts,
		 struct strategy_value *values, char *error, size_t size)
{
	static const struct strategy_option none = { .name = NULL };
	const struct strategy_option *options = s->options ? s->options : &none;
	const struct strategy_option *next = options;
	const char *chosen[STRATEGY_MAX_OPTIONS] = { NULL };

	for (int i = 0; i < n; i++) {
		const char *arg = texts[i];
		const struct strategy_option *o = next;

		if (strchr(texts[i], '=') != NULL) {
			o = find_keyed(options, texts[i], &arg);
			if (o == NULL) {
				snprintf(error, size, "%s has no option '%s'",
					 s->name, texts[i]);
				return -1;
			}
		} else {
			while (o->name != NULL && chosen[o - options] != NULL)
				o++;
			if (o->name == NULL) {
				snprintf(error, size,
					 "%s takes no further argument '%s'",
					 s->name, texts[i]);
				return -1;
			}
			next = o + 1;
		}
		if (chosen[o - options] != NULL) {
			snprintf(error, size, "%s: %s is given twice", s->name,
				 o->name);
			return -1;
		}
		chosen[o - options] = arg;
	}
	for (const struct strategy_option *o = options; o->name != NULL; o++) {
		const char *text = chosen[o - options];

		if (text == NULL)
			text = o->fallback;
		if (text == NULL) {
			snprintf(error, size, "%s needs %s (%s)", s->name,
				 o->name, o->help);
			return -1;
		}
		if (parse_value(o, text, &values[o - options]) < 0) {
			snprintf(error, size, "%s: '%s' is not a valid %s (%s)",
				 s->name, text, o->name, o->help);
			return -1;
		}
	}
	return 0;
}

static int format_value(const struct strategy_option *o,
			const struct strategy_value *v, char *out, size_t size)
{
	long value = v->value;
	int unit = 0;

	switch (o->kind) {
	case OPTION_GENERATIONS:
		if (v->upper != v->value)
			return snprintf(out, size, "%ld-%ld", value, v->upper);
		break;
	case OPTION_SIZE:
		while (unit < 3 && value != 0 && value % 1024 == 0) {
			value /= 1024;
			unit++;
		}
		return snprintf(out, size, "%ld%.*s", value, unit ? 1 : 0,
				&"KMG"[unit ? unit - 1 : 0]);
	case OPTION_PERCENT:
		return snprintf(out, size, "%ld%%", value);
	case OPTION_INT:
		break;
	}
	return snprintf(out, size, "%ld", value);
}

int option_format(const struct strategy *s, const struct strategy_value *values,
		  char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s", s->name);

	for (const struct strategy_option *o = s->options;
	     o != NULL && o->name != NULL; o++) {
		char text[48];

		format_value(o, &values[o - s->options], text, sizeof text);
		if (used >= size)
			return -1;
		used += (size_t)snprintf(out + used, size - used, ":%s%s%s",
					 o->keyed ? o->name : "",
					 o->keyed ? "=" : "", text);
	}
	return used < size ? 0 : -1;
}
