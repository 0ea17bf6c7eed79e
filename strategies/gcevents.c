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
#include <unistd.h>

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

/* Whether this is the process that the slot belongs to: one that a request has
 * forked inherits the hook, but its collections are not the worker's. */
static int is_ours(void)
{
	return recording->pid == getpid();
}

static void collection_begins(int generation)
{
	if (!is_ours())
		return;
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

	if (!is_ours())
		return;
	if (g < 0) {
		recording->gc_unmatched++;
		return;
	}
	recording->gc_faults += (uint64_t)(minor_faults() - open_faults);
	recording->collections[g]++;
	recording->gc_ns[g] += took;
	if (took > recording->gc_max_ns[g])
		recording->gc_max_ns[g] = took;
	gcevents_count(recording->pauses[g], took, &recording->gc_overflow);
	open_generation = -1;
}

/* What a stack or the program did to the collector's counts so far is no missed
 * collection. */
static void baseline(void);

void gcevents_redirect(struct shm_process *slot)
{
	if (recording != NULL)
		slot->gc_source = recording->gc_source;
	recording = slot;
	open_generation = -1;
	baseline();
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

static void baseline(void)
{
}

/* The interpreter's list and our entry in it; never released. */
static PyObject *callbacks, *function;

int gcevents_start(struct shm_process *slot)
{
	PyObject *gc = gcstate_module();

	if (gc == NULL)
		return -1;
	slot->gc_source = SHM_GC_CALLBACKS;
	recording = slot;
	callbacks = PyObject_GetAttrString(gc, "callbacks");
	function = PyCFunction_New(&on_event_def, NULL);
	Py_DECREF(gc);
	if (callbacks == NULL || function == NULL)
		return -1;
	return PyList_Append(callbacks, function);
}

/* A program that empties gc.callbacks gets our entry back; what was missed in
 * between is told as lost. */
int gcevents_refresh(void)
{
	for (Py_ssize_t i = 0; i < PyList_Size(callbacks); i++)
		if (PyList_GetItem(callbacks, i) == function)
			return 0;
	recording->gc_unmatched++;
	return PyList_Append(callbacks, function);
}

#else /* USE_DEBUG_STATS */

/* The stand-in: everything but `write` is the real file's. */
struct stderr_object {
	PyObject_HEAD
	PyObject *real;			/* owned; what sys.stderr was */
};

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

static void remember_counts(void);

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
		if (state == COUNTING)	/* the program wrote that line before */
			lists_back(&lists);
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
		remember_counts();
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

/* Collections of the younger generations since an older one, as the collector
 * counts them.  They change in collections only, so a change that no event told
 * is a collection that was missed. */
static int known_counts[2];

/* A full collection puts both counts to 0, where they may have been before.  So
 * an object of ours notices that a collection looks at it.  It ends up in the
 * oldest generation, where only full ones do. */
static PyObject *sentinel;
static int sentinel_was_seen;

static int sentinel_traverse(PyObject *self, visitproc visit, void *arg)
{
	(void)self;
	(void)visit;
	(void)arg;
	sentinel_was_seen = 1;
	return 0;
}

static PyTypeObject sentinel_type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "permafrost.probe.sentinel",
	.tp_basicsize = sizeof(PyObject),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_doc = "Notices that a collection looks at it.",
	.tp_traverse = sentinel_traverse,
};

static void remember_counts(void)
{
	known_counts[0] = lists.generations[1].count;
	known_counts[1] = lists.generations[2].count;
	sentinel_was_seen = 0;
}

/* A new sentinel, since a stack may have frozen the one before;
 * that one lives on. */
static void plant_sentinel(void)
{
	sentinel = PyObject_GC_New(PyObject, &sentinel_type);
	if (sentinel != NULL)
		PyObject_GC_Track(sentinel);
	else
		PyErr_Clear();
}

static void baseline(void)
{
	plant_sentinel();
	remember_counts();
}

static int debug_flags(PyObject *gc)
{
	PyObject *flags = PyObject_CallMethod(gc, (char *)"get_debug", NULL);
	long value = flags != NULL ? PyInt_AsLong(flags) : -1;

	Py_XDECREF(flags);
	return (int)value;
}

#define DEBUG_STATS 1	/* gc.DEBUG_STATS */

/* Puts DEBUG_STATS back if the program has taken it away.  0 or -1. */
static int refresh_flags(void)
{
	PyObject *gc = gcstate_module(), *result = NULL;
	int flags = gc != NULL ? debug_flags(gc) : -1;

	if (flags >= 0 && !(flags & DEBUG_STATS)) {
		recording->gc_unmatched++;
		result = PyObject_CallMethod(gc, (char *)"set_debug",
					     (char *)"i", flags | DEBUG_STATS);
		flags = result != NULL ? flags : -1;
		Py_XDECREF(result);
	}
	Py_XDECREF(gc);
	return flags < 0 ? -1 : 0;
}

/* Puts a new stand-in before a sys.stderr that is none.  The program may have
 * wrapped an older one, so that one keeps what is behind it. */
static int refresh_stderr(void)
{
	PyObject *now = PySys_GetObject((char *)"stderr");	/* borrowed */
	struct stderr_object *stand_in;
	int result;

	if (now == NULL || Py_TYPE(now) == &stderr_type)
		return 0;
	stand_in = PyObject_New(struct stderr_object, &stderr_type);
	if (stand_in == NULL)
		return -1;
	Py_INCREF(now);
	stand_in->real = now;
	result = PySys_SetObject((char *)"stderr", (PyObject *)stand_in);
	Py_DECREF(stand_in);
	return result;
}

int gcevents_refresh(void)
{
	if (sentinel_was_seen ||
	    known_counts[0] != lists.generations[1].count ||
	    known_counts[1] != lists.generations[2].count) {
		recording->gc_unmatched++;
		remember_counts();
	}
	return refresh_flags() < 0 ? -1 : refresh_stderr();
}

int gcevents_start(struct shm_process *slot)
{
	PyObject *gc, *result;

	if (gcstate_init(&lists) < 0 || PyType_Ready(&stderr_type) < 0 ||
	    PyType_Ready(&sentinel_type) < 0)
		return -1;
	slot->gc_source = SHM_GC_DEBUG_STATS;
	recording = slot;
	remember_counts();
	gc = gcstate_module();
	if (gc == NULL)
		return -1;
	result = PyObject_CallMethod(gc, (char *)"set_debug", (char *)"i",
				     DEBUG_STATS);
	Py_DECREF(gc);
	Py_XDECREF(result);
	return result != NULL ? refresh_stderr() : -1;
}

#endif
