/* disable.c - gc.disable(): no automatic collection until somebody calls
 * gc.enable(), which libraries do. */
#include "gccall.h"
#include "strategy.h"

/* saved[0] tells that the collector was enabled when we disabled it; a second
 * call finds it disabled and leaves that as it is. */
static int disable_before_fork(struct strategy_use *use)
{
	PyObject *enabled = gccall("isenabled");
	int was_enabled;

	if (enabled == NULL)
		return -1;
	was_enabled = PyObject_IsTrue(enabled);
	Py_DECREF(enabled);
	if (was_enabled < 0)
		return -1;
	use->saved[0] |= was_enabled;
	return gccall_void("disable");
}

static int disable_undo(struct strategy_use *use)
{
	int was_enabled = use->saved[0];

	use->saved[0] = 0;
	return was_enabled ? gccall_void("enable") : 0;
}

static const struct strategy disable = {
	.abi = STRATEGY_ABI,
	.name = "disable",
	.summary =
		"gc.disable(): no collection unless the application enables it",
	.supported = gccall_supported,
	.before_fork = disable_before_fork,
	.undo = disable_undo,
};

PERMAFROST_STRATEGY(disable, disable)
