/* test_stats.c - intervals and verdicts: harness/stats.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

#include "memcheck.h"
#include "stats.h"
#include "within.h"

#define RESAMPLES 400 /* fewer than in earnest, for speed */
#define MAX_VALUES 256

static struct stats_comparison compare(const double *a, size_t na,
				       const double *b, size_t nb,
				       size_t workers, unsigned long seed)
{
	const struct stats_group ga = { a, na, workers };
	const struct stats_group gb = { b, nb, workers };
	struct stats_comparison c;

	stats_compare(&ga, &gb, seed, RESAMPLES, &c);
	return c;
}

#define COMPARE(a, b)                                                          \
	compare(a, sizeof(a) / sizeof *(a), b, sizeof(b) / sizeof *(b), 1, 1)

static void assert_none(struct stats_interval i)
{
	assert_true(isnan(i.low) && isnan(i.high));
}

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.17g is not %.17g +- %g", value, expected,
			 tolerance);
}

static double width(struct stats_interval i)
{
	return i.high - i.low;
}

/* What does not vary is known exactly. */
static void test_constants(void **state)
{
	const double a[] = { 100.1, 100.1, 100.1, 100.1 };
	const double b[] = { 150.15, 150.15, 150.15, 150.15, 150.15 };
	struct stats_comparison c = COMPARE(a, a);

	(void)state;
	assert_int_equal(c.verdict, STATS_NOT_SHOWN);
	assert_near(c.ratio, 1, 0);
	assert_near(c.ratio_interval.low, 1, 0);
	assert_near(c.ratio_interval.high, 1, 0);
	assert_int_equal(c.repeats_needed, 0);
	c = COMPARE(a, b);
	assert_int_equal(c.verdict, STATS_HIGHER);
	assert_near(c.ratio, 1.5, 1e-9);
	assert_near(width(c.ratio_interval), 0, 1e-9);
	assert_near(c.a.mean, 100.1, 0);
	assert_near(c.a.median, 100.1, 0);
	assert_near(c.difference, 50.05, 1e-9);
	assert_near(width(c.a.median_interval), 0, 1e-9);
	assert_int_equal(COMPARE(b, a).verdict, STATS_LOWER);
}

/* The last bits of a mean are no difference. */
static void test_rounding(void **state)
{
	const double a[] = { .1, .2, .3, .1, .2, .3, .1, .2, .3, .1, .2, .3 };
	const double b[] = { .3, .2, .1, .3, .2, .1, .3, .2, .1, .3, .2, .1 };
	double c[12];

	(void)state;
	for (int i = 0; i < 12; i++)
		c[i] = b[i] * (1 + 1e-14);
	assert_int_equal(compare(a, 4, b, 4, 3, 1).verdict, STATS_NOT_SHOWN);
	assert_int_equal(compare(a, 4, c, 4, 3, 1).verdict, STATS_NOT_SHOWN);
}

static void test_separated(void **state)
{
	const double a[] = { 10, 11, 10.5, 10.2, 10.8 };
	const double b[] = { 20, 21, 20.2, 20.9, 20.4 };
	struct stats_comparison c = COMPARE(a, b);

	(void)state;
	assert_int_equal(c.verdict, STATS_HIGHER);
	assert_near(c.ratio, 20.5 / 10.5, 1e-12);
	assert_true(c.ratio_interval.low > 1.8 &&
		    c.ratio_interval.low < c.ratio);
	assert_true(c.ratio_interval.high < 2.1 &&
		    c.ratio_interval.high > c.ratio);
	assert_near(c.a.mean, 10.5, 1e-12);
	assert_near(c.b.median, 20.4, 1e-12);
	assert_null(c.no_ratio);
	assert_int_equal(c.repeats_needed, 0);
	c = COMPARE(b, a);
	assert_int_equal(c.verdict, STATS_LOWER);
	assert_true(c.ratio_interval.high < 1 / 1.8);
}

/* The interval of a mean has about the width of Student's. */
static void test_width(void **state)
{
	const double a[] = { 98, 99, 101, 102 };
	const struct stats_comparison c = COMPARE(a, a);

	(void)state;
	assert_near(width(c.a.mean_interval), 2 * 3.182 * 1.826 / 2, 1.2);
	assert_near(c.a.mean_interval.low + c.a.mean_interval.high, 200, .6);
	assert_int_equal(c.verdict, STATS_NOT_SHOWN);
	/* t(.975, 3) + t(.8, 3), times sqrt(2 * 3.333 / 4), of 100 */
	assert_near(c.detectable, (3.1824 + .9785) * 1.2910 / 100, 1e-4);
}

