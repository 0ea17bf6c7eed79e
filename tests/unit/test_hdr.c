/* test_hdr.c - the histogram: strategies/hdr.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "hdr.h"

static uint64_t counts[HDR_BUCKETS];

static void clear(void)
{
	memset(counts, 0, sizeof counts);
}

/* The same numbers in each run: xorshift, as good as needed here. */
static uint64_t random_state = 88172645463325252;

static uint64_t random_value(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void test_every_bucket(void **state)
{
	(void)state;
	assert_int_equal(hdr_lower(0), 0);
	for (size_t i = 0; i < HDR_BUCKETS; i++) {
		uint64_t lower = hdr_lower(i), upper = hdr_lower(i + 1) - 1;

		assert_true(upper >= lower);
		assert_true(hdr_index(lower) == i);
		assert_true(hdr_index(upper) == i);
		assert_true(hdr_middle(i) >= lower && hdr_middle(i) <= upper);
		/* What a value may be off by when only its bucket is known. */
		assert_true((upper - lower) * 128 <= lower);
	}
}

static void test_edges(void **state)
{
	(void)state;
	for (uint64_t value = 0; value <= 255; value++) {
		assert_true(hdr_index(value) == value);
		assert_true(hdr_middle(hdr_index(value)) == value);
	}
	assert_true(hdr_index(256) == 256);
	assert_true(hdr_index(257) == 256);
	assert_true(hdr_index(258) == 257);
	assert_true(hdr_index(HDR_MAX_VALUE) == HDR_BUCKETS - 1);
	assert_true(hdr_lower(HDR_BUCKETS) == HDR_MAX_VALUE + 1);
	assert_true(HDR_MAX_VALUE == (UINT64_C(1) << 43) - 1);
}

static void test_monotonic(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t a = random_value() >> (21 + i % 40);
		uint64_t b = random_value() >> (21 + i / 7 % 40);

		if (a > b) {
			uint64_t t = a;

			a = b;
			b = t;
		}
		assert_true(hdr_index(a) <= hdr_index(b));
		assert_true(hdr_lower(hdr_index(a)) <= a);
		assert_true(hdr_lower(hdr_index(a) + 1) > a);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void test_percentiles_of_random_values(void **state)
{
	static const double percents[] = { 0,  0.1, 1,	25,   50,    75,
					   90, 95,  99, 99.9, 99.99, 100 };
	static uint64_t values[5000];

	(void)state;
	for (size_t n = 1; n <= 5000; n = n < 20 ? n + 1 : n * 3) {
		clear();
		for (size_t i = 0; i < n; i++) {
			values[i] = random_value() >>
				(21 + random_value() % 42);
			counts[hdr_index(values[i])]++;
		}
		qsort(values, n, sizeof *values, compare);
		assert_true(hdr_total(counts) == n);
		for (size_t k = 0; k < sizeof percents / sizeof *percents;
		     k++) {
			uint64_t found = hdr_percentile(counts, percents[k]);
			size_t rank = 1;

			/* Nearest rank by its definition. */
			while ((double)rank < (double)n * percents[k] / 100.0)
				rank++;
			assert_true(hdr_index(found) ==
				    hdr_index(values[rank - 1]));
		}
	}
}

static void test_percentiles_by_hand(void **state)
{
	(void)state;
	clear();
	assert_true(hdr_percentile(counts, 50) == 0);
	assert_true(hdr_total(counts) == 0);
	counts[10] = 1;
	assert_true(hdr_percentile(counts, 0) == 10);
	assert_true(hdr_percentile(counts, 100) == 10);
	counts[20] = 1;
	assert_true(hdr_percentile(counts, 50) == 10);
	assert_true(hdr_percentile(counts, 50.1) == 20);
	counts[30] = 98;
	assert_true(hdr_percentile(counts, 1) == 10);
	assert_true(hdr_percentile(counts, 2) == 20);
	assert_true(hdr_percentile(counts, 2.5) == 30);
	clear();
	counts[0] = 99;
	counts[hdr_index(HDR_MAX_VALUE)] = 1;
	assert_true(hdr_percentile(counts, 99) == 0);
	assert_true(hdr_percentile(counts, 100) > HDR_MAX_VALUE / 128 * 127);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_bucket),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_monotonic),
		cmocka_unit_test(test_percentiles_of_random_values),
		cmocka_unit_test(test_percentiles_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
