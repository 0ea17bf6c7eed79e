/* compare.c - gathers the repeats of both sides and has them judged (stats.h).
 *
 * A repeat counts when its cell is ok and has the metric.  Workers are told
 * apart when every such repeat has a value per worker ("per_worker" of its
 * cell); otherwise the cell's own value is all there is.
 */
#define _GNU_SOURCE
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "celldoc.h"
#include "checkpoints.h"
#include "comparesides.h"
#include "metrics.h"
#include "stats.h"

static int is_ok(const json_t *cell)
{
	return strcmp(celldoc_text(cell, "status"), "ok") == 0;
}

/* A metric's value, or one element of its list. */
static const json_t *value_of(const json_t *cell, const char *key, int element)
{
	const json_t *value = json_object_get(cell, key);

	return element < 0 ? value : json_array_get(value, (size_t)element);
}

/* The values per worker, or NULL when there are none. */
static const json_t *workers_of(const json_t *cell, const char *key,
				int element)
{
	const json_t *list = json_object_get(
			     json_object_get(cell, "per_worker"), key),
		     *value;
	size_t index;

	if (element >= 0 || json_array_size(list) == 0)
		return NULL;
	json_array_foreach(list, index, value)
		if (!json_is_number(value))
			return NULL;
	return list;
}

/* Why a side has no value of a metric; static or the cells'. */
static const char *why_none(const json_t *cells, const char *key)
{
	const char *why = "it has no cell here";
	const json_t *cell;
	size_t index;

	json_array_foreach(cells, index, cell) {
		const char *status = celldoc_text(cell, "status");
		const char *reason = celldoc_text(cell, "reason");

		if (is_ok(cell))
			reason = celldoc_text(
				json_object_get(cell, "unavailable"), key);
		why = *reason ? reason :
			strcmp(status, "pending") == 0 ?
				"not run yet; see run --resume" :
				"not a number";
	}
	return why;
}

