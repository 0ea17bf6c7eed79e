/* tuned.c - other collection thresholds, from the fork on. */
#include "gccall.h"
#include "strategy.h"

#include <limits.h>

#define THRESHOLD(n, what)                                                     \
	{                                                                      \
		.name = (n), .help = (what), .kind = OPTION_INT, .minimum = 0, \
		.maximum = INT_MAX,                                            \
	}

static const struct strategy_option tuned_options[] = {
	THRESHOLD("threshold0",
		  "net allocations before generation 0 is collected"),
	THRESHOLD("threshold1",
		  "collections of generation 0 per one of generation 1"),
	THRESHOLD("threshold2",
		  "collections of generation 1 per one of generation 2"),
	{ .name = NULL },
};

static int tuned_before_fork(struct strategy_use *use)
{
	int t[3];

	for (int i = 0; i < 3; i++)
		t[i] = (int)use->args[i].value;
	return gccall_change_threshold(use, t);
}

static const struct strategy tuned = {
	.abi = STRATEGY_ABI,
	.name = "tuned",
	.summary = "gc.set_threshold(T0, T1, T2): collect more or less often",
	.options = tuned_options,
	.supported = gccall_supported,
	.before_fork = tuned_before_fork,
	.undo = gccall_restore_threshold,
};

PERMAFROST_STRATEGY(tuned, tuned)