static void test_too_few(void **state)
{
	const double a[] = { 10, 11, 12 }, b[] = { 50, 51, 52, 53 };
	const double one[] = { 3 };
	struct stats_comparison c = COMPARE(a, b);

	(void)state;
	assert_int_equal(c.verdict, STATS_TOO_FEW);
	assert_none(c.ratio_interval);
	assert_none(c.difference_interval);
	assert_none(c.a.mean_interval);
	assert_none(c.a.median_interval);
	assert_near(c.ratio, 51.5 / 11, 1e-12);
	assert_true(width(c.b.mean_interval) > 0);
	assert_int_equal(c.repeats_needed, 0);
	assert_true(isnan(c.detectable));
	c = COMPARE(b, a);
	assert_int_equal(c.verdict, STATS_TOO_FEW);
	c = COMPARE(one, one);
	assert_int_equal(c.verdict, STATS_TOO_FEW);
	assert_near(c.ratio, 1, 0);
	assert_near(c.a.median, 3, 0);
}

/* Without a ratio, the difference decides. */
static void test_no_ratio(void **state)
{
	const double zero[] = { 0, 0, 0, 0 }, some[] = { 5, 6, 5, 6 };
	const double mixed[] = { 0, 0, 5, 0 }, below[] = { -9, -8, -9, -8 };
	struct stats_comparison c = COMPARE(zero, some);

	(void)state;
	assert_true(isnan(c.ratio));
	assert_none(c.ratio_interval);
	assert_non_null(c.no_ratio);
	assert_int_equal(c.verdict, STATS_HIGHER);
	assert_true(c.difference_interval.low > 4);
	assert_true(isnan(c.detectable));
	assert_int_equal(COMPARE(zero, zero).verdict, STATS_NOT_SHOWN);

	c = COMPARE(some, zero);
	assert_null(c.no_ratio);
	assert_near(c.ratio, 0, 0);
	assert_near(c.ratio_interval.high, 0, 0);
	assert_int_equal(c.verdict, STATS_LOWER);

	c = COMPARE(mixed, some);
	assert_non_null(c.no_ratio);
	assert_none(c.ratio_interval);
	assert_int_equal(COMPARE(mixed, mixed).verdict, STATS_NOT_SHOWN);

	c = COMPARE(below, some);
	assert_non_null(c.no_ratio);
	assert_int_equal(c.verdict, STATS_HIGHER);
	assert_true(c.a.mean_interval.high < -7);
	c = COMPARE(some, below);
	assert_non_null(c.no_ratio);
	assert_true(isnan(c.ratio));
	assert_int_equal(c.verdict, STATS_LOWER);
}

/* Repeats in another order, or the same seed again: the same to the last bit. */
static void test_determinism(void **state)
{
	const double a[] = { 1, 2, 3, 4, 5, 6, 7, 8, 10, 9 };
	const double b[] = { 3, 4, 1, 2, 10, 9, 7, 8, 5, 6 };
	const double z[] = { 5, 2, 4, 5, 3, 7, 1, 8, 9, 9 };
	struct stats_comparison first, second;

	(void)state;
	memset(&first, 0, sizeof first);
	memset(&second, 0, sizeof second);
	first = compare(a, 5, z, 5, 2, 7);
	second = compare(a, 5, z, 5, 2, 7);
	assert_memory_equal(&first, &second, sizeof first);
	second = compare(b, 5, z, 5, 2, 7);
	assert_memory_equal(&first, &second, sizeof first);
	second = compare(a, 5, z, 5, 2, 8);
	assert_true(first.ratio_interval.low != second.ratio_interval.low);
	assert_near(first.ratio_interval.low, second.ratio_interval.low,
		    .2 * first.ratio_interval.low);
}

/* Workers are not repeats: 50 that agree say as much as one. */
static void test_workers(void **state)
{
	double few[8], many[MAX_VALUES], places[MAX_VALUES], noisy[MAX_VALUES];
	const double repeats[] = { 96, 98, 102, 104 };
	struct stats_comparison one, all, c;

	(void)state;
	for (int i = 0; i < 4; i++)
		for (int w = 0; w < 50; w++) {
			many[i * 50 + w] = repeats[i];
			/* The first forks differ from the others, always. */
			places[i * 50 + w] = repeats[i] + (w < 25 ? 30 : -30);
			/* Without a difference between the repeats. */
			noisy[i * 50 + w] = 100 + ((i + w) % 2 ? 30 : -30);
		}
	memcpy(few, repeats, sizeof repeats);
	one = compare(few, 4, few, 4, 1, 1);
	all = compare(many, 4, many, 4, 50, 1);
	assert_near(width(all.a.mean_interval), width(one.a.mean_interval), .2);
	c = compare(places, 4, places, 4, 50, 1);
	assert_near(width(c.a.mean_interval), width(one.a.mean_interval), .2);
	/* Equal repeats of unequal workers are not known exactly. */
	c = compare(noisy, 4, noisy, 4, 50, 1);
	assert_true(width(c.a.mean_interval) > 1);
	assert_true(width(c.a.mean_interval) < 60);
}

