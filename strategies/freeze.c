/* freeze.c - the full freeze: every tracked object leaves the collector's
 * sight, so no collection in a worker writes its header.
 *
 * From 3.7 this is the interpreter's own gc.freeze().  Before, the same splice
 * into a permanent generation of ours (gcstate.h).
 */
#include "gcstate.h"
#include "gccall.h"
#include "permanent.h"
#include "strategy.h"

#if GCSTATE_HAS_FREEZE

/* gc.freeze and gc.unfreeze, looked up at import and never released.  Their C
 * functions are called directly: the freeze itself takes a few nanoseconds, a
 * call through the interpreter ten times that. */
static PyObject *interpreters_freeze, *interpreters_unfreeze;

/* Looks up gc.NAME.  A new reference, or NULL with an exception set. */
static PyObject *look_up(PyObject *gc, const char *name)
{
	PyObject *function = PyObject_GetAttrString(gc, name);

	if (function != NULL &&
	    (!PyCFunction_Check(function) ||
	     PyCFunction_GET_FLAGS(function) != METH_NOARGS)) {
		PyErr_Format(PyExc_ImportError,
			     "permafrost: gc.%s is not the "
			     "interpreter's own function",
			     name);
		Py_CLEAR(function);
	}
	return function;
}

static int freeze_check(void)
{
	PyObject *gc = PyImport_ImportModule("gc");

	if (gc == NULL)
		return -1;
	interpreters_freeze = look_up(gc, "freeze");
	interpreters_unfreeze = interpreters_freeze != NULL ?
		look_up(gc, "unfreeze") :
		NULL;
	Py_DECREF(gc);
	return interpreters_unfreeze != NULL ? 0 : -1;
}

/* Calls one of the two.  Returns 0, or -1 with an exception set. */
static int call(PyObject *function)
{
	PyObject *result = PyCFunction_GET_FUNCTION(function)(
		PyCFunction_GET_SELF(function), NULL);

	Py_XDECREF(result);
	return result != NULL ? 0 : -1;
}

static int freeze_before_fork(struct strategy_use *use)
{
	(void)use;
	return call(interpreters_freeze);
}

static int freeze_undo(struct strategy_use *use)
{
	(void)use;
	return call(interpreters_unfreeze);
}

static Py_ssize_t freeze_count(struct strategy_use *use)
{
	(void)use;
	return gccall_number("get_freeze_count");
}

#else

#define freeze_check permanent_check
#define freeze_undo permanent_undo
#define freeze_count permanent_count

static int freeze_before_fork(struct strategy_use *use)
{
	(void)use;
	return permanent_freeze(0, GCSTATE_GENERATIONS - 1);
}

#endif

static const struct strategy freeze = {
	.abi = STRATEGY_ABI,
	.name = "freeze",
	.summary = "move every tracked object into the permanent generation",
	.supported = gccall_supported,
	.check = freeze_check,
	.before_fork = freeze_before_fork,
	.undo = freeze_undo,
	.count = freeze_count,
};

PERMAFROST_STRATEGY(freeze, freeze)
