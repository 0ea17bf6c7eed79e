/* test_capacity.c - the model of capacity planning, by numbers worked out by
 * hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "capacity.h"

#define near(a, b) assert_true(fabs((a) - (b)) < 1e-6)

/* Grows to 10 MB at 500 requests, then falls: pages were given back. */
static struct capacity_point falling[] = {
	{ 0, 1000, 100 },
	{ 100, 1000, 300 },
	{ 500, 1200, 1000 },
	{ 1000, 1400, 400 },
};

static struct capacity_model model(double slope)
{
	return (struct capacity_model){
		.points = falling,
		.n = 4,
		.slope = slope,
		.most_measured = 4,
	};
}

static void splits_a_cell(void **state)
{
	struct capacity_point p = capacity_split(50, 10000, 2000, 500, 4);

	(void)state;
	near(p.requests, 50);
	near(p.private_kib, 2100); /* 2000 + 500 / 5 */
	near(p.shared_kib, 1600);  /* 10000 - 4 * 2100 */
	near(capacity_total(&p, 4), 10000);
	near(capacity_total(&p, 12), 1600 + 12 * 2100);
	near(capacity_total(&p, 0), 1600);
}

static void interpolates_and_extrapolates(void **state)
{
	struct capacity_model m = model(0.5);
	struct capacity_point p;

	(void)state;
	p = capacity_at(&m, 0);
	near(p.shared_kib, 1000);
	near(p.private_kib, 100);
	p = capacity_at(&m, 300);
	near(p.requests, 300);
	near(p.shared_kib, 1100);
	near(p.private_kib, 650);
	p = capacity_at(&m, 500);
	near(p.private_kib, 1000);
	p = capacity_at(&m, 1000);
	near(p.shared_kib, 1400);
	near(p.private_kib, 400);
	p = capacity_at(&m, 3000);
	near(p.requests, 3000);
	near(p.shared_kib, 1400);  /* stays */
	near(p.private_kib, 1400); /* 400 + 0.5 * 2000 */
}

static void does_not_guess_without_a_slope(void **state)
{
	struct capacity_model m = model(NAN);
	struct capacity_point p = capacity_at(&m, 1001);

	(void)state;
	assert_true(isnan(p.shared_kib) && isnan(p.private_kib));
	assert_true(isnan(capacity_fit(&p, 1e6)));
	p = capacity_tightest(&m, 1001, 1e6);
	assert_true(isnan(capacity_fit(&p, 1e6)));
	p = capacity_at(&m, 1000);
	near(p.private_kib, 400);
	assert_true(isnan(capacity_age_at_limit(&m, 1, 1e6)));
	near(capacity_age_at_limit(&m, 10, 6200), 100 + 400.0 * 2200 / 7200);
}

static void slope_of_last_points(void **state)
{
	(void)state;
	near(capacity_last_slope(falling, 4), -600.0 / 500);
	near(capacity_last_slope(falling, 2), 2);
	assert_true(isnan(capacity_last_slope(falling, 1)));
}

static void fits_whole_workers(void **state)
{
	struct capacity_point p = { 10, 1000, 300 };

	(void)state;
	near(capacity_fit(&p, 4000), 10);
	assert_int_equal(capacity_whole(capacity_fit(&p, 4000)), 10);
	assert_int_equal(capacity_whole(capacity_fit(&p, 3999)), 9);
	assert_int_equal(capacity_whole(capacity_fit(&p, 1299)), 0);
	assert_int_equal(capacity_whole(capacity_fit(&p, 1300)), 1);
	assert_int_equal(capacity_whole(capacity_fit(&p, 5)), 0);
	assert_int_equal(capacity_whole(NAN), 0);
	assert_int_equal(capacity_whole(INFINITY), CAPACITY_MAX_WORKERS);
	p.private_kib = 0.1;
	assert_int_equal(capacity_whole(capacity_fit(&p, 1000.3)), 3);
	p.private_kib = 0;
	assert_true(isnan(capacity_fit(&p, 4000)));
	p.private_kib = -1;
	assert_true(isnan(capacity_fit(&p, 4000)));
}

static void memory_that_falls_again_counts(void **state)
{
	struct capacity_model m = model(0);
	struct capacity_point p;

	(void)state;
	p = capacity_tightest(&m, 1000, 11200);
	near(p.requests, 500);
	assert_int_equal(capacity_whole(capacity_fit(&p, 11200)), 10);
	p = capacity_peak(&m, 1000, 10);
	near(p.requests, 500);
	near(capacity_total(&p, 10), 11200);
	/* Workers that are replaced before it never see it. */
	p = capacity_tightest(&m, 100, 11200);
	near(p.requests, 100);
	assert_int_equal(capacity_whole(capacity_fit(&p, 11200)), 34);
	/* Between two checkpoints the age itself is the tightest. */
	p = capacity_tightest(&m, 300, 11200);
	near(p.requests, 300);
	p = capacity_peak(&m, 300, 3);
	near(p.requests, 300);
	/* Without workers, only what is shared matters. */
	p = capacity_peak(&m, 1000, 0);
	near(p.requests, 1000);
}

static void says_when_memory_is_full(void **state)
{
	struct capacity_model m = model(0.5);

	(void)state;
	/* total(2): 1200, 1600, 3200, 2200; then 1 per request. */
	near(capacity_age_at_limit(&m, 2, 1100), 0);
	near(capacity_age_at_limit(&m, 2, 1400), 50);
	near(capacity_age_at_limit(&m, 2, 2400), 300);
	near(capacity_age_at_limit(&m, 2, 3200), 2000);
	near(capacity_age_at_limit(&m, 2, 5200), 4000);
	m.slope = 0;
	assert_true(isinf(capacity_age_at_limit(&m, 2, 5200)));
}

static void says_what_was_measured(void **state)
{
	struct capacity_model m = model(0);

	(void)state;
	assert_false(capacity_extrapolates(&m, 16, 1000));
	assert_true(capacity_extrapolates(&m, 17, 1000));
	assert_true(capacity_extrapolates(&m, 1, 1001));
	assert_false(capacity_extrapolates(&m, 0, 0));
}

static void averages_cells(void **state)
{
	struct capacity_point a[] = { { 0, 10, 1 },
				      { 5, 20, 2 },
				      { 10, 30, 3 } };
	struct capacity_point b[] = { { 0, 20, 3 }, { 10, 50, 9 } };
	struct capacity_model both[] = {
		{ .points = a, .n = 3, .slope = 1, .most_measured = 4 },
		{ .points = b, .n = 2, .slope = -2, .most_measured = 2 },
	}, mean;

	(void)state;
	capacity_average(both, 2, &mean);
	assert_int_equal(mean.n, 2);
	near(mean.points[0].shared_kib, 15);
	near(mean.points[0].private_kib, 2);
	near(mean.points[1].requests, 10);
	near(mean.points[1].shared_kib, 40);
	near(mean.points[1].private_kib, 6);
	near(mean.slope, -0.5);
	assert_int_equal(mean.most_measured, 4);
	free(mean.points);
	both[1].slope = NAN;
	capacity_average(both, 2, &mean);
	assert_true(isnan(mean.slope));
	free(mean.points);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_a_cell),
		cmocka_unit_test(interpolates_and_extrapolates),
		cmocka_unit_test(does_not_guess_without_a_slope),
		cmocka_unit_test(slope_of_last_points),
		cmocka_unit_test(fits_whole_workers),
		cmocka_unit_test(memory_that_falls_again_counts),
		cmocka_unit_test(says_when_memory_is_full),
		cmocka_unit_test(says_what_was_measured),
		cmocka_unit_test(averages_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
