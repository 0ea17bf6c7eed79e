/* capacityplan.c - makes plans of groups, and chooses among them.
 *
 * A block is what an application's operator cannot choose here: interpreter,
 * workload and its size.  Within a block the plan that is recommended is, of those
 * that fit, keep the pause limit and do not leak for ever, the one with the most
 * workers, or with the least memory when their number was given; then the one with
 * the least CPU time.
 * Of several blocks none is better than the other, but somebody must be first: the
 * best of those with the workload that was measured last.
 *
 * Pauses: p50 and p99 are means over cells, as everywhere; the longest one is the
 * longest of all cells.
 */
#define _GNU_SOURCE
#include "capacityplan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "capacityparts.h"
#include "stats.h"

#define SEED 1
/* An interval's resamples: so many, unless draws are scarce because a group has
 * many cells or because there are thousands of groups.  The cells of large groups
 * are first averaged to at most so many batches, whose means are as certain
 * together as the cells are. */
#define RESAMPLES 2000
#define RESAMPLES_LEAST 200
#define DRAWS 30000 /* per interval */
#define DRAWS_IN_ALL 30000000
#define BATCHES 64

/* What an interval is made for. */
struct figure {
	double limit_kib;
	long workers;
	size_t draws;
};

static double fit_figure(const double *means, const void *arg)
{
	const struct figure *f = arg;
	struct capacity_point at = { 0, means[0], means[1] };
	double fit = capacity_fit(&at, f->limit_kib);

	return fit < 0 ? 0 : fit;
}

static double total_figure(const double *means, const void *arg)
{
	const struct figure *f = arg;
	struct capacity_point at = { 0, means[0], means[1] };

	return capacity_total(&at, f->workers);
}

/* The interval of a figure made of what the group's cells say of the age
 * `requests`. */
static struct stats_interval
interval_of(const struct capacity_group *g, double requests,
	    double (*figure)(const double *means, const void *arg),
	    const struct figure *f)
{
	double values[2 * BATCHES] = { 0 };
	size_t per_batch = (g->cells + BATCHES - 1) / BATCHES;
	size_t batches = g->cells / per_batch;
	size_t resamples = f->draws / batches;

	/* What is left over would make a smaller batch. */
	for (size_t k = 0; k < batches * per_batch; k++) {
		struct capacity_point at = capacity_at(&g->members[k],
						       requests);
		double *batch = &values[k / per_batch * 2];

		batch[0] += at.shared_kib / (double)per_batch;
		batch[1] += at.private_kib / (double)per_batch;
	}
	if (resamples > RESAMPLES)
		resamples = RESAMPLES;
	if (resamples < RESAMPLES_LEAST)
		resamples = RESAMPLES_LEAST;
	return stats_figure_interval(values, batches, 2, figure, f, SEED,
				     resamples);
}

/* Fills in a plan of its group; `base` is the block's `none`, or NULL, `draws` what
 * an interval may cost, `page_kib` the size of a page. */
static void make_plan(struct plan_of *p, const struct capacity_request *r,
		      const struct capacity_group *base, size_t draws,
		      double page_kib)
{
	const struct capacity_group *g = p->group;
	double last = g->model.points[g->model.n - 1].requests, fit;
	double p99 = capacity_mean(&g->pause_p99_us);
	struct capacity_point tight;
	struct figure f = { .limit_kib = p->limit_kib, .draws = draws };

	p->age = r->max_requests < 0 ? last : (double)r->max_requests;
	p->at = capacity_at(&g->model, p->age);
	tight = capacity_tightest(&g->model, p->age, p->limit_kib);
	fit = capacity_fit(&tight, p->limit_kib);
	p->known = !isnan(fit);
	p->fit = capacity_whole(fit);
	p->workers = r->workers ? r->workers : p->fit;
	p->total_kib = capacity_total(&p->at, p->workers);
	p->peak = capacity_peak(&g->model, p->age, p->workers);
	p->age_at_limit = p->workers > 0 ?
		capacity_age_at_limit(&g->model, p->workers, p->limit_kib) :
		NAN;
	p->cpu_ratio = base == NULL ?
		NAN :
		capacity_mean(&g->cpu_ms) / capacity_mean(&base->cpu_ms);
	p->exit_kib = capacity_mean(&g->exit_faults) * page_kib;
	p->misses_pause = r->pause_p99_us > 0 &&
		(p99 > r->pause_p99_us || capacity_lacks_pauses(g));
	p->never_collects = base != NULL && base->pause_p99_us.n > 0 &&
		g->pause_p99_us.n == 0 && !capacity_lacks_pauses(g);
	p->endless = p->never_collects && r->max_requests < 0;
	p->extrapolated = capacity_extrapolates(&g->model, p->workers, p->age);
	f.workers = p->workers;
	p->fit_interval = interval_of(g, tight.requests, fit_figure, &f);
	p->total_interval = interval_of(g, p->age, total_figure, &f);
}

