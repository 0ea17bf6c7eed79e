/* none.c - the baseline: the heap is forked as the application left it. */
#include "gccall.h"
#include "strategy.h"

static int none_before_fork(struct strategy_use *use)
{
	(void)use;
	return 0;
}

static const struct strategy none = {
	.abi = STRATEGY_ABI,
	.name = "none",
	.summary = "leave the collector and the heap alone (the baseline)",
	.supported = gccall_supported,
	.before_fork = none_before_fork,
};

PERMAFROST_STRATEGY(none, none)
