/* gcevents.c - sees each collection begin and end.
 *
 * From 3.3 the interpreter calls gc.callbacks.  2.7 has nothing of the kind,
 * but with gc.DEBUG_STATS its collect() writes to sys.stderr, in this order:
 *
 *   "gc: collecting generation G...\n"
 *   "gc: objects in each generation:", then " N" three times: it walks all
 *   lists to count them, which would dominate every young collection
 *   "\n"
 *   ... the collection ...
 *   "gc: done...", and parts of that line up to its "\n"
 *
 * (Modules/gcmodule.c, collect(); the same up to 3.6.)  A stand-in for
 * sys.stderr with a write method in C therefore sees it all.  At the first
 * message it moves the three lists aside, so that there is nothing to count,
 * and at the newline it puts them back and starts the clock.  No Python code
 * runs in between and the GIL is held, so nobody sees the lists empty.
 * Objects born in between (the message texts) stay behind those put back.
 */
#include "gcstate.h"

#include "gcevents.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define USE_DEBUG_STATS (PY_VERSION_HEX < 0x03030000)

static struct shm_process *recording;	/* NULL: not recording */
static int open_generation = -1;	/* generation being collected, or -1 */
static uint64_t open_since;
static long open_faults;

uint64_t gcevents_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt;
}

static void collection_begins(int generation)
{
	if (open_generation >= 0)
		recording->gc_unmatched++;
	open_generation = generation;
	open_faults = minor_faults();
	open_since = gcevents_now();
}

static void collection_ends(void)
{
	uint64_t took = gcevents_now() - open_since;
	int g = open_generation;

	if (g < 0) {
		recording->gc_unmatched++;
		return;
	}
	recording->gc_faults += (uint64_t)(minor_faults() - open_faults);
	recording->collections[g]++;
	recording->gc_ns[g] += took;
	if (took > recording->gc_max_ns)
		recording->gc_max_ns = took;
	gcevents_count(recording->pauses[g], took, &recording->gc_overflow);
	open_generation = -1;
}

void gcevents_redirect(struct shm_process *slot)
{
	if (recording != NULL)
		slot->gc_source = recording->gc_source;
	recording = slot;
	open_generation = -1;
}

#if !USE_DEBUG_STATS

/* The entry of gc.callbacks: called with "start" or "stop" and a dict. */
static PyObject *on_event(PyObject *self, PyObject *args)
{
	const char *phase;
	PyObject *info, *generation;

	(void)self;
	if (!PyArg_ParseTuple(args, "sO!", &phase, &PyDict_Type, &info))
		return NULL;
	if (strcmp(phase, "start") == 0) {
		generation = PyDict_GetItemString(info, "generation");
		if (generation != NULL) {
			long g = PyLong_AsLong(generation);

			if (g >= 0 && g < SHM_GENERATIONS)
				collection_begins((int)g);
		}
	} else if (strcmp(phase, "stop") == 0) {
		collection_ends();
	}
	Py_RETURN_NONE;
}

static PyMethodDef on_event_def = {
	"permafrost_gc_event", on_event, METH_VARARGS,
	"Records the beginning and the end of each collection."
};

int gcevents_start(struct shm_process *slot)
{
	PyObject *gc, *callbacks = NULL, *function = NULL;
	int result = -1;

	slot->gc_source = SHM_GC_CALLBACKS;
	recording = slot;
	gc = gcstate_module();
	if (gc == NULL)
		return -1;
	callbacks = PyObject_GetAttrString(gc, "callbacks");
	function = PyCFunction_New(&on_event_def, NULL);
	if (callbacks != NULL && function != NULL)
		result = PyList_Append(callbacks, function);
	Py_XDECREF(function);
	Py_XDECREF(callbacks);
	Py_DECREF(gc);
	return result;
}

int gcevents_refresh(void)
{
	return 0;
}

#else /* USE_DEBUG_STATS */

/* The stand-in: everything but `write` is the real file's. */
struct stderr_object {
	PyObject_HEAD
	PyObject *real;			/* owned; what sys.stderr was */
};

static struct stderr_object *stand_in;
static PyGC_Head aside[GCSTATE_GENERATIONS];
static enum { IDLE, COUNTING, COLLECTING, ENDING } state;

static void lists_aside(struct gcstate *gs)
{
	for (int g = 0; g < GCSTATE_GENERATIONS; g++) {
		gcstate_list_init(&aside[g]);
		gcstate_merge(&gs->generations[g].head, &aside[g]);
	}
}

