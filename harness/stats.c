/* stats.c - a hierarchical bootstrap: repeats first, then workers within each.
 *
 * Drawing workers anew within the drawn repeats adds their variance to that of
 * the repeats' means, which already holds it.  So the repeats' means are first
 * drawn together by as much (Davison & Hinkley, Bootstrap Methods and their
 * Application, 1997, section 3.8).  What is left of a worker's value is taken
 * against the mean of its place in the order of forks: the first and the last
 * worker of a family differ from the others by some pages in each repeat alike
 * (measured: 3.11, freeze), which is not chance.
 *
 * Percentiles of few repeats lie too close together.  The distances from the
 * estimate to both are stretched by sqrt(n / (n - 1)) * t / z, the two factors
 * of the expanded percentile interval (Hesterberg, What Teachers Should Know
 * About the Bootstrap, The American Statistician 69, 2015).  He moves the
 * percentiles out instead; but the bootstrap of 4 repeats has nothing beyond
 * their least and greatest, which hold the mean in 7 of 8 samples only.  Values
 * that cannot be negative are stretched by ratios.
 */
#define _GNU_SOURCE
#include "stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define TAIL 0.975 /* of both sides of a 95 % interval */
#define POWER 0.8

/* A group made ready for resampling. */
struct sample {
	size_t n, workers;
	double *centre; /* per repeat, drawn together */
	double *rest;	/* per worker; NULL: nothing to draw */
	double *drawn;	/* room for one resample */
	double mean, median;
	double variance; /* of a repeat's value */
	int negative;	 /* some value is below 0 */
};

static double mean_of(const double *values, size_t n)
{
	return gsl_stats_mean(values, 1, n);
}

/* The median; sorts `values`. */
static double median_of(double *values, size_t n)
{
	gsl_sort(values, 1, n);
	return gsl_stats_median_from_sorted_data(values, 1, n);
}

static int compare_rows(const void *a, const void *b, void *workers)
{
	const double *x = *(const double *const *)a;
	const double *y = *(const double *const *)b;
	size_t n = *(const size_t *)workers;
	double difference = mean_of(x, n) - mean_of(y, n);

	for (size_t i = 0; i < n && difference == 0; i++)
		difference = x[i] - y[i];
	return (difference > 0) - (difference < 0);
}

/* The repeats by value: what order they came in must not matter.  New. */
static const double **sort_rows(const struct stats_group *g)
{
	const double **rows = xcalloc(g->repeats, sizeof *rows);
	size_t workers = g->workers;

	for (size_t i = 0; i < g->repeats; i++)
		rows[i] = g->values + i * g->workers;
	qsort_r(rows, g->repeats, sizeof *rows, compare_rows, &workers);
	return rows;
}

/* Fills s->rest with what repeat and place do not explain.  The variance that
 * it gives to a repeat's mean. */
static double take_rest(struct sample *s, const double **rows)
{
	double squares = 0, grand = mean_of(s->centre, s->n);
	size_t degrees = (s->n - 1) * (s->workers - 1);

	if (degrees == 0)
		return 0;
	s->rest = xcalloc(s->n * s->workers, sizeof *s->rest);
	for (size_t j = 0; j < s->workers; j++) {
		double place = 0;

		for (size_t i = 0; i < s->n; i++)
			place += rows[i][j] / (double)s->n;
		for (size_t i = 0; i < s->n; i++) {
			double rest = rows[i][j] - s->centre[i] - place + grand;

			squares += rest * rest;
			s->rest[i * s->workers + j] = rest *
				sqrt((double)s->workers /
				     (double)(s->workers - 1));
		}
	}
	return squares / (double)degrees / (double)s->workers;
}

static void sample_init(struct sample *s, const struct stats_group *g)
{
	const double **rows = sort_rows(g);
	double within, shrink = 0;

	*s = (struct sample){ .n = g->repeats, .workers = g->workers };
	s->centre = xcalloc(s->n, sizeof *s->centre);
	s->drawn = xcalloc(s->n, sizeof *s->drawn);
	for (size_t i = 0; i < s->n; i++) {
		s->centre[i] = mean_of(rows[i], s->workers);
		s->negative |= gsl_stats_min(rows[i], 1, s->workers) < 0;
	}
	memcpy(s->drawn, s->centre, s->n * sizeof *s->drawn);
	s->mean = mean_of(s->centre, s->n);
	s->median = median_of(s->drawn, s->n);
	s->variance = s->n > 1 ? gsl_stats_variance(s->centre, 1, s->n) : NAN;
	within = take_rest(s, rows);
	if (s->variance > within)
		shrink = sqrt(1 - within / s->variance);
	else
		s->variance = s->n > 1 ? within : NAN;
	for (size_t i = 0; i < s->n; i++)
		s->centre[i] = s->mean + shrink * (s->centre[i] - s->mean);
	free(rows);
}

