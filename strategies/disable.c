/* disable.c - gc.disable(): no automatic collection until somebody calls
 * gc.enable(), which libraries do. */
#include "gccall.h"
#include "strategy.h"

/* saved[0] tells whether the collector was enabled before. */
static int disable_before_fork(struct strategy_use *use)
{
	PyObject *enabled = gccall("isenabled");

	if (enabled == NULL)
		return -1;
	use->saved[0] = PyObject_IsTrue(enabled);
	Py_DECREF(enabled);
	return use->saved[0] < 0 ? -1 : gccall_void("disable");
}

static int disable_undo(struct strategy_use *use)
{
	return use->saved[0] > 0 ? gccall_void("enable") : 0;
}

static const struct strategy disable = {
	.abi = STRATEGY_ABI,
	.name = "disable",
	.summary = "gc.disable(): no collection unless the application enables it",
	.supported = gccall_supported,
	.before_fork = disable_before_fork,
	.undo = disable_undo,
};

PERMAFROST_STRATEGY(disable, disable)
