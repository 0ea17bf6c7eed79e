/* hdr.h - a high dynamic range histogram in a flat array of counters.
 *
 * The bucket layout is that of Gil Tene's HdrHistogram: linear below 2^8, then
 * each power of two in 2^7 equal steps, so a value is known to 1/128 (0.8 %).
 * The library itself keeps its counters behind a pointer on the heap; ours
 * must lie in memory shared with a process that may die at any moment, and the
 * library is not in Debian 12, hence these few lines.
 *
 * Values are nanoseconds.  Everything here is pure.
 */
#ifndef PERMAFROST_HDR_H
#define PERMAFROST_HDR_H

#include <stddef.h>
#include <stdint.h>

#define HDR_BITS 7
#define HDR_MAX_SHIFT 35
#define HDR_BUCKETS (((HDR_MAX_SHIFT + 2) << HDR_BITS))
/* The largest value with a bucket of its own: 2^43 - 1 ns, about 2.4 hours. */
#define HDR_MAX_VALUE ((UINT64_C(2) << (HDR_BITS + HDR_MAX_SHIFT)) - 1)

/* The bucket of `value`, which must be at most HDR_MAX_VALUE. */
static inline size_t hdr_index(uint64_t value)
{
	unsigned shift = 0;

	if (value >> (HDR_BITS + 1))
		shift = 63u - (unsigned)__builtin_clzll(value) - HDR_BITS;
	return ((size_t)shift << HDR_BITS) + (size_t)(value >> shift);
}

/* The lowest value that falls into bucket `index`. */
static inline uint64_t hdr_lower(size_t index)
{
	size_t shift = index >> (HDR_BITS + 1) ? (index >> HDR_BITS) - 1 : 0;

	return (uint64_t)(index - (shift << HDR_BITS)) << shift;
}

/* The middle of bucket `index`: what a percentile reports. */
static inline uint64_t hdr_middle(size_t index)
{
	uint64_t lower = hdr_lower(index);

	return lower + (hdr_lower(index + 1) - lower - 1) / 2;
}

/* Number of values counted. */
static inline uint64_t hdr_total(const uint64_t counts[HDR_BUCKETS])
{
	uint64_t n = 0;

	for (size_t i = 0; i < HDR_BUCKETS; i++)
		n += counts[i];
	return n;
}

/* The smallest value with at least `percent` % of all values at or below it
 * (nearest rank), to the precision of a bucket.  0 when nothing was counted. */
static inline uint64_t hdr_percentile(const uint64_t counts[HDR_BUCKETS],
				      double percent)
{
	uint64_t n = hdr_total(counts), seen = 0, rank;
	double exact = (double)n * percent / 100.0;

	rank = (uint64_t)exact;
	if ((double)rank < exact || rank == 0)
		rank++;
	for (size_t i = 0; i < HDR_BUCKETS; i++) {
		seen += counts[i];
		if (seen >= rank && counts[i] != 0)
			return hdr_middle(i);
	}
	return 0;
}

#endif
