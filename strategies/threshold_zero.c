/* threshold_zero.c - gc.set_threshold(0): no automatic collection, ever.
 *
 * Unlike gc.disable(), a library that calls gc.enable() does not bring the
 * collector back.  Cyclic garbage is never freed, so workers grow.
 */
#include "gccall.h"
#include "strategy.h"

static const struct strategy threshold_zero = {
	.abi = STRATEGY_ABI,
	.name = "threshold-zero",
	.summary = "gc.set_threshold(0): no automatic collection, cycles leak",
	.supported = gccall_supported,
	.before_fork = gccall_stop_automatic,
	.undo = gccall_restore_threshold,
};

PERMAFROST_STRATEGY(threshold_zero, threshold_zero)
