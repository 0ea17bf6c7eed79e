/* capacitydoc.c - the JSON document of a capacity plan, and what it warns of. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "capacityhosts.h"
#include "capacityparts.h"
#include "deploy.h"

static void warn(json_t *warnings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void warn(json_t *warnings, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	json_array_append_new(warnings, json_string(text));
	free(text);
}

int capacity_same_size(const struct capacity_group *a,
		       const struct capacity_group *b)
{
	return strcmp(a->workload, b->workload) == 0 && a->scale == b->scale &&
		a->requests == b->requests && a->collect_at == b->collect_at;
}

/* null for what is not finite.  New. */
static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *interval_json(struct stats_interval i, int whole)
{
	if (isnan(i.low))
		return json_null();
	if (!whole)
		return json_pack("[ff]", i.low, i.high);
	return json_pack("[II]", (json_int_t)capacity_whole(i.low),
			 (json_int_t)capacity_whole(i.high));
}

static json_t *model_json(const struct capacity_model *m)
{
	json_t *curve = json_array();

	for (size_t i = 0; i < m->n; i++)
		json_array_append_new(curve,
				      json_pack("[fff]", m->points[i].requests,
						m->points[i].shared_kib,
						m->points[i].private_kib));
	return json_pack("{so so}", "curve", curve, "slope_kib_per_request",
			 real(m->slope));
}

/* What is to be known about a plan's figures; `spare_kib` of the memory are kept
 * free.  New. */
static json_t *notes_json(const struct plan_of *p, double spare_kib)
{
	const struct capacity_group *g = p->group;
	json_t *notes = json_array();
	const struct {
		int holds;
		const char *text;
	} all[] = {
		{ g->cells < STATS_MIN_REPEATS,
		  "fewer than 4 cells: no intervals" },
		{ g->pause_p99_us.n == 0 && !capacity_lacks_pauses(g),
		  "no collection ran, so there were no pauses" },
		{ g->crowded > 0,
		  "cells ran side by side, which have no times" },
		{ g->leak_kib_per_1k < 0,
		  "private memory fell; beyond what was measured it is taken to "
		  "stay" },
		{ g->makeshift > 0 && g->model.n > 1,
		  "growth by the last two checkpoints only" },
		{ p->exit_kib > spare_kib,
		  "a worker that exits may copy more than is kept free" },
		{ (double)g->collect_at > p->age &&
			  g->collect_at <= g->requests,
		  "such workers end before their first full collection" },
		{ p->peak.requests < p->age,
		  "workers occupied more before that age than at it" },
		{ p->age > (double)g->requests,
		  "extrapolated beyond the requests that were measured" },
		{ p->workers > CAPACITY_REACH * g->model.most_measured,
		  "extrapolated beyond 4 times the workers that were measured" },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].holds)
			json_array_append_new(notes, json_string(all[i].text));
	return notes;
}

static json_t *plan_json(const struct plan_of *p, double spare_kib)
{
	const struct capacity_group *g = p->group;
	json_t *measured = json_array();
	json_t *plan = json_pack(
		"{ss ss ss? ss ss sI sI sI sI sI sI}", "python", g->python,
		"tag", g->tag, "executable", g->executable, "strategy",
		g->strategy, "workload", g->workload, "scale",
		(json_int_t)g->scale, "collect_at", (json_int_t)g->collect_at,
		"block", (json_int_t)p->block, "cells", (json_int_t)g->cells,
		"newest_cell", (json_int_t)g->newest, "requests_measured",
		(json_int_t)g->requests);

	for (size_t i = 0; i < g->worker_counts; i++)
		json_array_append_new(measured, json_integer(g->workers[i]));
	json_object_set_new(plan, "workers_measured", measured);
	json_object_set_new(plan, "model", model_json(&g->model));
	json_object_set_new(plan, "age", json_integer((json_int_t)p->age));
	json_object_set_new(plan, "workers",
			    p->known ? json_integer(p->workers) : json_null());
	json_object_set_new(plan, "workers_fit",
			    p->known ? json_integer(p->fit) : json_null());
	json_object_set_new(plan, "workers_interval",
			    interval_json(p->fit_interval, 1));
	json_object_set_new(plan, "fits",
			    json_boolean(p->known && p->workers > 0 &&
					 p->workers <= p->fit));
	json_object_set_new(plan, "total_kib", real(p->total_kib));
	json_object_set_new(plan, "total_kib_interval",
			    interval_json(p->total_interval, 0));
	json_object_set_new(plan, "peak_kib",
			    real(capacity_total(&p->peak, p->workers)));
	json_object_set_new(plan, "peak_requests", real(p->peak.requests));
	json_object_set_new(plan, "worker_private_kib",
			    real(p->at.private_kib));
	json_object_set_new(plan, "exit_kib", real(p->exit_kib));
	json_object_set_new(plan, "leak_kib_per_1k", real(g->leak_kib_per_1k));
	json_object_set_new(plan, "requests_to_limit",
			    isfinite(p->age_at_limit) ?
				    json_integer((json_int_t)p->age_at_limit) :
				    json_null());
	json_object_set_new(plan, "gc_pause_p50_us",
			    real(capacity_mean(&g->pause_p50_us)));
	json_object_set_new(plan, "gc_pause_p99_us",
			    real(capacity_mean(&g->pause_p99_us)));
	json_object_set_new(plan, "gc_pause_max_us", real(g->pause_max_us));
	json_object_set_new(plan, "pauses_known",
			    json_boolean(!capacity_lacks_pauses(g)));
	json_object_set_new(plan, "cpu_ratio", real(p->cpu_ratio));
	json_object_set_new(plan, "lost_samples",
			    json_integer(g->lost_samples));
	json_object_set_new(plan, "never_collects",
			    json_boolean(p->never_collects));
	json_object_set_new(plan, "misses_pause",
			    json_boolean(p->misses_pause));
	json_object_set_new(plan, "extrapolated",
			    json_boolean(p->extrapolated));
	json_object_set_new(plan, "recommended", json_boolean(p->recommended));
	json_object_set_new(plan, "reason",
			    p->reason ? json_string(p->reason) : json_null());
	json_object_set_new(plan, "notes", notes_json(p, spare_kib));
	return plan;
}

