/* countcalls.c - calls that callgrind counts, and nothing else of the process:
 * bench/instructions.sh names countcalls_counted() to --toggle-collect. */
#include "strategy.h"

/* PyObject_CallObject() in a function that the compiler leaves one. */
__attribute__((noinline, noclone)) static PyObject *
countcalls_counted(PyObject *function)
{
	PyObject *result = PyObject_CallObject(function, NULL);

	__asm__ volatile("" ::: "memory"); /* no jump instead of the call */
	return result;
}

static PyObject *countcalls_count(PyObject *self, PyObject *function)
{
	(void)self;
	return countcalls_counted(function);
}

static PyMethodDef methods[] = {
	{ "count", countcalls_count, METH_O,
	  "count(function): function(), whose instructions callgrind counts." },
	{ NULL, NULL, 0, NULL }
};

MODULE_INIT(countcalls,
	    module_create("countcalls", "Calls to be counted.", methods))
