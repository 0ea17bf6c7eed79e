/* sidebyside.c - times of cells that shared CPUs with other cells are those of
 * the scheduler; memory, pages, faults and counts are their own. */
#define _GNU_SOURCE
#include "sidebyside.h"

#include <stdlib.h>

#include "metrics.h"
#include "util.h"

/* Forgets one metric; a reason that is there already is the better one. */
static void forget(json_t *document, const char *key, const char *reason)
{
	json_t *unavailable = json_object_get(document, "unavailable");
	const json_t *curve = json_object_get(document, "curve");
	json_t *point;
	size_t index;

	if (json_object_get(document, key) == NULL)
		return;
	json_object_set_new(document, key, json_null());
	if (json_object_get(unavailable, key) == NULL)
		json_object_set_new(unavailable, key, json_string(reason));
	json_object_del(json_object_get(document, "per_worker"), key);
	json_array_foreach(curve, index, point)
		json_object_del(point, key);
}

void sidebyside_tell(json_t *document, long jobs)
{
	char *reason;

	json_object_set_new(document, "jobs", json_integer(jobs));
	if (jobs <= 1)
		return;
	if (json_object_get(document, "unavailable") == NULL)
		json_object_set_new(document, "unavailable", json_object());
	reason = xasprintf(
		"up to %ld cells ran side by side (--jobs=%ld), so "
		"times are not this cell's own; run one at a time",
		jobs, jobs);
	for (size_t i = 0; i < metrics_count; i++)
		if (metrics[i].scope & METRIC_TIME)
			forget(document, metrics[i].key, reason);
	json_object_del(document, "pauses");
	json_object_del(document, "latencies");
	free(reason);
}