static json_t *recommendation_json(const struct plans *plans,
				   const struct plan_of *p,
				   const struct capacity_request *r)
{
	struct deployment d;

	if (p == NULL)
		return json_null();
	d = (struct deployment){
		.stack = p->group->strategy,
		.tag = p->group->tag,
		.workers = p->workers,
		.max_requests = r->max_requests,
	};
	return json_pack("{sI ss ss ss ss sI ss so}", "plan",
			 (json_int_t)(p - plans->items), "python",
			 p->group->python, "tag", p->group->tag, "strategy",
			 p->group->strategy, "workload", p->group->workload,
			 "workers", (json_int_t)p->workers, "reason", p->reason,
			 "deploy", deploy_lines(&d));
}

/* Groups that are no plans, and why.  New. */
static json_t *left_out_json(const struct capacity_groups *groups)
{
	json_t *list = json_array();

	for (size_t i = 0; i < groups->n; i++) {
		const struct capacity_group *g = &groups->items[i];

		if (g->cells == 0)
			json_array_append_new(
				list,
				json_pack("{ss ss ss ss sI ss?}", "python",
					  g->python, "tag", g->tag, "strategy",
					  g->strategy, "workload", g->workload,
					  "scale", (json_int_t)g->scale,
					  "reason", g->problem));
	}
	return list;
}

/* For qsort(). */
static int compare_sizes(const void *x, const void *y)
{
	const struct capacity_group *a = *(struct capacity_group *const *)x;
	const struct capacity_group *b = *(struct capacity_group *const *)y;
	const long differences[] = {
		strcmp(a->workload, b->workload),
		a->scale - b->scale,
		a->requests - b->requests,
		a->collect_at - b->collect_at,
	};

	for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
		if (differences[i] != 0)
			return differences[i] < 0 ? -1 : 1;
	return 0;
}

/* Counts distinct workloads and sizes among the plans. */
static size_t count_sizes(const struct plans *plans)
{
	const struct capacity_group **groups = xcalloc(plans->n + 1,
						       sizeof *groups);
	size_t n = plans->n > 0;

	for (size_t i = 0; i < plans->n; i++)
		groups[i] = plans->items[i].group;
	if (plans->n > 1)
		qsort(groups, plans->n, sizeof *groups, compare_sizes);
	for (size_t i = 1; i < plans->n; i++)
		n += !capacity_same_size(groups[i - 1], groups[i]);
	free(groups);
	return n;
}

/* What people call a host of capacityhosts.h. */
static const char *host_text(const char *name)
{
	return name == NULL || strcmp(name, CAPACITY_OWN_HOST) == 0 ?
		"the run's own host" :
		name;
}

/* Says which cells were left out because they are of other hosts. */
static void warn_of_hosts(json_t *warnings,
			  const struct capacity_groups *groups)
{
	char *list = xstrdup("");
	const json_t *other;
	size_t index;

	json_array_foreach(groups->other_hosts, index, other) {
		char *longer = xasprintf(
			"%s%s%lld of %s", list, index ? ", " : "",
			(long long)json_integer_value(
				json_object_get(other, "cells")),
			host_text(json_string_value(
				json_object_get(other, "host"))));

		free(list);
		list = longer;
	}
	warn(warnings,
	     "the plans are of %s; cells of other hosts are left out: "
	     "%s; choose another with --host=NAME (the own one is " CAPACITY_OWN_HOST
	     ")",
	     host_text(
		     json_string_value(json_object_get(groups->host, "name"))),
	     list);
	free(list);
}

