/* permanent.h - hooks of strategies that splice into the permanent generation
 * themselves (gcstate.h).  Where that is not possible, there are none. */
#ifndef PERMAFROST_PERMANENT_H
#define PERMAFROST_PERMANENT_H

#include "gcstate.h"
#include "strategy.h"

#if GCSTATE_LINKED

static inline int permanent_check(void)
{
	struct gcstate gs;

	return gcstate_init(&gs);
}

/* Freezes generations `first` to `last`.  0, or -1 with an exception set. */
static inline int permanent_freeze(int first, int last)
{
	struct gcstate gs;

	if (gcstate_init(&gs) < 0)
		return -1;
	gcstate_freeze(&gs, first, last);
	return 0;
}

/* Like gc.unfreeze(): back into the oldest generation, from where the next
 * full collection sees them. */
static inline int permanent_undo(struct strategy_use *use)
{
	struct gcstate gs;

	(void)use;
	if (gcstate_init(&gs) < 0)
		return -1;
	gcstate_unfreeze(&gs);
	return 0;
}

static inline Py_ssize_t permanent_count(struct strategy_use *use)
{
	struct gcstate gs;

	(void)use;
	if (gcstate_init(&gs) < 0)
		return -1;
	return gcstate_size(gs.permanent);
}

#endif

#endif
