/* celltimes.c - pauses and latencies of a cell: what its workers have counted in
 * histograms (hdr.h), summed, as percentiles and as they are.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "cellstate.h"
#include "util.h"

/* A process may have written over its slot, so sums of what is in it stop here:
 * the largest count that a double and the tables (tables.h) can hold. */
#define COUNT_MAX (UINT64_C(1) << 53)

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > COUNT_MAX || b > COUNT_MAX - a ? COUNT_MAX : a + b;
}

/* Sums a histogram over workers into `sum`. */
static void add_counts(uint64_t sum[HDR_BUCKETS],
		       const uint64_t counts[HDR_BUCKETS])
{
	for (size_t i = 0; i < HDR_BUCKETS; i++)
		sum[i] = add(sum[i], counts[i]);
}

/* [[lowest ns of the bucket, count], ...] without empty ones.  New. */
static json_t *histogram_json(const uint64_t counts[HDR_BUCKETS])
{
	json_t *list = json_array();

	for (size_t i = 0; i < HDR_BUCKETS; i++)
		if (counts[i] != 0)
			json_array_append_new(
				list,
				json_pack("[II]", (json_int_t)hdr_lower(i),
					  (json_int_t)counts[i]));
	return list;
}

/* A percentile in us; a bucket's middle may lie above the exact longest value. */
static double percentile_us(const uint64_t counts[HDR_BUCKETS], double percent,
			    uint64_t longest)
{
	uint64_t ns = hdr_percentile(counts, percent);

	return (double)(ns < longest ? ns : longest) / 1e3;
}

static const struct {
	const char *suffix;
	double percent; /* 0: the longest */
} pause_metrics[] = {
	{ "p50_us", 50 },
	{ "p99_us", 99 },
	{ "p999_us", 99.9 },
	{ "max_us", 0 },
};
#define PAUSE_METRICS (sizeof pause_metrics / sizeof *pause_metrics)

/* One figure of a histogram; null when it is empty.  New. */
static json_t *pause_json(const uint64_t counts[HDR_BUCKETS], double percent,
			  uint64_t longest)
{
	if (hdr_total(counts) == 0)
		return json_null();
	return json_real(percent > 0 ? percentile_us(counts, percent, longest) :
				       (double)longest / 1e3);
}

/* Sets gc_PREFIX_p50_us and so on, each `values[i]`, which it takes over. */
static void set_pauses(struct cell *c, const char *prefix,
		       json_t *values[PAUSE_METRICS], int any)
{
	for (size_t i = 0; i < PAUSE_METRICS; i++) {
		char *key = xasprintf("%s_%s", prefix, pause_metrics[i].suffix);

		if (any)
			json_object_set(c->metrics, key, values[i]);
		else
			cellresult_null(c, key,
					"no collection ran in any worker");
		json_decref(values[i]);
		free(key);
	}
}

static void summarize_pauses(struct cell *c, json_t *document)
{
	static uint64_t all[HDR_BUCKETS], one[HDR_BUCKETS];
	uint64_t longest = 0;
	json_t *by_generation = json_array();
	json_t *lists[PAUSE_METRICS], *values[PAUSE_METRICS];

	memset(all, 0, sizeof all);
	for (size_t k = 0; k < PAUSE_METRICS; k++)
		lists[k] = json_array();
	for (int g = 0; g < SHM_GENERATIONS; g++) {
		uint64_t max = 0;

		memset(one, 0, sizeof one);
		for (long i = 1; i <= c->key->workers; i++) {
			const struct shm_process *p = cell_slot(c, i);

			add_counts(one, p->pauses[g]);
			max = p->gc_max_ns[g] > max ? p->gc_max_ns[g] : max;
		}
		add_counts(all, one);
		longest = max > longest ? max : longest;
		json_array_append_new(by_generation, histogram_json(one));
		for (size_t k = 0; k < PAUSE_METRICS; k++)
			json_array_append_new(
				lists[k],
				pause_json(one, pause_metrics[k].percent, max));
	}
	json_object_set_new(document, "pauses", by_generation);
	for (size_t k = 0; k < PAUSE_METRICS; k++)
		values[k] = pause_json(all, pause_metrics[k].percent, longest);
	set_pauses(c, "gc_pause", values, hdr_total(all) > 0);
	set_pauses(c, "gc_generation_pause", lists, hdr_total(all) > 0);
}

static void summarize_requests(struct cell *c, json_t *document)
{
	static uint64_t all[HDR_BUCKETS];
	const struct {
		const char *key;
		double percent;
	} rows[] = {
		{ "request_p50_us", 50 },
		{ "request_p99_us", 99 },
		{ "request_p999_us", 99.9 },
	};

	memset(all, 0, sizeof all);
	for (long i = 1; i <= c->key->workers; i++)
		add_counts(all, cell_slot(c, i)->latencies);
	json_object_set_new(document, "latencies", histogram_json(all));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (hdr_total(all) == 0)
			cellresult_null(c, rows[i].key,
					"no request was served");
		else
			cellresult_real(
				c, rows[i].key,
				(double)hdr_percentile(all, rows[i].percent) /
					1e3);
}

static void count_lost(const struct cell *c, json_t *document)
{
	uint64_t lost = 0;

	for (long i = 1; i <= c->key->workers; i++) {
		const struct shm_process *p = cell_slot(c, i);

		lost = add(lost, p->gc_overflow);
		lost = add(lost, p->gc_unmatched);
		lost = add(lost, p->request_overflow);
	}
	json_object_set_new(document, "lost_samples",
			    json_integer((json_int_t)lost));
}

void celltimes_summarize(struct cell *c, json_t *document)
{
	summarize_pauses(c, document);
	summarize_requests(c, document);
	count_lost(c, document);
}