/* New. */
static json_t *warnings_json(const struct plans *plans,
			     const struct capacity_groups *groups,
			     const struct capacity_request *r)
{
	json_t *warnings = json_array();
	size_t few = 0, single = 0, makeshift = 0, silent = 0, beyond = 0;
	size_t falling = 0, crowded = 0, failed = 0, unmeasured = 0;
	double spare = (double)r->memory_kib * r->reserve_percent / 100;
	double leaving = 0;
	int64_t lost = 0;

	for (size_t i = 0; i < plans->n; i++) {
		const struct plan_of *p = &plans->items[i];

		few += p->group->cells < STATS_MIN_REPEATS;
		single += p->group->cells == 1;
		makeshift += p->group->makeshift > 0 && p->group->model.n > 1;
		silent += p->group->pause_p99_us.n == 0 &&
			!capacity_lacks_pauses(p->group);
		falling += p->group->leak_kib_per_1k < 0 &&
			p->age > (double)p->group->requests;
		leaving = fmax(leaving, p->exit_kib);
		beyond += p->age > (double)p->group->requests;
		crowded += p->workers >
			CAPACITY_REACH * p->group->model.most_measured;
	}
	for (size_t i = 0; i < groups->n; i++) {
		lost = count_sum(lost, groups->items[i].lost_samples);
		failed += groups->items[i].failed;
		unmeasured += groups->items[i].unmeasured;
	}
	if (single > 0)
		warn(warnings,
		     "%zu of %zu plans come from one repeat only: no "
		     "intervals, and no telling how far off they are; run with "
		     "--repeat=4",
		     single, plans->n);
	else if (few > 0)
		warn(warnings,
		     "%zu of %zu plans come from fewer than %d repeats: no "
		     "intervals; run with --repeat=%d",
		     few, plans->n, STATS_MIN_REPEATS, STATS_MIN_REPEATS);
	if (count_sizes(plans) > 1)
		warn(warnings,
		     "there are %zu workloads or sizes, each with its own "
		     "recommendation; choose with --workload or --run",
		     count_sizes(plans));
	if (beyond > 0)
		warn(warnings,
		     "%zu of %zu plans are extrapolated to %ld requests; "
		     "run with --requests=%ld to measure them",
		     beyond, plans->n, r->max_requests, r->max_requests);
	if (crowded > 0)
		warn(warnings,
		     "%zu of %zu plans are extrapolated to more than %d "
		     "times the workers that were measured; run with more "
		     "--workers, or see --verify",
		     crowded, plans->n, CAPACITY_REACH);
	if (leaving > spare)
		warn(warnings,
		     "a worker that exits may copy up to %.0f MiB, more "
		     "than the %.0f MiB that are kept free; choose a larger "
		     "--reserve",
		     leaving / 1024, spare / 1024);
	if (falling > 0)
		warn(warnings,
		     "in %zu of %zu plans private memory fell; beyond what "
		     "was measured it is taken to stay",
		     falling, plans->n);
	if (makeshift > 0)
		warn(warnings,
		     "in %zu of %zu plans growth comes from the last two "
		     "checkpoints, since the cells have no leak_kib_per_1k; run "
		     "with more --requests",
		     makeshift, plans->n);
	if (silent > 0 && r->pause_p99_us > 0)
		warn(warnings,
		     "in %zu of %zu plans no collection ran, so there were "
		     "no pauses: that meets any limit as long as it stays so",
		     silent, plans->n);
	if (failed > 0)
		warn(warnings, "%zu cells have failed and are left out",
		     failed);
	if (unmeasured > 0)
		warn(warnings, "%zu cells have no total_kib and are left out",
		     unmeasured);
	if (json_array_size(groups->other_hosts) > 0)
		warn_of_hosts(warnings, groups);
	if (groups->pending > 0)
		warn(warnings, "%zu cells have not run yet", groups->pending);
	if (lost > 0)
		warn(warnings,
		     "%lld samples were lost; do not trust the pauses",
		     (long long)lost);
	return warnings;
}

json_t *capacity_document(const struct plans *plans,
			  const struct capacity_groups *groups,
			  const struct capacity_request *r,
			  const struct plan_of *recommended)
{
	double spare = (double)r->memory_kib - plans->limit_kib;
	json_t *list = json_array();
	json_t *document = json_pack(
		"{sI sf sf so so so so so}", "memory_kib",
		(json_int_t)r->memory_kib, "reserve_percent",
		r->reserve_percent, "limit_kib", plans->limit_kib,
		"max_requests",
		r->max_requests < 0 ? json_null() :
				      json_integer(r->max_requests),
		"workers", r->workers ? json_integer(r->workers) : json_null(),
		"pause_p99_us",
		r->pause_p99_us > 0 ? json_real(r->pause_p99_us) : json_null(),
		"host", groups->host ? json_incref(groups->host) : json_null(),
		"other_hosts", json_incref(groups->other_hosts));

	for (size_t i = 0; i < plans->n; i++)
		json_array_append_new(list, plan_json(&plans->items[i], spare));
	json_object_set_new(document, "plans", list);
	json_object_set_new(document, "recommended",
			    recommendation_json(plans, recommended, r));
	json_object_set_new(document, "left_out", left_out_json(groups));
	json_object_set_new(document, "warnings",
			    warnings_json(plans, groups, r));
	return document;
}