/* Which noise an A/A test is about. */
struct noise {
	const char *name;
	double (*draw)(gsl_rng *rng); /* of a repeat, about 1 */
	size_t workers;
	double within; /* of workers, relative */
	double place;  /* from one worker to the next */
};

static double normal(gsl_rng *rng)
{
	return 1 + gsl_ran_gaussian(rng, .05);
}

static double skewed(gsl_rng *rng)
{
	return gsl_ran_lognormal(rng, 0, .8);
}

static double two_modes(gsl_rng *rng)
{
	return (gsl_rng_uniform(rng) < .3 ? 1.3 : 1) +
		gsl_ran_gaussian(rng, .001);
}

static void fill(double *values, size_t repeats, const struct noise *noise,
		 double scale, gsl_rng *rng)
{
	for (size_t i = 0; i < repeats; i++) {
		double repeat = scale * noise->draw(rng);

		for (size_t w = 0; w < noise->workers; w++)
			*values++ = repeat *
					(1 +
					 gsl_ran_gaussian(rng, noise->within)) +
				noise->place * (double)w;
	}
}

/* How many of `trials` comparisons call a difference. */
static int count_calls(const struct noise *noise, size_t repeats, double effect,
		       int trials, gsl_rng *rng)
{
	double a[MAX_VALUES], b[MAX_VALUES];
	int calls = 0;

	for (int t = 0; t < trials; t++) {
		struct stats_comparison c;

		fill(a, repeats, noise, 1, rng);
		fill(b, repeats, noise, effect, rng);
		c = compare(a, repeats, b, repeats, noise->workers,
			    (unsigned long)t);
		calls += c.verdict != STATS_NOT_SHOWN;
	}
	return calls;
}

/* A/A: of 100 comparisons of equals, at most 7 call a difference.  Over 4000
 * comparisons of each kind it is 0.2 (4 repeats) to 6 (20 repeats, very skewed);
 * 300 with a fixed seed show that the correction is there. */
static void test_equals(void **state)
{
	static const struct noise noises[] = {
		{ "normal", normal, 1, 0, 0 },
		{ "normal, workers alike", normal, 4, .01, 0 },
		{ "normal, workers unlike", normal, 4, .3, .1 },
		{ "skewed", skewed, 1, 0, 0 },
		{ "skewed, workers alike", skewed, 4, .05, .1 },
		{ "two modes", two_modes, 4, .001, 0 },
	};
	static const size_t repeats[] = { 4, 5, 10, 20 };
	gsl_rng *rng;

	(void)state;
	NOT_UNDER_MEMCHECK(
		"7200 comparisons take many minutes there; test_power "
		"and test_inflation make 500 of the same kinds");
	rng = gsl_rng_alloc(gsl_rng_taus2);
	gsl_rng_set(rng, 1);
	for (size_t i = 0; i < sizeof noises / sizeof *noises; i++)
		for (size_t n = 0; n < sizeof repeats / sizeof *repeats; n++) {
			int calls = count_calls(&noises[i], repeats[n], 1, 300,
						rng);

			if (calls > 3 * 7)
				fail_msg(
					"%s, %zu repeats: %d of 300 equals "
					"are called different",
					noises[i].name, repeats[n], calls);
		}
	gsl_rng_free(rng);
}

/* Drawing workers anew does not count their variance twice, which would make
 * intervals of unlike workers wider by 1.4. */
