/* within.h - an assertion that cmocka has renamed: assert_in_range is deprecated
 * in newer versions, its successor is missing in older ones.  Exact up to 2^53. */
#define assert_within(value, low, high)                                        \
	assert_true((double)(low) <= (double)(value) &&                        \
		    (double)(value) <= (double)(high))
