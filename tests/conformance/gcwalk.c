/* gcwalk.c - shows the collector's lists to the conformance tests.
 *
 * Built beside the strategies, never installed.  It finds the lists by the same
 * gcstate.h as they do; that they are the right ones is proved by the tests,
 * which compare the addresses seen here with id() of objects they made.
 *
 * Nothing is allocated on the Python heap during a walk: the addresses go into
 * plain memory first.
 */
#include "gcstate.h"

#include "strategy.h"

#include <stdlib.h>

#if GCSTATE_LINKED

#define LISTS (GCSTATE_GENERATIONS + 1)

/* Fills heads[] with generations 0, 1, 2 and the permanent one.  0 or -1. */
static int find_heads(PyGC_Head *heads[LISTS])
{
	struct gcstate gs;

	if (gcstate_init(&gs) < 0)
		return -1;
	for (int g = 0; g < GCSTATE_GENERATIONS; g++)
		heads[g] = &gs.generations[g].head;
	heads[GCSTATE_GENERATIONS] = gs.permanent;
	return 0;
}

/* A new list of `n` addresses, or NULL. */
static PyObject *address_list(void *const *addresses, Py_ssize_t n)
{
	PyObject *list = PyList_New(n);

	for (Py_ssize_t i = 0; list != NULL && i < n; i++) {
		PyObject *address = PyLong_FromVoidPtr(addresses[i]);

		if (address == NULL)
			Py_CLEAR(list);
		else
			PyList_SET_ITEM(list, i, address);
	}
	return list;
}

static PyObject *walk_lists(PyObject *self, PyObject *unused)
{
	PyGC_Head *heads[LISTS];
	Py_ssize_t sizes[LISTS], total = 0, n = 0;
	void **addresses;
	PyObject *result;

	(void)self;
	(void)unused;
	if (find_heads(heads) < 0)
		return NULL;
	for (int i = 0; i < LISTS; i++) {
		sizes[i] = gcstate_size(heads[i]);
		total += sizes[i];
	}
	addresses = malloc((size_t)(total + 1) * sizeof *addresses);
	if (addresses == NULL)
		return PyErr_NoMemory();
	for (int i = 0; i < LISTS; i++)
		for (PyGC_Head *g = GC_NEXT_OF(heads[i]); g != heads[i];
		     g = GC_NEXT_OF(g))
			addresses[n++] = g + 1; /* the object follows */

	result = PyList_New(LISTS);
	n = 0;
	for (int i = 0; result != NULL && i < LISTS; i++) {
		PyObject *list = address_list(addresses + n, sizes[i]);

		n += sizes[i];
		if (list == NULL)
			Py_CLEAR(result);
		else
			PyList_SET_ITEM(result, i, list);
	}
	free(addresses);
	return result;
}

static PyObject *walk_validate(PyObject *self, PyObject *unused)
{
	PyGC_Head *heads[LISTS];
	PyObject *result;

	(void)self;
	(void)unused;
	if (find_heads(heads) < 0)
		return NULL;
	result = PyList_New(LISTS);
	for (int i = 0; result != NULL && i < LISTS; i++)
		PyList_SET_ITEM(result, i,
				PyBool_FromLong(gcstate_is_valid(heads[i])));
	return result;
}

static PyObject *walk_check_layout(PyObject *self, PyObject *args)
{
	struct gcstate gs;
	int thresholds[GCSTATE_GENERATIONS];
	long offset;
	const char *why;

	(void)self;
	if (!PyArg_ParseTuple(args, "l", &offset) || gcstate_init(&gs) < 0)
		return NULL;
	for (int g = 0; g < GCSTATE_GENERATIONS; g++)
		thresholds[g] = gs.generations[g].threshold;
	why = gcstate_check((char *)gs.generations + offset, thresholds);
	if (why == NULL)
		Py_RETURN_NONE;
	return Py_BuildValue("s", why);
}

#else

/* What there is instead of lists to look at. */
static PyObject *walk_nothing(void)
{
	PyErr_SetString(PyExc_NotImplementedError, GCSTATE_WHY_NOT);
	return NULL;
}

static PyObject *walk_lists(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	return walk_nothing();
}

#define walk_validate walk_lists
#define walk_check_layout walk_lists

#endif

static PyObject *walk_linked(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	return PyBool_FromLong(GCSTATE_LINKED);
}

static PyObject *walk_debug(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
#ifdef PERMAFROST_DEBUG
	Py_RETURN_TRUE;
#else
	Py_RETURN_FALSE;
#endif
}

static PyMethodDef gcwalk_methods[] = {
	{ "lists", walk_lists, METH_NOARGS,
	  "lists(): four lists of the addresses of all tracked objects, of "
	  "generations 0, 1, 2 and the permanent one." },
	{ "validate", walk_validate, METH_NOARGS,
	  "validate(): for each of the four, whether all links agree." },
	{ "check_layout", walk_check_layout, METH_VARARGS,
	  "check_layout(offset): what gcstate_check() says of an array that is "
	  "taken to lie `offset` bytes beside the true one; None: plausible." },
	{ "linked", walk_linked, METH_NOARGS,
	  "linked(): whether this collector keeps generations as lists." },
	{ "debug", walk_debug, METH_NOARGS,
	  "debug(): whether this build validates lists around each splice, which "
	  "takes its time." },
	{ NULL, NULL, 0, NULL }
};

MODULE_INIT(gcwalk,
	    module_create("gcwalk", "The collector's lists, for the tests.",
			  gcwalk_methods))