static void test_inflation(void **state)
{
	static const struct noise noise = { "", normal, 4, .3, 0 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
	double values[MAX_VALUES], means[MAX_VALUES], both = 0, alone = 0;

	(void)state;
	gsl_rng_set(rng, 1);
	for (unsigned long t = 0; t < 100; t++) {
		fill(values, 10, &noise, 1, rng);
		for (int i = 0; i < 10; i++)
			means[i] = (values[4 * i] + values[4 * i + 1] +
				    values[4 * i + 2] + values[4 * i + 3]) /
				4;
		both += width(
			compare(values, 10, values, 10, 4, t).a.mean_interval);
		alone += width(
			compare(means, 10, means, 10, 1, t).a.mean_interval);
	}
	assert_true(both > .98 * alone && both < 1.25 * alone);
	gsl_rng_free(rng);
}

/* What is there is found. */
static void test_power(void **state)
{
	static const struct noise noise = { "normal", normal, 1, 0, 0 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
	double a[MAX_VALUES], b[MAX_VALUES];
	struct stats_comparison c;
	int calls;

	(void)state;
	gsl_rng_set(rng, 1);
	/* 10 % with noise of 2 %: in units of the noise, 25 % with 5 %. */
	assert_true(count_calls(&noise, 8, 1.25, 200, rng) >= 198);
	/* As many repeats as are said to decide do so in 8 of 10 cases. */
	for (size_t i = 0; i < 8; i++) {
		a[i] = i % 2 ? 1.05 : .95;
		b[i] = a[i] * 1.02;
	}
	c = compare(a, 8, b, 8, 1, 1);
	assert_int_equal(c.verdict, STATS_NOT_SHOWN);
	assert_within(c.repeats_needed, 90, 150);
	calls = count_calls(&noise, 100, 1.02, 100, rng);
	assert_within(calls, 65, 95);
	/* A smaller difference than 1000 repeats would show. */
	for (size_t i = 0; i < 8; i++)
		b[i] = a[i] * 1.001;
	c = compare(a, 8, b, 8, 1, 1);
	assert_int_equal(c.verdict, STATS_NOT_SHOWN);
	assert_int_equal(c.repeats_needed, 0);
	gsl_rng_free(rng);
}

static void test_steady(void **state)
{
	const double at[] = { 0, 1, 2, 5, 10, 15, 21 };
	const double settled[] = { 0, 10, 50, 90, 99, 98, 100 };
	const double growing[] = { 0, 10, 50, 60, 80, 90, 100 };
	const double falling[] = { 0, 10, 50, 60, 150, 120, 100 };
	const double zero[] = { 0, 0, 0, 0, 0, 0, 0 };

	(void)state;
	assert_near(stats_late_change(at, settled, 7), .01, 1e-12);
	assert_near(stats_late_change(at, growing, 7), .2, 1e-12);
	assert_near(stats_late_change(at, falling, 7), -.5, 1e-12);
	assert_true(isnan(stats_late_change(at, zero, 7)));
	assert_true(isnan(stats_late_change(at, settled, 1)));
	assert_true(isnan(stats_late_change(at, settled, 0)));
	assert_true(stats_is_steady(.02));
	assert_true(stats_is_steady(-.02));
	assert_false(stats_is_steady(.021));
	assert_false(stats_is_steady(-.5));
	assert_true(stats_is_steady(NAN));
}

static double sum_of_two(const double *means, const void *arg)
{
	return means[0] + *(const double *)arg * means[1];
}

static double inverse(const double *means, const void *arg)
{
	(void)arg;
	return 1 / means[0];
}

/* A figure of means has the interval of what it is made of. */
static void test_figure_intervals(void **state)
{
	/* Two columns: the second is the first one's tenth. */
	double values[] = { 10, 1, 20, 2, 30, 3, 40, 4, 50, 5, 60, 6 };
	double zeros[] = { 0, 0, 0, 0 }, first[6], ten = 10;
	struct stats_interval i, plain;

	(void)state;
	for (int k = 0; k < 6; k++)
		first[k] = values[2 * k] * 2;
	plain = COMPARE(first, first).a.mean_interval;
	i = stats_figure_interval(values, 6, 2, sum_of_two, &ten, 1, 4000);
	assert_near(i.low, plain.low, 3);
	assert_near(i.high, plain.high, 3);
	assert_true(i.low > 20 && i.low < 70 && i.high > 70);
	/* The columns of a repeat are drawn together. */
	ten = -10;
	i = stats_figure_interval(values, 6, 2, sum_of_two, &ten, 1, 400);
	assert_near(i.low, 0, 1e-9);
	assert_near(i.high, 0, 1e-9);
	assert_none(
		stats_figure_interval(values, 3, 2, sum_of_two, &ten, 1, 400));
	assert_none(stats_figure_interval(zeros, 4, 1, inverse, NULL, 1, 400));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_separated),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_too_few),
		cmocka_unit_test(test_no_ratio),
		cmocka_unit_test(test_determinism),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_equals),
		cmocka_unit_test(test_inflation),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_steady),
		cmocka_unit_test(test_figure_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
