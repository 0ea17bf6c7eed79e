/* gccall.h - calls into the interpreter's own gc module, for strategies that
 * need nothing but its public functions. */
#ifndef PERMAFROST_GCCALL_H
#define PERMAFROST_GCCALL_H

#include "strategy.h"

/* `supported` of a strategy that works wherever there is a gc module. */
static inline const char *gccall_supported(void)
{
	return NULL;
}

/* Calls gc.NAME() without arguments.  A new reference, or NULL with an
 * exception set. */
static inline PyObject *gccall(const char *name)
{
	PyObject *gc = PyImport_ImportModule("gc"), *result;

	if (gc == NULL)
		return NULL;
	result = PyObject_CallMethod(gc, (char *)name, NULL);
	Py_DECREF(gc);
	return result;
}

/* The same where the result is of no interest.  Returns 0 or -1. */
static inline int gccall_void(const char *name)
{
	PyObject *result = gccall(name);

	Py_XDECREF(result);
	return result != NULL ? 0 : -1;
}

/* The same where the result is a whole number.  Returns it, or -1 with an
 * exception set. */
static inline Py_ssize_t gccall_number(const char *name)
{
	PyObject *result = gccall(name);
	Py_ssize_t n = result != NULL ?
		PyNumber_AsSsize_t(result, PyExc_OverflowError) :
		-1;

	Py_XDECREF(result);
	return n;
}

/* Reads gc.get_threshold() into t[3].  Returns 0 or -1. */
static inline int gccall_get_threshold(int t[3])
{
	PyObject *tuple = gccall("get_threshold");
	int ok = tuple != NULL &&
		PyArg_ParseTuple(tuple, "iii", &t[0], &t[1], &t[2]);

	Py_XDECREF(tuple);
	return ok ? 0 : -1;
}

/* gc.set_threshold(*t).  Returns 0 or -1. */
static inline int gccall_set_threshold(const int t[3])
{
	PyObject *gc = PyImport_ImportModule("gc"), *result;

	if (gc == NULL)
		return -1;
	result = PyObject_CallMethod(gc, (char *)"set_threshold", (char *)"iii",
				     t[0], t[1], t[2]);
	Py_DECREF(gc);
	Py_XDECREF(result);
	return result != NULL ? 0 : -1;
}

/* For strategies that change the thresholds from the fork on: sets them to t[3]
 * and remembers those before in use->saved[0..2]; saved[3] tells that there is
 * something to go back to.  A second call keeps what the first remembered.
 * Returns 0 or -1. */
static inline int gccall_change_threshold(struct strategy_use *use,
					  const int t[3])
{
	if (!use->saved[3] && gccall_get_threshold(use->saved) < 0)
		return -1;
	use->saved[3] = 1;
	return gccall_set_threshold(t);
}

/* `before_fork` of strategies without automatic collections: sets the first
 * threshold to zero, which also a later gc.enable() leaves as it is.  Returns 0
 * or -1. */
static inline int gccall_stop_automatic(struct strategy_use *use)
{
	int t[3];

	if (gccall_get_threshold(t) < 0)
		return -1;
	t[0] = 0;
	return gccall_change_threshold(use, t);
}

/* Whether that is in force: not yet restored. */
static inline int gccall_stopped_automatic(const struct strategy_use *use)
{
	return use->saved[3];
}

/* Goes back to the remembered thresholds, if any.  Returns 0 or -1. */
static inline int gccall_restore_threshold(struct strategy_use *use)
{
	if (!use->saved[3])
		return 0;
	use->saved[3] = 0;
	return gccall_set_threshold(use->saved);
}

#endif
