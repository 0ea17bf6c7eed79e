/* gc_freeze.c - the drop-in module `gc_freeze`.
 *
 * The functions of Yelp's gc_freeze for 2.7 and 3.4-3.6: freeze(), unfreeze(),
 * get_freeze_count(), get_actual_count(); and ensure_disabled(), the context
 * manager of the 3.7 drafts.  From 3.7 the first three are the interpreter's
 * own functions, not copies of them.
 */
#include "gcstate.h"
#include "gccall.h"
#include "strategy.h"

#if !GCSTATE_HAS_FREEZE

static PyObject *gc_freeze_freeze(PyObject *self, PyObject *unused)
{
	struct gcstate gs;

	(void)self;
	(void)unused;
	if (gcstate_init(&gs) < 0)
		return NULL;
	gcstate_freeze(&gs, 0, GCSTATE_GENERATIONS - 1);
	Py_RETURN_NONE;
}

static PyObject *gc_freeze_unfreeze(PyObject *self, PyObject *unused)
{
	struct gcstate gs;

	(void)self;
	(void)unused;
	if (gcstate_init(&gs) < 0)
		return NULL;
	gcstate_unfreeze(&gs);
	Py_RETURN_NONE;
}

static PyObject *gc_freeze_get_freeze_count(PyObject *self, PyObject *unused)
{
	struct gcstate gs;

	(void)self;
	(void)unused;
	if (gcstate_init(&gs) < 0)
		return NULL;
	return PyLong_FromSsize_t(gcstate_size(gs.permanent));
}

#endif

static PyObject *gc_freeze_get_actual_count(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
#if GCSTATE_LINKED
	struct gcstate gs;

	if (gcstate_init(&gs) < 0)
		return NULL;
	return Py_BuildValue("(nnn)", gcstate_size(&gs.generations[0].head),
			     gcstate_size(&gs.generations[1].head),
			     gcstate_size(&gs.generations[2].head));
#else
	PyErr_SetString(PyExc_NotImplementedError, GCSTATE_WHY_NOT);
	return NULL;
#endif
}

/* ensure_disabled(): one object may be entered several times, nested, so the
 * states to return to form a stack of bits. */
struct ensure_disabled {
	PyObject_HEAD unsigned int depth;
	unsigned long long was_enabled;
};

#define ENSURE_DISABLED_DEPTH (8 * (unsigned int)sizeof(unsigned long long))

static PyObject *ensure_disabled_enter(PyObject *object, PyObject *unused)
{
	struct ensure_disabled *self = (struct ensure_disabled *)object;
	PyObject *enabled;
	int was_enabled;

	(void)unused;
	if (self->depth == ENSURE_DISABLED_DEPTH) {
		PyErr_SetString(PyExc_RuntimeError,
				"ensure_disabled() is nested too deeply; "
				"use a new object for each block");
		return NULL;
	}
	enabled = gccall("isenabled");
	if (enabled == NULL)
		return NULL;
	was_enabled = PyObject_IsTrue(enabled);
	Py_DECREF(enabled);
	if (was_enabled < 0 || gccall_void("disable") < 0)
		return NULL;
	self->was_enabled = self->was_enabled << 1 | (unsigned)was_enabled;
	self->depth++;
	Py_INCREF(object);
	return object;
}

static PyObject *ensure_disabled_exit(PyObject *object, PyObject *args)
{
	struct ensure_disabled *self = (struct ensure_disabled *)object;
	int was_enabled;

	(void)args;
	if (self->depth == 0) {
		PyErr_SetString(PyExc_RuntimeError,
				"ensure_disabled(): exit without enter");
		return NULL;
	}
	was_enabled = self->was_enabled & 1;
	self->was_enabled >>= 1;
	self->depth--;
	if (gccall_void(was_enabled ? "enable" : "disable") < 0)
		return NULL;
	Py_RETURN_FALSE;
}

static PyMethodDef ensure_disabled_methods[] = {
	{ "__enter__", ensure_disabled_enter, METH_NOARGS,
	  "Disables the collector." },
	{ "__exit__", ensure_disabled_exit, METH_VARARGS,
	  "Puts the collector into the state it had on entry." },
	{ NULL, NULL, 0, NULL }
};

static PyTypeObject ensure_disabled_type = {
	PyVarObject_HEAD_INIT(NULL, 0).tp_name = "gc_freeze.ensure_disabled",
	.tp_basicsize = sizeof(struct ensure_disabled),
	.tp_flags = Py_TPFLAGS_DEFAULT,
	.tp_doc =
		"A context manager: the collector is disabled in the block and "
		"returns to its earlier state after it.",
	.tp_methods = ensure_disabled_methods,
	.tp_new = PyType_GenericNew,
};

static PyMethodDef gc_freeze_methods[] = {
#if !GCSTATE_HAS_FREEZE
	{ "freeze", gc_freeze_freeze, METH_NOARGS,
	  "Moves all tracked objects into a permanent generation that the "
	  "collector never looks at.  Constant time." },
	{ "unfreeze", gc_freeze_unfreeze, METH_NOARGS,
	  "Moves the permanent generation into the oldest one.  Constant time." },
	{ "get_freeze_count", gc_freeze_get_freeze_count, METH_NOARGS,
	  "Number of objects in the permanent generation.  Walks all of it." },
#endif
	{ "get_actual_count", gc_freeze_get_actual_count, METH_NOARGS,
	  "Numbers of objects in generations 0, 1 and 2.  Walks all of them." },
	{ NULL, NULL, 0, NULL }
};

#if GCSTATE_HAS_FREEZE
/* Puts the interpreter's own functions under our names.  Returns 0 or -1. */
static int delegate(PyObject *module)
{
	static const char *const names[] = { "freeze", "unfreeze",
					     "get_freeze_count" };
	PyObject *gc = PyImport_ImportModule("gc");
	int result = gc != NULL ? 0 : -1;

	for (size_t i = 0; result == 0 && i < sizeof names / sizeof *names;
	     i++) {
		PyObject *function = PyObject_GetAttrString(gc, names[i]);

		if (function == NULL ||
		    PyModule_AddObject(module, names[i], function) < 0) {
			Py_XDECREF(function);
			result = -1;
		}
	}
	Py_XDECREF(gc);
	return result;
}
#endif

static PyObject *gc_freeze_init(void)
{
	static const char doc[] =
		"Hides warmed-up objects from the garbage collector before a "
		"fork, so that workers go on sharing their memory.";
	PyObject *module;

	if (module_check_interpreter("gc_freeze") < 0)
		return NULL;
#if GCSTATE_LINKED
	struct gcstate gs;

	if (gcstate_init(&gs) < 0)
		return NULL;
#endif
	if (PyType_Ready(&ensure_disabled_type) < 0)
		return NULL;
	module = module_create("gc_freeze", doc, gc_freeze_methods);
	if (module == NULL)
		return NULL;
	Py_INCREF(&ensure_disabled_type);
	if (PyModule_AddObject(module, "ensure_disabled",
			       (PyObject *)&ensure_disabled_type) < 0)
		return NULL;
#if GCSTATE_HAS_FREEZE
	if (delegate(module) < 0)
		return NULL;
#endif
	return module;
}

MODULE_INIT(gc_freeze, gc_freeze_init())
