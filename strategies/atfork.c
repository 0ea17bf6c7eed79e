/* atfork.c - the module permafrost.atfork: a call right before a server that is
 * written in C forks.
 *
 * uWSGI calls no Python code between loading the application and forking its
 * workers, but fork() itself calls what was registered with pthread_atfork(3), in
 * the process that forks.  glibc does so before it takes the locks of malloc and
 * stdio (__libc_fork() in posix/fork.c, from 2.26 in sysdeps/nptl/), so Python code
 * can run there.
 *
 * The application may fork, too, while it is being loaded (os.fork, subprocess
 * before 3.10): then the forking thread runs Python code, has a frame, and such a
 * fork is left alone.
 */
#include <Python.h>

#include <pthread.h>
#include <pythread.h>

#include "strategy.h"

static PyObject *waiting; /* what to call, owned; NULL: nothing */

/* The thread state whose code runs now, maybe in another thread; or NULL.  Needs
 * no GIL. */
static PyThreadState *running_state(void)
{
#if PY_VERSION_HEX >= 0x030d0000
	return PyThreadState_GetUnchecked();
#elif PY_VERSION_HEX >= 0x03050200
	return _PyThreadState_UncheckedGet();
#elif PY_MAJOR_VERSION >= 3
	return PyGILState_Check() ? PyGILState_GetThisThreadState() : NULL;
#else
	return _PyThreadState_Current;
#endif
}

/* Whether this thread holds the GIL, in whatever interpreter. */
static int holds_gil(void)
{
	PyThreadState *state = running_state();

	return state != NULL &&
		(unsigned long)state->thread_id ==
		(unsigned long)PyThread_get_thread_ident();
}

/* Needs the GIL. */
static void call_waiting(void)
{
	PyObject *function = waiting, *result;

	if (function == NULL || PyEval_GetFrame() != NULL)
		return;
	waiting = NULL;
	result = PyObject_CallObject(function, NULL);
	if (result == NULL)
		PyErr_WriteUnraisable(function);
	Py_XDECREF(result);
	Py_DECREF(function);
}

/* In the parent, before each fork of this process and of those it forks. */
static void before_fork(void)
{
	PyGILState_STATE state;

	if (waiting == NULL || !Py_IsInitialized())
		return;
	if (holds_gil()) {
		call_waiting();
		return;
	}
	state = PyGILState_Ensure();
	call_waiting();
	PyGILState_Release(state);
}

static PyObject *atfork_once(PyObject *self, PyObject *function)
{
	static int registered;
	PyObject *before = waiting;
	int error;

	(void)self;
	if (!PyCallable_Check(function)) {
		PyErr_SetString(PyExc_TypeError, "once() takes a function");
		return NULL;
	}
	if (!registered) {
		error = pthread_atfork(before_fork, NULL, NULL);
		if (error != 0) {
			errno = error;
			return PyErr_SetFromErrno(PyExc_OSError);
		}
		registered = 1;
	}
	Py_INCREF(function);
	waiting = function;
	Py_XDECREF(before);
	Py_RETURN_NONE;
}

static PyMethodDef atfork_methods[] = {
	{ "once", atfork_once, METH_O,
	  "once(function): calls function() right before the next fork that no "
	  "Python code asks for; instead of one that still waits." },
	{ NULL, NULL, 0, NULL }
};

MODULE_INIT(atfork,
	    module_create("atfork", "A call before a server forks.",
			  atfork_methods))
