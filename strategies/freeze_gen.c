/* freeze_gen.c - freezes some generations only; the others stay collectable.
 *
 * The oldest generation holds what the application loaded and keeps, so it is
 * the default.  What the youngest hold at the fork may still be garbage, which
 * a full freeze would keep for good.
 *
 * Needs the collector's lists (gcstate.h).
 */
#include "gcstate.h"
#include "gccall.h"
#include "permanent.h"
#include "strategy.h"

static const struct strategy_option freeze_gen_options[] = {
	{
		.name = "generations",
		.help = "a generation 0-2, or a range such as 1-2",
		.kind = OPTION_GENERATIONS,
		.minimum = 0,
		.maximum = 2,
		.fallback = "2",
	},
	{ .name = NULL },
};

static const char *freeze_gen_supported(void)
{
	return GCSTATE_WHY_NOT;
}

#if GCSTATE_LINKED

static int freeze_gen_before_fork(struct strategy_use *use)
{
	return permanent_freeze((int)use->args[0].value,
				(int)use->args[0].upper);
}

#define freeze_gen_check permanent_check
#define freeze_gen_undo permanent_undo
#define freeze_gen_count permanent_count

#else

static int freeze_gen_before_fork(struct strategy_use *use)
{
	(void)use;
	PyErr_SetString(PyExc_RuntimeError, GCSTATE_WHY_NOT);
	return -1;
}

#define freeze_gen_check NULL
#define freeze_gen_undo NULL
#define freeze_gen_count NULL

#endif

static const struct strategy freeze_gen = {
	.abi = STRATEGY_ABI,
	.name = "freeze-gen",
	.summary = "move only some generations into the permanent generation",
	.options = freeze_gen_options,
	.supported = freeze_gen_supported,
	.check = freeze_gen_check,
	.before_fork = freeze_gen_before_fork,
	.undo = freeze_gen_undo,
	.count = freeze_gen_count,
};

PERMAFROST_STRATEGY(freeze_gen, freeze_gen)