static void lists_back(struct gcstate *gs)
{
	for (int g = 0; g < GCSTATE_GENERATIONS; g++) {
		gcstate_merge(&gs->generations[g].head, &aside[g]);
		gcstate_merge(&aside[g], &gs->generations[g].head);
	}
}

static struct gcstate lists;

/* Takes one message of the collector.  Returns whether it was one. */
static int take_message(const char *text)
{
	static const char begin[] = "gc: collecting generation ";
	static const char counts[] = "gc: objects in each generation:";
	static const char done[] = "gc: done";
	static int generation;

	if (strncmp(text, begin, sizeof begin - 1) == 0) {
		generation = text[sizeof begin - 1] - '0';
		if (generation < 0 || generation >= SHM_GENERATIONS)
			return 0;
		lists_aside(&lists);
		state = COUNTING;
		return 1;
	}
	if (state == COUNTING) {
		int ours = strncmp(text, counts, sizeof counts - 1) == 0 ||
			(text[0] == ' ' && text[1] >= '0' && text[1] <= '9');

		if (ours)
			return 1;
		/* The newline ends the counting.  Anything else means that the
		 * program itself wrote the first message: no collection. */
		lists_back(&lists);
		state = strcmp(text, "\n") == 0 ? COLLECTING : IDLE;
		if (state == COLLECTING)
			collection_begins(generation);
		return state == COLLECTING;
	}
	if (state == COLLECTING && strncmp(text, done, sizeof done - 1) == 0) {
		collection_ends();
		state = strchr(text, '\n') != NULL ? IDLE : ENDING;
		return 1;
	}
	if (state == ENDING) {
		if (strchr(text, '\n') != NULL)
			state = IDLE;
		return 1;
	}
	return 0;
}

static PyObject *stderr_write(PyObject *self, PyObject *text)
{
	if (PyString_Check(text) && take_message(PyString_AS_STRING(text)))
		Py_RETURN_NONE;
	return PyObject_CallMethod(((struct stderr_object *)self)->real,
				   (char *)"write", (char *)"O", text);
}

static PyMethodDef stderr_write_def = { "write", stderr_write, METH_O, NULL };

static PyObject *stderr_getattr(PyObject *self, PyObject *name)
{
	if (PyString_Check(name) &&
	    strcmp(PyString_AS_STRING(name), "write") == 0)
		return PyCFunction_New(&stderr_write_def, self);
	return PyObject_GetAttr(((struct stderr_object *)self)->real, name);
}

static int stderr_setattr(PyObject *self, PyObject *name, PyObject *value)
{
	return PyObject_SetAttr(((struct stderr_object *)self)->real, name,
				value);
}

static void stderr_dealloc(PyObject *self)
{
	Py_XDECREF(((struct stderr_object *)self)->real);
	PyObject_Del(self);
}

static PyTypeObject stderr_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "permafrost.probe.stderr",
	.tp_basicsize = sizeof(struct stderr_object),
	.tp_flags = Py_TPFLAGS_DEFAULT,
	.tp_doc = "sys.stderr, less the collector's own messages.",
	.tp_dealloc = stderr_dealloc,
	.tp_getattro = stderr_getattr,
	.tp_setattro = stderr_setattr,
};

int gcevents_refresh(void)
{
	PyObject *now = PySys_GetObject((char *)"stderr");	/* borrowed */
	PyObject *before;

	if (now == NULL || now == (PyObject *)stand_in)
		return 0;
	before = stand_in->real;
	Py_INCREF(now);
	stand_in->real = now;
	Py_XDECREF(before);
	return PySys_SetObject((char *)"stderr", (PyObject *)stand_in);
}

int gcevents_start(struct shm_process *slot)
{
	PyObject *gc, *result;

	if (gcstate_init(&lists) < 0 || PyType_Ready(&stderr_type) < 0)
		return -1;
	stand_in = PyObject_New(struct stderr_object, &stderr_type);
	if (stand_in == NULL)
		return -1;
	stand_in->real = NULL;
	slot->gc_source = SHM_GC_DEBUG_STATS;
	recording = slot;
	if (gcevents_refresh() < 0)
		return -1;
	gc = gcstate_module();
	if (gc == NULL)
		return -1;
	result = PyObject_CallMethod(gc, (char *)"set_debug", (char *)"i", 1);
	Py_DECREF(gc);
	Py_XDECREF(result);
	return result != NULL ? 0 : -1;
}

#endif
