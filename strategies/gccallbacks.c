/* gccallbacks.c - sees collections through gc.callbacks, from 3.3 on.
 *
 * The interpreter calls each function in that list with "start" or "stop" and a
 * dict that names the generation (documentation of gc.callbacks), and counts by
 * itself how many collections there were (gc.get_stats(), from 3.4 on).  The
 * difference between its count and what was seen is what was missed, be it that
 * the program emptied the list or that another callback broke the chain.  Only
 * the collection at shutdown calls nobody, and nobody looks after it.
 */
#include "gcstate.h"

#include "gcevents.h"

#if GCSTATE_HAS_CALLBACKS

static struct gcevents_recorder *recorder;
/* The interpreter's list, our entry in it, gc.get_stats, and the two keys that
 * are looked up; never released. */
static PyObject *callbacks, *function, *get_stats, *generation_key, *stats_key;
/* What the interpreter had counted more than we had when all was well. */
static long long surplus;

/* The entry of gc.callbacks. */
static PyObject *on_event(PyObject *self, PyObject *args)
{
	PyObject *phase, *info, *generation;
	long g;

	(void)self;
	if (!PyArg_UnpackTuple(args, "permafrost_gc_event", 2, 2, &phase,
			       &info))
		return NULL;
	if (!PyUnicode_Check(phase) || !PyDict_Check(info)) {
		PyErr_SetString(PyExc_TypeError, "not called by the collector");
		return NULL;
	}
	if (PyUnicode_CompareWithASCIIString(phase, "stop") == 0) {
		gcevents_end(recorder);
	} else if (PyUnicode_CompareWithASCIIString(phase, "start") == 0) {
		generation = PyDict_GetItem(info, generation_key);
		g = generation != NULL ? PyLong_AsLong(generation) : -1;
		if (g >= 0 && g < SHM_GENERATIONS)
			gcevents_begin(recorder, (int)g);
	}
	Py_RETURN_NONE;
}

static PyMethodDef on_event_def = {
	"permafrost_gc_event", on_event, METH_VARARGS,
	"Records the beginning and the end of each collection."
};

/* Collections that the interpreter has counted less those that we have, or
 * already know to be missed.  Returns 0, or -1 with an exception set. */
static int count_surplus(long long *n)
{
	const struct shm_process *p = recorder->into;
	PyObject *stats = PyObject_CallObject(get_stats, NULL);

	if (stats == NULL)
		return -1;
	*n = 0;
	for (Py_ssize_t i = 0; i < PyList_Size(stats); i++) {
		PyObject *of_one = PyList_GetItem(stats, i);
		PyObject *count = PyDict_GetItem(of_one, stats_key);

		*n += count != NULL ? PyLong_AsLongLong(count) : 0;
	}
	Py_DECREF(stats);
	for (int g = 0; g < SHM_GENERATIONS; g++)
		*n -= (long long)p->collections[g];
	*n -= (long long)p->gc_unmatched;
	return PyErr_Occurred() ? -1 : 0;
}

static int baseline(void)
{
	return recorder->into != NULL ? count_surplus(&surplus) : 0;
}

static int audit(void)
{
	long long now;

	if (recorder->into == NULL)
		return 0;
	if (count_surplus(&now) < 0)
		return -1;
	if (now > surplus)
		gcevents_lost(recorder, (uint64_t)(now - surplus));
	else
		surplus = now; /* a collection of which both halves are known */
	return 0;
}

static int refresh(void)
{
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(callbacks); i++)
		if (PyList_GET_ITEM(callbacks, i) == function)
			return 0;
	return PyList_Append(callbacks, function);
}

static int start(struct gcevents_recorder *reports_to)
{
	PyObject *gc = gcstate_module();

	if (gc == NULL)
		return -1;
	recorder = reports_to;
	callbacks = PyObject_GetAttrString(gc, "callbacks");
	get_stats = PyObject_GetAttrString(gc, "get_stats");
	function = PyCFunction_New(&on_event_def, NULL);
	generation_key = PyUnicode_InternFromString("generation");
	stats_key = PyUnicode_InternFromString("collections");
	Py_DECREF(gc);
	if (callbacks == NULL || get_stats == NULL || function == NULL ||
	    generation_key == NULL || stats_key == NULL)
		return -1;
	if (!PyList_CheckExact(callbacks)) {
		PyErr_SetString(PyExc_TypeError, "gc.callbacks is no list");
		return -1;
	}
	if (PyList_Append(callbacks, function) < 0)
		return -1;
	return baseline();
}

const struct gcevents_way gccallbacks_way = {
	.source = SHM_GC_CALLBACKS,
	.start = start,
	.baseline = baseline,
	.refresh = refresh,
	.audit = audit,
};

#else

const struct gcevents_way gccallbacks_way = {
	.source = SHM_GC_CALLBACKS,
	.why_not = "gc.callbacks exist from 3.3 on",
};

#endif
