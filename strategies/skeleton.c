/* skeleton.c - the manual for the next strategy; built and tested like the
 * others.  To make your own:
 *
 *  1. copy this file to strategies/NAME.c (dashes of the name as underscores);
 *  2. add NAME to STRATEGIES in strategies/Makemodule.am;
 *  3. run make.  `harness list strategies` shows it, `make check` tests it on
 *     every interpreter, and `harness run --strategy=NAME` measures it.
 *
 * What a hook may do and where it runs stands in strategy.h.  A strategy that
 * touches the collector's lists does so through gcstate.h only; one that needs
 * nothing but the gc module finds the calls in gccall.h.
 *
 * This one counts, in saved[], how often each hook ran.
 */
#include "strategy.h"

/* Arguments: `skeleton:7` or `skeleton:limit=7`.  Without any, fallback is
 * read.  A NULL fallback makes the argument required. */
static const struct strategy_option skeleton_options[] = {
	{
		.name = "limit",
		.help = "a whole number up to 100, to show an argument",
		.kind = OPTION_INT,
		.minimum = 0,
		.maximum = 100,
		.fallback = "1",
		.keyed = 1,
	},
	{ .name = NULL },
};

/* Says why not, as data, when the interpreter or the host lacks something:
 * such a cell is then listed as unsupported instead of failing. */
static const char *skeleton_supported(void)
{
#ifdef PYPY_VERSION
	return "needs CPython's heap";
#else
	return NULL;
#endif
}

static int skeleton_before_warm(struct strategy_use *use)
{
	use->saved[0]++;
	return 0;
}

/* The one required hook.  -1 with an exception set makes the cell fail with
 * that exception as its reason. */
static int skeleton_before_fork(struct strategy_use *use)
{
	if (use->saved[1] >= use->args[0].value) {
		PyErr_SetString(PyExc_RuntimeError,
				"skeleton: the limit is reached");
		return -1;
	}
	use->saved[1]++;
	return 0;
}

static int skeleton_after_fork_child(struct strategy_use *use)
{
	use->saved[2]++;
	return 0;
}

static int skeleton_after_request(struct strategy_use *use)
{
	use->saved[3]++;
	return 0;
}

static int skeleton_before_exit(struct strategy_use *use)
{
	(void)use;
	return 0;
}

static int skeleton_undo(struct strategy_use *use)
{
	use->saved[1] = 0;
	return 0;
}

static Py_ssize_t skeleton_count(struct strategy_use *use)
{
	return use->saved[1];
}

/* The table last, so that nothing needs a forward declaration.  Leave out the
 * hooks that you do not need: absent ones cost nothing. */
static const struct strategy skeleton = {
	.abi = STRATEGY_ABI,
	.name = "skeleton",
	.summary = "does nothing; the commented template for a new strategy",
	.options = skeleton_options,
	.supported = skeleton_supported,
	.before_warm = skeleton_before_warm,
	.before_fork = skeleton_before_fork,
	.after_fork_child = skeleton_after_fork_child,
	.after_request = skeleton_after_request,
	.before_exit = skeleton_before_exit,
	.undo = skeleton_undo,
	.count = skeleton_count,
};

PERMAFROST_STRATEGY(skeleton, skeleton)
