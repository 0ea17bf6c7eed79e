/* oob.c - out-of-band collection: no automatic collection while a request is
 * served; the worker collects between requests, after every N of them.
 *
 * The collection is a full one.  What is alive between two requests is mostly
 * there to stay, so younger generations would only move it on, and garbage that
 * has grown old would never go.  A full collection walks the whole heap, unless
 * that is frozen: use `freeze+oob:N`, where it walks what the worker has made
 * itself.  Garbage adds up to what N requests leave.
 *
 * Measured on webapp (200 KiB of garbage per request), private MiB per worker
 * on 2.7, 3.11 and 3.13: freeze 71, 53, 45; behind it oob:10 63, 51, 43; oob:30
 * 67, 55, 47; oob:100 81, 69, 61, where one pause is ten times as long too.
 * Hence N is 10.  The price of a small N: on 2.7 a full collection looks at
 * each block of ints, frozen or not, which took 0.5 to 1 ms with objectgraph's
 * 100000 instances; there N should be the larger, the shorter the requests are.
 *
 * Automatic collection is off by gc.set_threshold(0), which a request that
 * calls gc.enable() does not bring back; one that sets thresholds itself does.
 * It is off from before_fork on, in the template too, and back as it was after
 * undo and before_exit; a process forked after those has nothing of this.
 */
#include "gccall.h"
#include "strategy.h"

#include <limits.h>

static const struct strategy_option oob_options[] = {
	{
		.name = "requests",
		.help = "requests between two collections",
		.kind = OPTION_INT,
		.minimum = 1,
		.maximum = INT_MAX,
		.fallback = "10",
	},
	{ .name = NULL },
};

/* saved[4] counts the requests since the last collection; the rest is that of
 * gccall_stop_automatic(). */
static int oob_after_fork_child(struct strategy_use *use)
{
	use->saved[4] = 0;
	return 0;
}

static int oob_after_request(struct strategy_use *use)
{
	if (!gccall_stopped_automatic(use) ||
	    ++use->saved[4] < use->args[0].value)
		return 0;
	use->saved[4] = 0;
	return gccall_void("collect");
}

static const struct strategy oob = {
	.abi = STRATEGY_ABI,
	.name = "oob",
	.summary =
		"collect between requests only, after every N (behind freeze)",
	.options = oob_options,
	.supported = gccall_supported,
	.before_fork = gccall_stop_automatic,
	.after_fork_child = oob_after_fork_child,
	.after_request = oob_after_request,
	.before_exit = gccall_restore_threshold,
	.undo = gccall_restore_threshold,
};

PERMAFROST_STRATEGY(oob, oob)
