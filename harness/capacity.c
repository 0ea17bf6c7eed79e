/* capacity.c - the arithmetic of capacity planning; capacity.h has the formulas.
 *
 * Assumes that a worker's private memory does not depend on how many others there
 * are: each has copied what it wrote to.  True as long as the template lives,
 * which keeps one more owner of every page that was there at the fork.
 */
#include "capacity.h"

#include <math.h>

#include "util.h"

struct capacity_point capacity_split(double requests, double total_kib,
				     double worker_private_kib,
				     double page_tables_kib, long workers)
{
	double n = (double)workers;
	double private = worker_private_kib + page_tables_kib / (n + 1);

	return (struct capacity_point){
		.requests = requests,
		.shared_kib = total_kib - n * private,
		.private_kib = private,
	};
}

double capacity_last_slope(const struct capacity_point *points, size_t n)
{
	if (n < 2)
		return NAN;
	return (points[n - 1].private_kib - points[n - 2].private_kib) /
		(points[n - 1].requests - points[n - 2].requests);
}

/* Between two points; `t` from 0 to 1. */
static struct capacity_point between(const struct capacity_point *a,
				     const struct capacity_point *b,
				     double requests)
{
	double t = (requests - a->requests) / (b->requests - a->requests);

	return (struct capacity_point){
		.requests = requests,
		.shared_kib = a->shared_kib +
			t * (b->shared_kib - a->shared_kib),
		.private_kib = a->private_kib +
			t * (b->private_kib - a->private_kib),
	};
}

struct capacity_point capacity_at(const struct capacity_model *m,
				  double requests)
{
	struct capacity_point at = m->points[m->n - 1];

	if (requests > at.requests) {
		at.private_kib += m->slope * (requests - at.requests);
		if (isnan(m->slope))
			at.shared_kib = NAN;
		at.requests = requests;
		return at;
	}
	if (requests <= m->points[0].requests) {
		at = m->points[0];
		at.requests = requests;
		return at;
	}
	for (size_t i = 1; i < m->n; i++)
		if (requests <= m->points[i].requests)
			return between(&m->points[i - 1], &m->points[i],
				       requests);
	return at;
}

double capacity_total(const struct capacity_point *at, long workers)
{
	return at->shared_kib + (double)workers * at->private_kib;
}

double capacity_fit(const struct capacity_point *at, double limit_kib)
{
	if (!(at->private_kib > 0))
		return NAN;
	return (limit_kib - at->shared_kib) / at->private_kib;
}

struct capacity_point capacity_tightest(const struct capacity_model *m,
					double requests, double limit_kib)
{
	struct capacity_point worst = capacity_at(m, requests);

	for (size_t i = 0; i < m->n && m->points[i].requests < requests; i++) {
		double fit = capacity_fit(&m->points[i], limit_kib);

		if (isnan(fit) || fit < capacity_fit(&worst, limit_kib))
			worst = m->points[i];
	}
	return worst;
}

struct capacity_point capacity_peak(const struct capacity_model *m,
				    double requests, long workers)
{
	struct capacity_point peak = capacity_at(m, requests);

	for (size_t i = 0; i < m->n && m->points[i].requests < requests; i++)
		if (capacity_total(&m->points[i], workers) >
		    capacity_total(&peak, workers))
			peak = m->points[i];
	return peak;
}

long capacity_whole(double fit)
{
	if (!(fit >= 1))
		return 0;
	if (fit >= (double)CAPACITY_MAX_WORKERS)
		return CAPACITY_MAX_WORKERS;
	/* What fits exactly must not be lost to rounding. */
	return (long)floor(fit + 1e-9 * fit);
}

double capacity_age_at_limit(const struct capacity_model *m, long workers,
			     double limit_kib)
{
	const struct capacity_point *last = &m->points[m->n - 1];
	double before = 0, growth;

	for (size_t i = 0; i < m->n; i++) {
		double total = capacity_total(&m->points[i], workers);

		if (total > limit_kib && i == 0)
			return 0;
		if (total > limit_kib)
			return m->points[i - 1].requests +
				(limit_kib - before) / (total - before) *
				(m->points[i].requests -
				 m->points[i - 1].requests);
		before = total;
	}
	if (isnan(m->slope))
		return NAN;
	growth = (double)workers * m->slope;
	if (growth <= 0)
		return INFINITY;
	return last->requests + (limit_kib - before) / growth;
}

/* The model's point at exactly `requests`, or NULL.  It is likely to be the one of
 * index `guess`. */
static const struct capacity_point *find_point(const struct capacity_model *m,
					       double requests, size_t guess)
{
	if (guess < m->n && m->points[guess].requests == requests)
		return &m->points[guess];
	for (size_t i = 0; i < m->n; i++)
		if (m->points[i].requests == requests)
			return &m->points[i];
	return NULL;
}

void capacity_average(const struct capacity_model *models, size_t n,
		      struct capacity_model *mean)
{
	const struct capacity_model *first = &models[0];
	double parts = (double)n;

	*mean = (struct capacity_model){
		.points = xcalloc(first->n, sizeof *mean->points),
	};
	for (size_t k = 0; k < n; k++) {
		mean->slope += models[k].slope / parts;
		if (models[k].most_measured > mean->most_measured)
			mean->most_measured = models[k].most_measured;
	}
	for (size_t i = 0; i < first->n; i++) {
		struct capacity_point sum = { first->points[i].requests, 0, 0 };
		size_t k;

		for (k = 0; k < n; k++) {
			const struct capacity_point *p = find_point(
				&models[k], sum.requests, i);

			if (p == NULL)
				break;
			sum.shared_kib += p->shared_kib / parts;
			sum.private_kib += p->private_kib / parts;
		}
		if (k == n)
			mean->points[mean->n++] = sum;
	}
}

int capacity_extrapolates(const struct capacity_model *m, long workers,
			  double requests)
{
	return requests > m->points[m->n - 1].requests ||
		workers > CAPACITY_REACH * m->most_measured;
}
