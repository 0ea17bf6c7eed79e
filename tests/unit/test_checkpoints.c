/* test_checkpoints.c - the plan of checkpoints: harness/checkpoints.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>

#include "checkpoints.h"

/* Plans `requests` and checks what holds of every plan. */
static size_t plan(long requests, long at[CHECKPOINTS_MAX])
{
	long guarded[CHECKPOINTS_MAX + 64];
	size_t n, halves = 0;

	for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
		guarded[i] = -7;
	n = checkpoints_plan(requests, guarded);
	assert_true(n >= 1 && n <= CHECKPOINTS_MAX);
	for (size_t i = CHECKPOINTS_MAX; i < sizeof guarded / sizeof *guarded;
	     i++)
		assert_int_equal(guarded[i], -7);
	assert_int_equal(guarded[0], 0);
	assert_int_equal(guarded[n - 1], requests);
	for (size_t i = 1; i < n; i++)
		assert_true(guarded[i] > guarded[i - 1]);
	for (size_t i = 0; i < n; i++) {
		at[i] = guarded[i];
		halves += at[i] == checkpoints_half(requests);
	}
	assert_int_equal(halves, 1);
	assert_int_equal(checkpoints_half(requests), requests / 2);
	return n;
}

static void assert_plan(long requests, const long *expected, size_t n)
{
	long at[CHECKPOINTS_MAX];

	assert_int_equal(plan(requests, at), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(at[i], expected[i]);
}

#define ASSERT_PLAN(requests, ...)                                             \
	assert_plan(requests, (const long[]){ __VA_ARGS__ },                   \
		    sizeof((const long[]){ __VA_ARGS__ }) / sizeof(long))

static void test_by_hand(void **state)
{
	(void)state;
	ASSERT_PLAN(0, 0);
	ASSERT_PLAN(1, 0, 1);
	ASSERT_PLAN(2, 0, 1, 2);
	ASSERT_PLAN(8, 0, 1, 2, 4, 5, 6, 7, 8);
	ASSERT_PLAN(100, 0, 1, 2, 5, 10, 20, 50, 62, 75, 87, 100);
	ASSERT_PLAN(4000, 0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000,
		    2500, 3000, 3500, 4000);
}

static void test_many(void **state)
{
	static const long large[] = { 9999,	  10000,      10001,
				      4999999,	  5000000,    999999999,
				      1000000000, 2000000000, INT_MAX - 1,
				      INT_MAX };
	long at[CHECKPOINTS_MAX];

	(void)state;
	for (long requests = 0; requests <= 3000; requests++)
		plan(requests, at);
	for (size_t i = 0; i < sizeof large / sizeof *large; i++)
		plan(large[i], at);
}

/* A slope is fitted through the second half. */
static void test_second_half(void **state)
{
	static const long some[] = { 8,	 9,   10,   11,	     15,     16,
				     17, 100, 4000, 1000000, INT_MAX };
	long at[CHECKPOINTS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
		size_t n = plan(some[i], at), late = 0;

		for (size_t k = 0; k < n; k++)
			late += at[k] >= some[i] / 2;
		assert_true(late >= 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_second_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
