/* progress.h - tells a person at a terminal how far a run is.  Without a
 * terminal only cells that failed are told. */
#ifndef PERMAFROST_PROGRESS_H
#define PERMAFROST_PROGRESS_H

#include <jansson.h>
#include <stdint.h>

struct progress {
	size_t total, done;
	size_t ok, unsupported, failed; /* so far, those too that were known
					 * beforehand */
	size_t slots;  /* cells that can run at the same time */
	int64_t began; /* CLOCK_MONOTONIC, ns */
	int terminal;
};

void progress_begin(struct progress *p, size_t total, size_t slots);
/* This is what runs now: a cell's key, or a few words. */
void progress_show(struct progress *p, const char *what);
/* A cell has ended with this document. */
void progress_done(struct progress *p, const json_t *document);
void progress_end(struct progress *p);
/* One line that sums it all up, ending in `more`. */
void progress_sum_up(const struct progress *p, const char *more);

#endif
