/* metrics.h - the one table of metrics: names, units, meanings.  The CLI, the
 * exports, the database's views and the figures all read it. */
#ifndef PERMAFROST_METRICS_H
#define PERMAFROST_METRICS_H

#include <stddef.h>

enum metric_scope {
	METRIC_CELL = 1,  /* one value per cell */
	METRIC_CURVE = 2, /* one value per checkpoint, too */
	METRIC_TIME = 4,  /* not known of cells that ran side by side */
};

enum metric_better {
	METRIC_NEITHER, /* a difference is no judgement */
	METRIC_LOWER,
	METRIC_HIGHER,
};

struct metric {
	const char *key; /* its name everywhere, unit as suffix */
	const char *unit;
	const char *label;   /* axis label, without unit */
	const char *meaning; /* one line, with the source */
	int scope;
	enum metric_better better; /* which direction is */
};

extern const struct metric metrics[];
extern const size_t metrics_count;

/* The metric with this key, or NULL. */
const struct metric *metric_find(const char *key);

#endif
