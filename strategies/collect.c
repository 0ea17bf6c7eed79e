/* collect.c - a full collection right before the fork, for stacks such as
 * collect+freeze: garbage of the warm-up is not frozen.  The price: freed
 * blocks inside shared pages, which workers fill and so copy. */
#include "gccall.h"
#include "strategy.h"

static int collect_before_fork(struct strategy_use *use)
{
	(void)use;
	return gccall_void("collect");
}

static const struct strategy collect = {
	.abi = STRATEGY_ABI,
	.name = "collect",
	.summary = "a full collection before the fork (first in a stack)",
	.supported = gccall_supported,
	.before_fork = collect_before_fork,
};

PERMAFROST_STRATEGY(collect, collect)