static void sample_fini(struct sample *s)
{
	free(s->centre);
	free(s->rest);
	free(s->drawn);
}

/* One resample: repeats, then workers within each. */
static void draw(struct sample *s, gsl_rng *rng, double *mean, double *median)
{
	for (size_t k = 0; k < s->n; k++) {
		size_t i = gsl_rng_uniform_int(rng, s->n);
		double sum = 0;

		for (size_t j = 0; s->rest != NULL && j < s->workers; j++)
			sum += s->rest[i * s->workers +
				       gsl_rng_uniform_int(rng, s->workers)];
		s->drawn[k] = s->centre[i] + sum / (double)s->workers;
	}
	*mean = mean_of(s->drawn, s->n);
	*median = median_of(s->drawn, s->n);
}

/* Student's t of the level `p`, after `n` repeats.  Of two groups the smaller
 * one counts: with Welch's larger degrees of freedom, groups that fall into two
 * modes were told apart in 7.2 of 100 comparisons of equals. */
static double student(double p, double n)
{
	return gsl_cdf_tdist_Pinv(p, n - 1);
}

/* What an estimate's distances to its percentiles are stretched by. */
static double stretch_for(double n)
{
	return sqrt(n / (n - 1)) * student(TAIL, n) /
		gsl_cdf_ugaussian_Pinv(TAIL);
}

/* The quantile as gsl_stats_quantile_from_sorted_data() interpolates it, of
 * values that it reorders; two selections cost less than sorting does. */
static double quantile_of(double *values, size_t n, double p)
{
	double at = p * (double)(n - 1);
	size_t below = (size_t)at;
	double low = gsl_stats_select(values, 1, n, below);

	if (below == n - 1)
		return low;
	at -= (double)below;
	return (1 - at) * low + at * gsl_stats_select(values, 1, n, below + 1);
}

/* The interval about `estimate`; reorders `drawn`.  `by_ratio`: nothing is below
 * 0. */
static struct stats_interval interval(double *drawn, size_t n, double estimate,
				      double stretch, int by_ratio)
{
	struct stats_interval i;

	i.low = quantile_of(drawn, n, 1 - TAIL);
	i.high = quantile_of(drawn, n, TAIL);
	if (by_ratio && estimate > 0) {
		i.low = estimate * pow(fmax(i.low, 0) / estimate, stretch);
		i.high = estimate * pow(i.high / estimate, stretch);
	} else {
		i.low = estimate + stretch * (i.low - estimate);
		i.high = estimate + stretch * (i.high - estimate);
	}
	return i;
}

static void summarize(const struct sample *s, double *means, double *medians,
		      size_t resamples, struct stats_summary *out)
{
	double stretch;

	*out = (struct stats_summary){
		.mean = s->mean,
		.median = s->median,
		.mean_interval = { NAN, NAN },
		.median_interval = { NAN, NAN },
	};
	if (s->n < STATS_MIN_REPEATS)
		return;
	stretch = stretch_for((double)s->n);
	out->mean_interval = interval(means, resamples, s->mean, stretch,
				      !s->negative);
	out->median_interval = interval(medians, resamples, s->median, stretch,
					!s->negative);
}

/* The difference that so many repeats show with the probability POWER. */
static double shown_by(const struct sample *a, const struct sample *b,
		       double na, double nb)
{
	double n = fmin(na, nb);

	return (student(TAIL, n) + student(POWER, n)) *
		sqrt(a->variance / na + b->variance / nb);
}

static long repeats_needed(const struct sample *a, const struct sample *b)
{
	double difference = fabs(b->mean - a->mean);
	size_t n = a->n < b->n ? a->n : b->n;

	if (difference == 0)
		return 0;
	for (n = n + 1; n <= STATS_MAX_REPEATS; n++)
		if (difference >= shown_by(a, b, (double)n, (double)n))
			return (long)n;
	return 0;
}

/* Which side of `none` an interval lies on, beyond rounding errors. */
static enum stats_verdict judge(struct stats_interval i, double none,
				double scale)
{
	double rounding = 1e-9 * scale;

	if (i.low > none + rounding)
		return STATS_HIGHER;
	return i.high < none - rounding ? STATS_LOWER : STATS_NOT_SHOWN;
}

/* The comparison proper, of samples that are large enough. */
static void compare(const struct sample *a, const struct sample *b,
		    double *ratios, double *differences, size_t resamples,
		    struct stats_comparison *c)
{
	double na = (double)a->n, nb = (double)b->n;
	double stretch = stretch_for(fmin(na, nb));
	double scale = fmax(fabs(a->mean), fabs(b->mean));