/* Reads the values of one metric, to free; 0 repeats when there are none. */
static struct stats_group read_group(const json_t *cells, const char *key,
				     int element, double **values)
{
	struct stats_group g = { .workers = 0 };
	const json_t *cell, *worker;
	size_t index, w, n = 0;

	json_array_foreach(cells, index, cell) {
		const json_t *list = workers_of(cell, key, element);
		size_t workers = list != NULL ? json_array_size(list) : 1;

		if (!is_ok(cell) ||
		    !json_is_number(value_of(cell, key, element)))
			continue;
		if (g.repeats++ == 0)
			g.workers = workers;
		else if (g.workers != workers)
			g.workers = 1;
	}
	*values = xcalloc(g.repeats * g.workers, sizeof **values);
	g.values = *values;
	json_array_foreach(cells, index, cell) {
		const json_t *value = value_of(cell, key, element);
		const json_t *list = workers_of(cell, key, element);

		if (!is_ok(cell) || !json_is_number(value))
			continue;
		if (g.workers == 1)
			(*values)[n++] = json_number_value(value);
		else
			json_array_foreach(list, w, worker)
				(*values)[n++] = json_number_value(worker);
	}
	return g;
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *interval_json(struct stats_interval i)
{
	if (!isfinite(i.low) || !isfinite(i.high))
		return json_null();
	return json_pack("[ff]", i.low, i.high);
}

static json_t *summary_json(const struct stats_summary *s,
			    const struct stats_group *g)
{
	return json_pack("{sI sI sf so sf so}", "repeats",
			 (json_int_t)g->repeats, "workers",
			 (json_int_t)g->workers, "mean", s->mean,
			 "mean_interval", interval_json(s->mean_interval),
			 "median", s->median, "median_interval",
			 interval_json(s->median_interval));
}

static const char *verdict_text(enum stats_verdict verdict,
				enum metric_better better)
{
	switch (verdict) {
	case STATS_TOO_FEW:
		return "too few repeats";
	case STATS_NOT_SHOWN:
		return "no difference shown";
	default:
		if (better == METRIC_NEITHER)
			return "different";
		return (verdict == STATS_LOWER) == (better == METRIC_LOWER) ?
			"better" :
			"worse";
	}
}

/* Adds what is known of a comparison to its row. */
static void add_result(json_t *row, const struct metric *metric,
		       const struct stats_comparison *c)
{
	json_object_set_new(row, "ratio", number(c->ratio));
	json_object_set_new(row, "ratio_interval",
			    interval_json(c->ratio_interval));
	json_object_set_new(row, "difference", number(c->difference));
	json_object_set_new(row, "difference_interval",
			    interval_json(c->difference_interval));
	json_object_set_new(
		row, "verdict",
		json_string(verdict_text(c->verdict, metric->better)));
	json_object_set_new(row, "repeats_needed",
			    c->repeats_needed > 0 ?
				    json_integer(c->repeats_needed) :
				    json_null());
	json_object_set_new(row, "detectable", number(c->detectable));
	if (c->no_ratio != NULL)
		json_object_set_new(row, "reason", json_string(c->no_ratio));
}

/* One metric, or one element of a list; -1: it is no list.  A new row. */
static json_t *compare_metric(const struct compare_request *r, const json_t *a,
			      const json_t *b, const struct metric *metric,
			      int element)
{
	char *name = element < 0 ? xstrdup(metric->key) :
				   xasprintf("%s[%d]", metric->key, element);
	json_t *row = json_pack("{ss ss sn sn sn sn sn sn sn sn sn sn}",
				"metric", name, "unit", metric->unit, "a", "b",
				"ratio", "ratio_interval", "difference",
				"difference_interval", "verdict", "reason",
				"repeats_needed", "detectable");
	double *values[2];
	struct stats_group ga = read_group(a, metric->key, element, &values[0]);
	struct stats_group gb = read_group(b, metric->key, element, &values[1]);
	struct stats_comparison c;

	if (ga.repeats > 0 && gb.repeats > 0) {
		stats_compare(&ga, &gb, r->seed, STATS_RESAMPLES, &c);
		json_object_set_new(row, "a", summary_json(&c.a, &ga));
		json_object_set_new(row, "b", summary_json(&c.b, &gb));
		add_result(row, metric, &c);
	} else {
		char *reason = xasprintf(
			"%s: %s", ga.repeats ? "B" : "A",
			why_none(ga.repeats ? b : a, metric->key));

		json_object_set_new(row, "reason", json_string(reason));
		free(reason);
	}
	free(name);
	free(values[0]);
	free(values[1]);
	return row;
}

/* How many elements a metric's lists have; 0: it is a number. */
static size_t elements(const json_t *cells, const char *key)
{
	const json_t *cell;
	size_t index, n = 0;

	json_array_foreach(cells, index, cell) {
		size_t size = json_array_size(json_object_get(cell, key));

		n = size > n ? size : n;
	}
	return n;
}

double compare_late_change(const json_t *cell)
{
	double at[CHECKPOINTS_MAX], values[CHECKPOINTS_MAX];
	const json_t *point;
	size_t index, n = 0;

	json_array_foreach(json_object_get(cell, "curve"), index, point) {
		const json_t *value = json_object_get(point,
						      "worker_private_kib");

		if (!json_is_number(value) || n == CHECKPOINTS_MAX)
			return NAN;
		at[n] = json_number_value(json_object_get(point, "requests"));
		values[n++] = json_number_value(value);
	}
	return stats_late_change(at, values, n);
}

/* Whether a side's memory had settled: {"steady", "repeats", "unsteady",
 * "late_change"}, or null when no repeat tells. */
static json_t *steady_json(const json_t *cells)
{
	const json_t *cell;
	json_int_t n = 0, unsteady = 0;
	double sum = 0;
	size_t index;

	json_array_foreach(cells, index, cell) {
		double change = is_ok(cell) ? compare_late_change(cell) : NAN;

		if (isnan(change))
			continue;
		n++;
		unsteady += !stats_is_steady(change);
		sum += change;
	}
	if (n == 0)
		return json_null();
	return json_pack("{sb sI sI sf}", "steady", unsteady == 0, "repeats", n,
			 "unsteady", unsteady, "late_change", sum / (double)n);
}

/* {"run", "stack", "which", "repeats", "not_used", "reason"} */
static json_t *side_json(const struct compare_side *side, const json_t *cells,
			 const char *stack)
{
	const json_t *cell;
	json_int_t used = 0, not_used = 0;
	char *reason = NULL;
	json_t *result;
	size_t index;

	json_array_foreach(cells, index, cell) {
		used += is_ok(cell);
		not_used += !is_ok(cell);
		if (!is_ok(cell) && reason == NULL)
			reason = xasprintf(
				"%s%s%s", celldoc_text(cell, "status"),
				*celldoc_text(cell, "reason") ? ": " : "",
				celldoc_text(cell, "reason"));
	}
	result = json_pack(
		"{sO ss ss? sI sI ss?}", "run",
		json_object_get(side->document, "run"), "stack", stack, "which",
		side->every == 0	? NULL :
			side->rest == 0 ? "odd" :
					  "even",
		"repeats", used, "not_used", not_used, "reason", reason);
	free(reason);
	return result;
}

static json_int_t lost_samples(const json_t *cells)
{
	const json_t *cell;
	json_int_t lost = 0;
	size_t index;

	json_array_foreach(cells, index, cell)
		if (is_ok(cell))
			lost = count_sum(lost,
					 json_integer_value(json_object_get(
						 cell, "lost_samples")));
	return lost;
}

int compare_needs_samples(const char *metric)
{
	return strncmp(metric, "gc_", 3) == 0 ||
		strncmp(metric, "request_", 8) == 0;
}

/* A pair of comparesides_pair().  A new object. */
static json_t *compare_pair(const struct compare_request *r, const json_t *pair)
{
	static const char *const keys[] = {
		"python", "tag",     "executable", "workload",
		"scale",  "workers", "requests",   "collect_at",
	};
	const json_t *a = json_object_get(pair, "a");
	const json_t *b = json_object_get(pair, "b");
	const json_t *like = json_array_get(a, 0);
	json_t *block = json_object(), *rows = json_array();

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		json_object_set(block, keys[i], json_object_get(like, keys[i]));
	json_object_set(block, "host", json_object_get(pair, "host"));
	json_object_set_new(block, "a",
			    side_json(&r->a, a, celldoc_text(pair, "stack_a")));
	json_object_set_new(block, "b",
			    side_json(&r->b, b, celldoc_text(pair, "stack_b")));
	json_object_set_new(block, "lost_samples",
			    json_pack("{sI sI}", "a", lost_samples(a), "b",
				      lost_samples(b)));
	json_object_set_new(
		block, "steady_state",
		json_pack("{so so}", "a", steady_json(a), "b", steady_json(b)));
	for (size_t i = 0; i < r->metrics.n; i++) {
		const struct metric *m = metric_find(r->metrics.items[i]);
		size_t n = elements(a, m->key), nb = elements(b, m->key);

		n = nb > n ? nb : n;
		for (int e = n ? 0 : -1; e < (int)n; e++)
			json_array_append_new(rows,
					      compare_metric(r, a, b, m, e));
	}
	json_object_set_new(block, "metrics", rows);
	return block;
}

json_t *compare_make(const struct compare_request *r)
{
	json_t *blocks = json_array(), *pair, *document;
	struct comparesides sides;
	size_t index;

	comparesides_pair(r, &sides);
	json_array_foreach(sides.pairs, index, pair)
		json_array_append_new(blocks, compare_pair(r, pair));
	document = json_pack(
		"{sb sb sI sI so sO ss?}", "self_check", r->a.every != 0,
		"mixed_hosts", sides.mixed, "seed", (json_int_t)r->seed,
		"resamples", (json_int_t)STATS_RESAMPLES, "blocks", blocks,
		"left_out", sides.left_out, "difference", sides.difference);
	comparesides_fini(&sides);
	return document;
}
