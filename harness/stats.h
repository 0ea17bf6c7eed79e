/* stats.h - how certain a comparison of two groups of repeats is.
 *
 * A repeat is a family of processes: one template with its workers.  Families
 * are independent of each other, workers of one family are not: a comparison is
 * as certain as its number of repeats allows, however many workers they have.
 * Pure functions: the same values and the same seed give the same results.
 */
#ifndef PERMAFROST_STATS_H
#define PERMAFROST_STATS_H

#include <stddef.h>

/* Fewer repeats give no interval: with 3 against 3, one side lies wholly above
 * the other by chance in 2 of C(6,3) = 20 comparisons. */
#define STATS_MIN_REPEATS 4
#define STATS_MAX_REPEATS 1000 /* more are not proposed */
#define STATS_RESAMPLES 10000
/* A curve is steady when its second half changes by less. */
#define STATS_STEADY 0.02

/* Values of one side: `workers` per repeat, or 1 when only a repeat's own value
 * is known.  All are finite. */
struct stats_group {
	const double *values; /* [repeat * workers + worker] */
	size_t repeats;
	size_t workers;
};

/* A 95 % interval; NAN in both: there is none. */
struct stats_interval {
	double low, high;
};

/* A repeat's value is the mean of its workers. */
struct stats_summary {
	double mean, median; /* of the repeats' values */
	struct stats_interval mean_interval, median_interval;
};

enum stats_verdict {
	STATS_TOO_FEW,	 /* repeats, on one side at least */
	STATS_NOT_SHOWN, /* the interval holds "no difference" */
	STATS_LOWER,	 /* B is lower than A */
	STATS_HIGHER,
};

struct stats_comparison {
	struct stats_summary a, b;
	double ratio; /* of means, B / A; NAN: undefined */
	struct stats_interval ratio_interval;
	double difference; /* of means, B - A */
	struct stats_interval difference_interval;
	const char *no_ratio; /* why there is no ratio or no interval of it,
				 * so that the difference decides; or NULL */
	enum stats_verdict verdict;
	long repeats_needed; /* per side, to show the difference seen with
				 * 80 % probability; 0: no number up to
				 * STATS_MAX_REPEATS, or nothing to show */
	double detectable;   /* smallest |B / A - 1| that the present repeats
				 * show with 80 % probability; NAN: unknown */
};

/* Compares B with A, the baseline.  Each has at least one repeat and worker. */
void stats_compare(const struct stats_group *a, const struct stats_group *b,
		   unsigned long seed, size_t resamples,
		   struct stats_comparison *result);

/* The 95 % interval of a figure that is made of means over repeats:
 * values[repeat * columns + column] are the measured ones, `figure` makes one
 * number of their `columns` means.  Numbers below 0 do not count as possible: the
 * figure is a size or a number.  NAN in both with fewer than STATS_MIN_REPEATS, or
 * when the figure is not finite. */
struct stats_interval
stats_figure_interval(const double *values, size_t repeats, size_t columns,
		      double (*figure)(const double *means, const void *arg),
		      const void *arg, unsigned long seed, size_t resamples);

/* By which part of its last value a curve changed from half of `at`'s last
 * point on; `at` ascends.  NAN when there is no earlier point in the second
 * half, or the last value is 0. */
double stats_late_change(const double *at, const double *values, size_t n);

/* Whether that change is small enough; a NAN is not known to be unsteady. */
int stats_is_steady(double late_change);

#endif
