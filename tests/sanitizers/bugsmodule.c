/* bugsmodule.c - an extension with the bugs of bugs.h: bugsmodule.commit(name). */
#include <Python.h>

#include "strategy.h"

#include "bugs.h"

static PyObject *commit(PyObject *self, PyObject *args)
{
	const char *name;

	(void)self;
	if (!PyArg_ParseTuple(args, "s", &name))
		return NULL;
	return PyBool_FromLong(commit_bug(name));
}

static PyMethodDef methods[] = { { "commit", commit, METH_VARARGS,
				   "Does what no program should." },
				 { NULL, NULL, 0, NULL } };

MODULE_INIT(bugsmodule,
	    module_create("bugsmodule", "Bugs on purpose.", methods))