static int is_candidate(const struct plan_of *p)
{
	return p->known && p->workers > 0 && p->workers <= p->fit &&
		!p->misses_pause && !p->endless;
}

/* Whether `a` is to be preferred; both are candidates. */
static int is_better(const struct plan_of *a, const struct plan_of *b,
		     int workers_given)
{
	if (!workers_given && a->workers != b->workers)
		return a->workers > b->workers;
	if (workers_given && a->total_kib != b->total_kib)
		return a->total_kib < b->total_kib;
	if (!isnan(a->cpu_ratio) && !isnan(b->cpu_ratio) &&
	    a->cpu_ratio != b->cpu_ratio)
		return a->cpu_ratio < b->cpu_ratio;
	return a->total_kib < b->total_kib;
}

/* The best and, in *second, the next best candidate of the block that begins at
 * `first`, or NULL. */
static struct plan_of *best_of(struct plans *plans, size_t first,
			       int workers_given, struct plan_of **second)
{
	struct plan_of *best = NULL;

	*second = NULL;
	for (size_t i = first;
	     i < plans->n && plans->items[i].block == plans->items[first].block;
	     i++) {
		struct plan_of *p = &plans->items[i];

		if (!is_candidate(p))
			continue;
		if (best == NULL || is_better(p, best, workers_given)) {
			*second = best;
			best = p;
		} else if (*second == NULL ||
			   is_better(p, *second, workers_given)) {
			*second = p;
		}
	}
	return best;
}

/* Why the plan is recommended: what it is better at than the next one.  New. */
static char *praise(const struct plan_of *best, const struct plan_of *second,
		    const struct capacity_request *r)
{
	char *pause = r->pause_p99_us > 0 ?
		xasprintf(" among those whose p99 pause is within %g ms",
			  r->pause_p99_us / 1000) :
		xstrdup("");
	char *text;

	if (second == NULL)
		text = xasprintf("the only one that fits%s", pause);
	else if (r->workers)
		text = xasprintf(
			"least memory for %ld workers%s: %.0f MiB, "
			"next is %s with %.0f",
			best->workers, pause, best->total_kib / 1024,
			second->group->strategy, second->total_kib / 1024);
	else if (best->workers > second->workers)
		text = xasprintf("most workers%s: %ld, next is %s with %ld",
				 pause, best->workers, second->group->strategy,
				 second->workers);
	else
		text = xasprintf("most workers%s: %ld, as many as %s, at %s",
				 pause, best->workers, second->group->strategy,
				 isnan(best->cpu_ratio + second->cpu_ratio) ?
					 "no more memory" :
					 best->cpu_ratio < second->cpu_ratio ?
					 "less CPU time" :
					 "no more CPU time");
	free(pause);
	return text;
}

