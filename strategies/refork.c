/* refork.c - a template that has worked: it serves some requests itself, is
 * collected and frozen, and only then forks its workers.
 *
 * What an application loads lazily and caches comes with its first requests, so
 * every worker makes a copy of its own.  Servers that fork new workers from one
 * that has served for a while (Pitchfork, for Ruby, calls it reforking) share
 * that, too.  The requests must be harmless to repeat, and leave nothing open
 * that processes cannot share: connections, files, locks, threads.
 */
#include "gcstate.h"
#include "gccall.h"
#include "permanent.h"
#include "strategy.h"

static const struct strategy_option refork_options[] = {
	{
		.name = "requests",
		.help = "requests that the template serves before it forks",
		.kind = OPTION_INT,
		.minimum = 1,
		.maximum = 1000000,
		.fallback = "100",
	},
	{ .name = NULL },
};

static long refork_rehearsals(struct strategy_use *use)
{
	return use->args[0].value;
}

static int refork_before_fork(struct strategy_use *use)
{
	(void)use;
	if (gccall_void("collect") < 0)
		return -1;
#if GCSTATE_HAS_FREEZE
	return gccall_void("freeze");
#else
	return permanent_freeze(0, GCSTATE_GENERATIONS - 1);
#endif
}

static int refork_undo(struct strategy_use *use)
{
#if GCSTATE_HAS_FREEZE
	(void)use;
	return gccall_void("unfreeze");
#else
	return permanent_undo(use);
#endif
}

static Py_ssize_t refork_count(struct strategy_use *use)
{
#if GCSTATE_HAS_FREEZE
	(void)use;
	return gccall_number("get_freeze_count");
#else
	return permanent_count(use);
#endif
}

static const struct strategy refork = {
	.abi = STRATEGY_ABI,
	.name = "refork",
	.summary =
		"serve requests before the fork, collect, freeze: pays for lazy loading only",
	.options = refork_options,
	.supported = gccall_supported,
	.rehearsals = refork_rehearsals,
	.before_fork = refork_before_fork,
	.undo = refork_undo,
	.count = refork_count,
};

PERMAFROST_STRATEGY(refork, refork)
