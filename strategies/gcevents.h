/* gcevents.h - sees each collection begin and end, on every CPython.
 *
 * A way is one means of seeing collections: gc.callbacks (gccallbacks.c) or the
 * DEBUG_STATS messages (gcdebug.c).  It reports to a recorder, which matches
 * beginnings and ends and adds them up in a struct shm_process.  Measured runs
 * use one way: gc.callbacks where there are any.  Where both work, the second
 * can watch beside the first, to show that they agree.
 */
#ifndef PERMAFROST_GCEVENTS_H
#define PERMAFROST_GCEVENTS_H

#include <Python.h>

#include "shm.h"

/* What one way has seen.  All zero but `generation`, -1, before it is used. */
struct gcevents_recorder {
	struct shm_process *into; /* NULL: records nothing */
	int generation;		  /* being collected, or -1 */
	uint64_t since;		  /* when that began */
	long faults;		  /* the thread's minor faults then */
};

/* One means of seeing collections.  Its hooks return 0, or -1 with an exception
 * set, and know the recorder from start(). */
struct gcevents_way {
	uint32_t source; /* enum shm_gc_source */
	/* NULL if it works here, else why not; then there are no hooks. */
	const char *why_not;
	/* Reports to `recorder` from now on.  Called once. */
	int (*start)(struct gcevents_recorder *recorder);
	/* Whatever happened so far is no collection missed. */
	int (*baseline)(void);
	/* Goes on although the program may have taken the way away. */
	int (*refresh)(void);
	/* Counts collections that ran but were not seen as unmatched. */
	int (*audit)(void);
};

extern const struct gcevents_way gccallbacks_way, gcdebug_way;

/* For the ways: a collection of `generation` begins, the one that began ends,
 * `n` were missed.  Constant time; no Python code runs. */
void gcevents_begin(struct gcevents_recorder *recorder, int generation);
void gcevents_end(struct gcevents_recorder *recorder);
void gcevents_lost(struct gcevents_recorder *recorder, uint64_t n);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t gcevents_now(void);

/* Starts recording into `slot`, which must stay valid.  Called once.  Returns
 * 0, or -1 with an exception set. */
int gcevents_start(struct shm_process *slot);

/* Starts the second way, which records into `slot` of this process alone.
 * Returns 0, or -1 with an exception set: NotImplementedError where there is
 * only one. */
int gcevents_start_second(struct shm_process *slot);

/* Records into `slot` from now on: for a worker right after the fork, which
 * otherwise records nothing.  Returns 0, or -1 with an exception set. */
int gcevents_redirect(struct shm_process *slot);

/* Makes sure that recording goes on although the application may have replaced
 * what it hangs on.  Cheap; called between requests.  Returns 0, or -1 with an
 * exception set. */
int gcevents_refresh(void);

/* Counts what was missed since the last time as unmatched; called before the
 * harness looks.  Returns 0, or -1 with an exception set. */
int gcevents_audit(void);

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