/* Why a plan cannot be followed; NULL if it can.  New. */
static char *objection(const struct plan_of *p,
		       const struct capacity_request *r)
{
	if (!p->known)
		return xasprintf(
			"memory after %.0f requests is not known: its "
			"cells served %ld, and too few checkpoints to "
			"go on from",
			p->age, p->group->requests);
	if (p->at.shared_kib + p->at.private_kib > p->limit_kib)
		return xasprintf(
			"not one worker fits: the template takes %.1f "
			"MiB, a worker %.1f MiB more",
			p->at.shared_kib / 1024, p->at.private_kib / 1024);
	if (p->workers > p->fit)
		return xasprintf("%ld workers do not fit, %ld would",
				 p->workers, p->fit);
	if (p->endless)
		return xstrdup(
			"never collects, so what is in cycles stays for "
			"good: only with --max-requests");
	if (p->misses_pause && capacity_lacks_pauses(p->group))
		return xstrdup(
			"pauses are not known: its cells ran side by "
			"side");
	if (p->misses_pause)
		return xasprintf("p99 pause of %.3g ms, longer than %g ms",
				 capacity_mean(&p->group->pause_p99_us) / 1000,
				 r->pause_p99_us / 1000);
	return NULL;
}

/* Chooses within each block. */
static void choose(struct plans *plans, const struct capacity_request *r)
{
	for (size_t i = 0; i < plans->n; i++)
		plans->items[i].reason = objection(&plans->items[i], r);
	for (size_t i = 0; i < plans->n; i++) {
		struct plan_of *second, *best;

		if (i > 0 && plans->items[i].block == plans->items[i - 1].block)
			continue;
		best = best_of(plans, i, r->workers > 0, &second);
		if (best == NULL)
			continue;
		best->recommended = 1;
		best->reason = praise(best, second, r);
	}
}

/* The one recommendation, or NULL. */
static const struct plan_of *choose_first(struct plans *plans,
					  int workers_given)
{
	const struct capacity_group *newest = plans->items[0].group;
	const struct plan_of *first = NULL;

	for (size_t i = 1; i < plans->n; i++)
		if (plans->items[i].group->newest > newest->newest)
			newest = plans->items[i].group;
	for (size_t i = 0; i < plans->n; i++) {
		const struct plan_of *p = &plans->items[i];

		if (p->recommended && capacity_same_size(p->group, newest) &&
		    (first == NULL || is_better(p, first, workers_given)))
			first = p;
	}
	return first;
}

int capacity_plan(struct store *s, struct capacity_request *r,
		  json_t **document)
{
	double limit = (double)r->memory_kib * (1 - r->reserve_percent / 100);
	struct capacity_groups groups;
	struct plans plans = { .limit_kib = limit };
	const struct capacity_group *base = NULL;
	double page_kib;
	size_t draws;
	int code;

	code = capacity_read(s, &r->cells, &groups);
	plans.items = xcalloc(groups.n + 1, sizeof *plans.items);
	page_kib = json_number_value(
			   json_object_get(groups.host, "page_bytes")) /
		1024;
	draws = DRAWS_IN_ALL / (groups.n + 1);
	if (draws > DRAWS)
		draws = DRAWS;
	for (size_t i = 0; i < groups.n && code == 0; i++) {
		const struct capacity_group *g = &groups.items[i];
		struct plan_of *p = &plans.items[plans.n];

		/* `none` comes first in its block. */
		if (i == 0 || !capacity_same_block(&groups.items[i - 1], g)) {
			base = strcmp(g->strategy, "none") == 0 ? g : NULL;
			plans.blocks++;
		}
		if (g->cells == 0)
			continue;
		p->group = g;
		p->limit_kib = limit;
		p->block = plans.blocks - 1;
		make_plan(p, r, base, draws, page_kib);
		plans.n++;
	}
	if (code == 0) {
		choose(&plans, r);
		*document = capacity_document(
			&plans, &groups, r,
			choose_first(&plans, r->workers > 0));
	}
	for (size_t i = 0; i < plans.n; i++)
		free(plans.items[i].reason);
	free(plans.items);
	capacity_groups_fini(&groups);
	return code;
}
