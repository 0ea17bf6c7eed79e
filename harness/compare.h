/* compare.h - compares two sides of one or two runs, block by block.
 *
 * A block is what both sides have in common: interpreter, workload, its size,
 * workers, requests, the request before the first full collection, and the host.
 */
#ifndef PERMAFROST_COMPARE_H
#define PERMAFROST_COMPARE_H

#include <jansson.h>

#include "util.h"

/* Cells of a run's document (store_export()). */
struct compare_side {
	const json_t *document;
	const char *stack; /* canonical; NULL: each, with the same of the
				 * other side */
	int every;	   /* 0: all repeats; else of those of a block */
	int rest;	   /* the ones at index % every == rest */
};

struct compare_request {
	struct compare_side a, b; /* A is the baseline */
	struct strings metrics;	  /* keys, all known */
	struct strings pythons;	  /* as for --python; none: all */
	struct strings workloads; /* names or paths; none: all */
	unsigned long seed;
	int mixed_hosts; /* compare across hosts, too */
};

/* A new document: {"self_check", "mixed_hosts", "seed", "resamples", "blocks":
 * [{tag, python, ..., "host", "a", "b", "lost_samples", "steady_state", "metrics":
 * [...]}], "left_out", "difference"}; for the last two and "host" see
 * comparesides.h.  Without blocks, the sides have nothing in common. */
json_t *compare_make(const struct compare_request *request);

/* A cell's part of stats_late_change() of its workers' private memory; NAN if
 * not known. */
double compare_late_change(const json_t *cell);

/* Whether a metric is spoilt when samples are lost. */
int compare_needs_samples(const char *metric);

#endif
