/* tablefile.c - reads one tab-separated table and believes nothing in it. */
#define _GNU_SOURCE
#include "tablefile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hdr.h"
#include "util.h"

#define FILE_LIMIT (256 << 20)
/* Whole numbers up to here are exact as a double, too. */
#define COUNT_MAX (INT64_C(1) << 53)

int table_broken(const struct table *t, const char *format, ...)
{
	va_list args;
	char *what;

	va_start(args, format);
	what = xvasprintf(format, args);
	va_end(args);
	complain("%s:%zu: %s; nothing was imported", t->path, t->line, what);
	free(what);
	return -1;
}

void table_close(struct table *t)
{
	free(t->path);
	free(t->text);
	free(t->fields);
	free(t->names);
	free(t->metrics);
	memset(t, 0, sizeof *t);
}

int table_row(struct table *t)
{
	size_t n = 0;
	char *rest = t->next;

	t->line++;
	if (*rest == '\0')
		return 0;
	t->next = strchr(rest, '\n');
	if (t->next == NULL)
		return table_broken(t, "the file is cut off in this line");
	*t->next++ = '\0';
	if (!is_utf8(rest))
		return table_broken(t, "what is here is not UTF-8");
	for (const char *p = rest; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			return table_broken(t, "a control character, 0x%02X",
					    *p);
	while (rest != NULL) {
		char *field = strsep(&rest, "\t");

		if (n < t->columns)
			t->fields[n] = field;
		n++;
	}
	if (n != t->columns)
		return table_broken(t, "%zu fields instead of %zu", n,
				    t->columns);
	return 1;
}

int table_open(struct table *t, const char *dir, const char *name,
	       const char *const *names)
{
	size_t length;
	int result;

	memset(t, 0, sizeof *t);
	t->path = xasprintf("%s/%s.tsv", dir, name);
	result = read_file(t->path, FILE_LIMIT, &t->text, &length);
	if (result < 0) {
		complain("cannot read %s: %s; nothing was imported", t->path,
			 strerror(-result));
		return -1;
	}
	t->next = t->text;
	if (strlen(t->text) != length) {
		t->line = 1;
		for (const char *p = t->text; *p != '\0'; p++)
			t->line += *p == '\n';
		return table_broken(t, "a NUL byte");
	}
	t->columns = 1;
	for (const char *p = t->text; *p != '\0' && *p != '\n'; p++)
		t->columns += *p == '\t';
	t->fields = xcalloc(t->columns, sizeof *t->fields);
	t->names = xcalloc(t->columns, sizeof *t->names);
	t->metrics = xcalloc(t->columns, sizeof *t->metrics);
	result = table_row(t);
	if (result == 0)
		return table_broken(t, "the file is empty");
	for (size_t i = 0; result > 0 && names[i] != NULL; i++)
		if (i >= t->columns || strcmp(t->fields[i], names[i]) != 0)
			return table_broken(t, "column %zu is not '%s'", i + 1,
					    names[i]);
	if (result < 0)
		return -1;
	memcpy(t->names, t->fields, t->columns * sizeof *t->names);
	return 0;
}

/* Whether an earlier column is of this metric. */
static int had(const struct table *t, size_t column, const struct metric *m)
{
	for (size_t i = 0; i < column; i++)
		if (t->metrics[i].metric == m)
			return 1;
	return 0;
}

int table_has_metrics(struct table *t, size_t first, int scope)
{
	for (size_t i = first, n; i < t->columns; i += n) {
		char *bracket = strchr(t->fields[i], '[');
		char *name = bracket == NULL ?
			xstrdup(t->fields[i]) :
			strndup(t->fields[i], (size_t)(bracket - t->fields[i]));
		const struct metric *m = metric_find(name);
		int result = 0;

		n = 1;
		if (m == NULL)
			result = table_broken(
				t,
				"'%.60s' is no metric that "
				"this program knows; see 'list metrics'",
				t->fields[i]);
		else if (scope != 0 && !(m->scope & scope))
			result = table_broken(t,
					      "the metric '%s' has no place "
					      "in this table",
					      name);
		else if (had(t, i, m))
			result = table_broken(t,
					      "the metric '%s' is here "
					      "twice",
					      name);
		for (size_t k = 0; bracket != NULL && result == 0; k++) {
			char *want = xasprintf("%s[%zu]", name, k);
			int same = i + k < t->columns &&
				strcmp(t->fields[i + k], want) == 0;

			n = k;
			if (!same && k == 0)
				result = table_broken(t,
						      "'%.60s' comes before "
						      "'%s'",
						      t->fields[i], want);
			free(want);
			if (!same)
				break;
		}
		t->metrics[i] = (struct table_metric){ m, n, bracket != NULL };
		free(name);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int hex(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *p = c ? strchr(digits, c) : NULL;

	return p != NULL ? (int)(p - digits) : -1;
}

json_t *table_text(const struct table *t, size_t column)
{
	const char *p = t->fields[column];
	char *text = xcalloc(strlen(p) + 1, 1), *out = text;
	json_t *value = NULL;

	for (; *p != '\0'; p++) {
		int c = (unsigned char)*p, high, low;

		if (c == '\\') {
			c = (unsigned char)*++p;
			if (c == 'x' && (high = hex(p[1])) >= 0 &&
			    (low = hex(p[2])) >= 0) {
				c = high << 4 | low;
				p += 2;
				c = c < 0x80 ? c : 0;
			} else {
				c = c == 't'	  ? '\t' :
					c == 'n'  ? '\n' :
					c == 'r'  ? '\r' :
					c == '\\' ? c :
						    0;
			}
			if (c == 0) {
				table_broken(t,
					     "'%.60s' has a backslash before "
					     "what it does not escape",
					     t->names[column]);
				goto out;
			}
		}
		*out++ = (char)c;
	}
	value = json_string(text);
out:
	free(text);
	return value;
}

/* A whole number, and nothing else.  0 or -EINVAL. */
static int parse_count(const char *text, json_int_t low, json_int_t high,
		       json_int_t *value)
{
	long v;
	int result = parse_long(text, (long)low, (long)high, &v);

	*value = v;
	return result;
}

int table_number(const struct table *t, size_t column, json_int_t low,
		 json_int_t high, json_int_t *value)
{
	if (parse_count(t->fields[column], low, high, value) == 0)
		return 0;
	return table_broken(t,
			    "'%.60s' is '%.60s', not a whole number from "
			    "%lld to %lld",
			    t->names[column], t->fields[column], (long long)low,
			    (long long)high);
}

json_t *table_real(const struct table *t, size_t column)
{
	const char *text = t->fields[column];
	size_t digits = strspn(text + (*text == '-'), "0123456789");
	char *end;
	double v = strtod(text, &end);

	/* strtod() takes more: spaces, hexadecimals, "inf" and "nan". */
	if (digits > 0 && *end == '\0' && isfinite(v) &&
	    text[strspn(text, "0123456789.eE+-")] == '\0')
		return json_real(v);
	table_broken(t, "'%.60s' is '%.60s', not a number", t->names[column],
		     text);
	return NULL;
}

/* The null of a metric, for reason ?N.  0 or -1. */
static int take_null(const struct table *t, size_t column, const char *key,
		     json_t *object, json_t *unavailable, const json_t *reasons)
{
	json_int_t number;

	if (parse_count(t->fields[column] + 1, 0,
			(json_int_t)json_array_size(reasons), &number) < 0)
		return table_broken(t,
				    "'%s' is '%.60s', which refers to no "
				    "line of reasons.tsv",
				    key, t->fields[column]);
	json_object_set_new(object, key, json_null());
	if (number > 0)
		json_object_set(unavailable, key,
				json_array_get(reasons, (size_t)number - 1));
	return 0;
}

/* The list in the `n` columns from `column` on.  New, or NULL. */
static json_t *take_list(const struct table *t, size_t column, size_t n)
{
	json_t *list = json_array();

	for (size_t i = column; i < column + n; i++) {
		json_t *value = strcmp(t->fields[i], "-") == 0 ?
			json_null() :
			table_real(t, i);

		if (value == NULL) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, value);
	}
	return list;
}

int table_take_metrics(const struct table *t, json_t *object,
		       json_t *unavailable, const json_t *reasons)
{
	for (size_t i = 0; i < t->columns; i++) {
		const struct table_metric *m = &t->metrics[i];
		const char *field = t->fields[i];
		json_t *value;

		if (m->metric == NULL)
			continue;
		if (*field == '\0' || *field == '?') {
			for (size_t k = 1; k < m->n; k++)
				if (*t->fields[i + k] != '\0')
					return table_broken(
						t,
						"'%s' is not "
						"empty, though '%s' is no "
						"number",
						t->names[i + k], t->names[i]);
			if (*field == '?' &&
			    take_null(t, i, m->metric->key, object, unavailable,
				      reasons) < 0)
				return -1;
			continue;
		}
		value = m->list ? take_list(t, i, m->n) : table_real(t, i);
		if (value == NULL)
			return -1;
		json_object_set_new(object, m->metric->key, value);
	}
	return 0;
}

json_t *table_histogram(const struct table *t, size_t column)
{
	char *copy = xstrdup(t->fields[column]), *rest = copy, *word;
	json_t *list = json_array();
	json_int_t at = 0;

	while ((word = strsep(&rest, " ")) != NULL) {
		json_int_t step, count = 1;
		char *times = strchr(word, 'x');

		if (times != NULL)
			*times++ = '\0';
		if (parse_count(word, json_array_size(list) > 0,
				HDR_BUCKETS - 1 - at, &step) < 0 ||
		    (times != NULL &&
		     parse_count(times, 1, COUNT_MAX, &count) < 0)) {
			table_broken(t,
				     "'%s' is no histogram: its word %zu is "
				     "none",
				     t->names[column],
				     json_array_size(list) + 1);
			json_decref(list);
			list = NULL;
			break;
		}
		at += step;
		json_array_append_new(
			list,
			json_pack("[II]", (json_int_t)hdr_lower((size_t)at),
				  count));
	}
	free(copy);
	return list;
}
