/* freeze.c - the full freeze: every tracked object leaves the collector's
 * sight, so no collection in a worker writes its header.
 *
 * From 3.7 this is the interpreter's own gc.freeze().  Before, the same splice
 * into a permanent generation of ours (gcstate.h).
 */
#include "gcstate.h"
#include "gccall.h"
#include "strategy.h"

#if GCSTATE_HAS_FREEZE

static int freeze_before_fork(struct strategy_use *use)
{
	(void)use;
	return gccall_void("freeze");
}

static int freeze_undo(struct strategy_use *use)
{
	(void)use;
	return gccall_void("unfreeze");
}

static Py_ssize_t freeze_count(struct strategy_use *use)
{
	(void)use;
	return gccall_number("get_freeze_count");
}

#define freeze_check NULL

#else

static int freeze_check(void)
{
	struct gcstate gs;

	return gcstate_init(&gs);
}

static int freeze_before_fork(struct strategy_use *use)
{
	struct gcstate gs;

	(void)use;
	if (gcstate_init(&gs) < 0)
		return -1;
	gcstate_freeze(&gs, 0, GCSTATE_GENERATIONS - 1);
	return 0;
}

static int freeze_undo(struct strategy_use *use)
{
	struct gcstate gs;

	(void)use;
	if (gcstate_init(&gs) < 0)
		return -1;
	gcstate_unfreeze(&gs);
	return 0;
}

static Py_ssize_t freeze_count(struct strategy_use *use)
{
	struct gcstate gs;

	(void)use;
	if (gcstate_init(&gs) < 0)
		return -1;
	return gcstate_size(gs.permanent);
}

#endif

static const struct strategy freeze = {
	.abi = STRATEGY_ABI,
	.name = "freeze",
	.summary = "move every tracked object into the permanent generation",
	.supported = gccall_supported,
	.check = freeze_check,
	.before_fork = freeze_before_fork,
	.undo = freeze_undo,
	.count = freeze_count,
};

PERMAFROST_STRATEGY(freeze, freeze)
