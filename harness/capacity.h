/* capacity.h - the model of capacity planning: what so many workers of such an
 * age occupy, and how many fit.
 *
 * All memory is in KiB, all ages are requests that each worker has served.  A
 * measured cell with W workers gives, at each checkpoint r,
 *
 *	private(r) = worker_private_kib(r) + page_tables_kib(r) / (W + 1)
 *	shared(r)  = total_kib(r) - W * private(r)
 *
 * What every worker has for itself grows with their number; the rest (the
 * template, libraries, memory that nobody maps) does not.  Means over cells make
 * the model of a group, and
 *
 *	total(W, N) = shared(N) + W * private(N)
 *
 * Between checkpoints both parts are linear.  Beyond the last one, R, shared stays
 * and private grows as it did over the second half of the requests:
 *
 *	private(N) = private(R) + slope * (N - R),  slope >= 0
 *
 * Memory need not grow all the time: strategies that give pages back make it fall
 * again.  So W workers fit that are replaced after N requests if total(W, r) is
 * within the limit at N and at each checkpoint r before:
 *
 *	fit(N) = min over these r of (limit - shared(r)) / private(r)
 *
 * Pure functions, no input or output.
 */
#ifndef PERMAFROST_CAPACITY_H
#define PERMAFROST_CAPACITY_H

#include <stddef.h>
#include <stdint.h>

/* Up to so many times the most workers that were measured is no extrapolation:
 * what the model leaves out (libraries' pages that get more sharers) becomes
 * smaller with more workers, not larger. */
#define CAPACITY_REACH 4

/* More are not proposed. */
#define CAPACITY_MAX_WORKERS 1000000000L

struct capacity_point {
	double requests;
	double shared_kib;
	double private_kib; /* per worker */
};

struct capacity_model {
	struct capacity_point *points; /* at least one; requests ascend */
	size_t n;
	double slope;	    /* KiB per request and worker beyond the last
				 * point; NAN: not known */
	long most_measured; /* workers */
};

/* The two parts of a cell with `workers` workers at one checkpoint. */
struct capacity_point capacity_split(double requests, double total_kib,
				     double worker_private_kib,
				     double page_tables_kib, long workers);

/* The slope by the last two points, KiB per request, which may be negative; NAN
 * for a single point.  A makeshift for cells with too few checkpoints. */
double capacity_last_slope(const struct capacity_point *points, size_t n);

/* Both parts at the age `requests`; NAN when that is beyond the last point and
 * the slope is not known. */
struct capacity_point capacity_at(const struct capacity_model *m,
				  double requests);

/* KiB that `workers` workers and their template occupy. */
double capacity_total(const struct capacity_point *at, long workers);

/* How many workers fit into `limit_kib`, as a real number that may be negative;
 * NAN when a worker costs nothing, or the point is not known. */
double capacity_fit(const struct capacity_point *at, double limit_kib);

/* The checkpoint up to `requests`, or that age itself, at which the fewest workers
 * fit; its numbers are NAN when that is not known for all of these. */
struct capacity_point capacity_tightest(const struct capacity_model *m,
					double requests, double limit_kib);

/* The one of these at which `workers` workers occupy most. */
struct capacity_point capacity_peak(const struct capacity_model *m,
				    double requests, long workers);

/* The whole number of workers that a fit means: 0 to CAPACITY_MAX_WORKERS. */
long capacity_whole(double fit);

/* The age at which `workers` workers fill `limit_kib`: 0 or more; the first of
 * them, should memory fall again.  INFINITY when they never do, NAN when it is
 * not known. */
double capacity_age_at_limit(const struct capacity_model *m, long workers,
			     double limit_kib);

/* The mean of `n` models, at least one, in *mean; its points are to be freed.
 * Points that not all of them have are left out, but all have the last one. */
void capacity_average(const struct capacity_model *models, size_t n,
		      struct capacity_model *mean);

/* Whether so many workers of that age are beyond what was measured. */
int capacity_extrapolates(const struct capacity_model *m, long workers,
			  double requests);

#endif
