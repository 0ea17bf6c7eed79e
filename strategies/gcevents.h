/* gcevents.h - sees each collection begin and end, on every CPython. */
#ifndef PERMAFROST_GCEVENTS_H
#define PERMAFROST_GCEVENTS_H

#include <Python.h>

#include "shm.h"

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t gcevents_now(void);

/* Starts recording into `slot`, which must stay valid.  Returns 0, or -1 with
 * an exception set. */
int gcevents_start(struct shm_process *slot);

/* Records into `slot` from now on: for a worker right after the fork. */
void gcevents_redirect(struct shm_process *slot);

/* Makes sure that recording goes on although the application may have replaced
 * what it hangs on.  Cheap; called between requests.  Returns 0, or -1 with an
 * exception set. */
int gcevents_refresh(void);

/* Adds one value to a histogram, or to `overflow`. */
static inline void gcevents_count(uint64_t counts[HDR_BUCKETS], uint64_t value,
				  uint64_t *overflow)
{
	if (value <= HDR_MAX_VALUE)
		counts[hdr_index(value)]++;
	else
		++*overflow;
}

#endif