	c->difference_interval = interval(differences, resamples, c->difference,
					  stretch, 0);
	if (c->no_ratio == NULL) {
		c->ratio_interval = interval(ratios, resamples, c->ratio,
					     stretch, 1);
		if (!isfinite(c->ratio_interval.high)) {
			c->ratio_interval = (struct stats_interval){ NAN, NAN };
			c->no_ratio = "the baseline is 0 in too many repeats";
		}
	}
	c->verdict = c->no_ratio == NULL ?
		judge(c->ratio_interval, 1, 1) :
		judge(c->difference_interval, 0, scale);
	if (c->verdict == STATS_NOT_SHOWN)
		c->repeats_needed = repeats_needed(a, b);
	if (!isnan(c->ratio))
		c->detectable = shown_by(a, b, na, nb) / a->mean;
}

void stats_compare(const struct stats_group *group_a,
		   const struct stats_group *group_b, unsigned long seed,
		   size_t resamples, struct stats_comparison *c)
{
	struct sample a, b;
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double *means[2], *medians[2], *ratios, *differences;

	for (int i = 0; i < 2; i++) {
		means[i] = xcalloc(resamples, sizeof(double));
		medians[i] = xcalloc(resamples, sizeof(double));
	}
	ratios = xcalloc(resamples, sizeof(double));
	differences = xcalloc(resamples, sizeof(double));
	sample_init(&a, group_a);
	sample_init(&b, group_b);
	*c = (struct stats_comparison){
		.ratio = NAN,
		.ratio_interval = { NAN, NAN },
		.difference = b.mean - a.mean,
		.difference_interval = { NAN, NAN },
		.verdict = STATS_TOO_FEW,
		.detectable = NAN,
	};
	if (a.negative || b.negative)
		c->no_ratio = "there are values below 0";
	else if (a.mean == 0)
		c->no_ratio = "the baseline's mean is 0";
	else
		c->ratio = b.mean / a.mean;
	gsl_rng_set(rng, seed);
	for (size_t r = 0; r < resamples; r++) {
		draw(&a, rng, &means[0][r], &medians[0][r]);
		draw(&b, rng, &means[1][r], &medians[1][r]);
		differences[r] = means[1][r] - means[0][r];
		ratios[r] = means[0][r] > 0 ? means[1][r] / means[0][r] :
					      INFINITY;
	}
	if (a.n >= STATS_MIN_REPEATS && b.n >= STATS_MIN_REPEATS)
		compare(&a, &b, ratios, differences, resamples, c);
	summarize(&a, means[0], medians[0], resamples, &c->a);
	summarize(&b, means[1], medians[1], resamples, &c->b);
	for (int i = 0; i < 2; i++) {
		free(means[i]);
		free(medians[i]);
	}
	free(ratios);
	free(differences);
	sample_fini(&a);
	sample_fini(&b);
	gsl_rng_free(rng);
}

/* Means of the columns over repeats; `rng` draws these anew, NULL takes each. */
static void column_means(const double *values, size_t repeats, size_t columns,
			 gsl_rng *rng, double *means)
{
	for (size_t k = 0; k < columns; k++)
		means[k] = 0;
	for (size_t i = 0; i < repeats; i++) {
		size_t from = rng ? gsl_rng_uniform_int(rng, repeats) : i;

		for (size_t k = 0; k < columns; k++)
			means[k] += values[from * columns + k] /
				(double)repeats;
	}
}

struct stats_interval
stats_figure_interval(const double *values, size_t repeats, size_t columns,
		      double (*figure)(const double *means, const void *arg),
		      const void *arg, unsigned long seed, size_t resamples)
{
	struct stats_interval result = { NAN, NAN };
	double *drawn, *means, estimate;
	int finite = 1;
	gsl_rng *rng;

	if (repeats < STATS_MIN_REPEATS)
		return result;
	drawn = xcalloc(resamples, sizeof *drawn);
	means = xcalloc(columns, sizeof *means);
	rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_rng_set(rng, seed);
	column_means(values, repeats, columns, NULL, means);
	estimate = figure(means, arg);
	finite = isfinite(estimate);
	for (size_t r = 0; r < resamples && finite; r++) {
		column_means(values, repeats, columns, rng, means);
		drawn[r] = figure(means, arg);
		finite = isfinite(drawn[r]);
	}
	if (finite)
		result = interval(drawn, resamples, estimate,
				  stretch_for((double)repeats), 1);
	gsl_rng_free(rng);
	free(drawn);
	free(means);
	return result;
}

double stats_late_change(const double *at, const double *values, size_t n)
{
	size_t half = 0;

	if (n < 2)
		return NAN;
	while (at[half] < floor(at[n - 1] / 2))
		half++;
	if (half == n - 1 || values[n - 1] == 0)
		return NAN;
	return (values[n - 1] - values[half]) / values[n - 1];
}

int stats_is_steady(double late_change)
{
	return !(fabs(late_change) > STATS_STEADY);
}
