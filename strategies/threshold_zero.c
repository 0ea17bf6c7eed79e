/* threshold_zero.c - gc.set_threshold(0): no automatic collection, ever.
 *
 * Unlike gc.disable(), a library that calls gc.enable() does not bring the
 * collector back.  Cyclic garbage is never freed, so workers grow.
 */
#include "gccall.h"
#include "strategy.h"

static int threshold_zero_before_fork(struct strategy_use *use)
{
	int t[3];

	if (gccall_get_threshold(t) < 0)
		return -1;
	t[0] = 0;
	return gccall_change_threshold(use, t);
}

static const struct strategy threshold_zero = {
	.abi = STRATEGY_ABI,
	.name = "threshold-zero",
	.summary = "gc.set_threshold(0): no automatic collection, cycles leak",
	.supported = gccall_supported,
	.before_fork = threshold_zero_before_fork,
	.undo = gccall_restore_threshold,
};

PERMAFROST_STRATEGY(threshold_zero, threshold_zero)
