/* tablefile.h - reads one tab-separated table as tables.h describes them.
 *
 * Nothing in the file is believed.  Functions return -1 after one complaint that
 * names file and line.
 */
#ifndef PERMAFROST_TABLEFILE_H
#define PERMAFROST_TABLEFILE_H

#include <jansson.h>
#include <stddef.h>

#include "metrics.h"

/* The columns of a metric, in its first one. */
struct table_metric {
	const struct metric *metric; /* NULL: no metric begins here */
	size_t n;		     /* columns */
	int list;
};

struct table {
	char *path, *text, *next;
	size_t line;   /* of the fields, from 1 */
	char **fields; /* of the line */
	char **names;  /* of the columns */
	size_t columns;
	struct table_metric *metrics; /* per column */
};

/* Reads DIR/NAME.tsv, whose first columns are `names`, ended by NULL.  0 or -1.
 * To be closed in any case. */
int table_open(struct table *t, const char *dir, const char *name,
	       const char *const *names);
void table_close(struct table *t);

/* Takes the columns from `first` on for metrics of this scope (enum
 * metric_scope; 0: any).  0 or -1. */
int table_has_metrics(struct table *t, size_t first, int scope);

/* Goes to the next line.  1, 0 at the end, or -1. */
int table_row(struct table *t);

/* Complains about the line.  -1. */
int table_broken(const struct table *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A field as text; new, or NULL. */
json_t *table_text(const struct table *t, size_t column);

/* A number; new, or NULL. */
json_t *table_real(const struct table *t, size_t column);

/* A whole number from `low` to `high`.  0 or -1. */
int table_number(const struct table *t, size_t column, json_int_t low,
		 json_int_t high, json_int_t *value);

/* Sets the line's metrics in `object`, and why they are null in `unavailable`;
 * `reasons` is an array of texts.  0 or -1. */
int table_take_metrics(const struct table *t, json_t *object,
		       json_t *unavailable, const json_t *reasons);

/* A histogram as [[lowest ns, count], ...].  New, or NULL. */
json_t *table_histogram(const struct table *t, size_t column);

#endif
