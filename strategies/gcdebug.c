/* gcdebug.c - sees collections through their DEBUG_STATS messages: the only way
 * on 2.7, and a second opinion on 3.4-3.6.
 *
 * With gc.DEBUG_STATS the collector's collect() writes to sys.stderr, in this
 * order:
 *
 *   "gc: collecting generation G...\n"
 *   "gc: objects in each generation:", then " N" three times: it walks all
 *   lists to count them, which would dominate every young collection
 *   "\n"
 *   ... the collection ...
 *   "gc: done...", and parts of that line up to its "\n"
 *   ... a full one clears the free lists ...
 *
 * (Modules/gcmodule.c, collect(), 2.7 to 3.6.)  A stand-in for sys.stderr with
 * a write method in C therefore sees it all.  At the first message it moves the
 * three lists aside, so that there is nothing to count, and at the newline it
 * puts them back and starts the clock.  No Python code runs in between and the
 * GIL is held, so nobody sees the lists empty.  Objects born in between (the
 * message texts) stay behind those put back.
 *
 * The free lists belong to the pause: on 2.7 that of ints is found by writing to
 * every block of ints, which in a worker copies their pages and is most of
 * what a full collection of a frozen heap does.  So the last message clears
 * them inside the clock.  Each time, 2.7 turns the order of the blocks round, so
 * they are cleared once more behind the clock: after the collector's own time the
 * memory is as it would be without us.
 */
#include "gcstate.h"

#include "gcevents.h"

#if GCSTATE_TELLS_STEPS

#include <string.h>

#define DEBUG_STATS 1 /* gc.DEBUG_STATS */

static struct gcevents_recorder *recorder;
static struct gcstate lists;
static PyGC_Head aside[GCSTATE_GENERATIONS];
static enum { IDLE, COUNTING, COLLECTING, ENDING } state;
static int generation;			/* unless IDLE */
static PyObject *get_debug, *set_debug; /* of gc; never released */

static void lists_aside(void)
{
	for (int g = 0; g < GCSTATE_GENERATIONS; g++) {
		gcstate_list_init(&aside[g]);
		gcstate_merge(&lists.generations[g].head, &aside[g]);
	}
}

static void lists_back(void)
{
	for (int g = 0; g < GCSTATE_GENERATIONS; g++) {
		gcstate_merge(&lists.generations[g].head, &aside[g]);
		gcstate_merge(&aside[g], &lists.generations[g].head);
	}
}

/* An object of ours in the youngest generation notices that a collection, of
 * whatever generation, examines it.  A seen one then puts it back there. */
static PyObject *sentinel;
static int sentinel_was_examined;

static int sentinel_traverse(PyObject *self, visitproc visit, void *arg)
{
	(void)visit;
	(void)arg;
	if (gcstate_is_examined(self))
		sentinel_was_examined = 1;
	return 0;
}

static PyTypeObject sentinel_type = {
	PyVarObject_HEAD_INIT(NULL, 0).tp_name = "permafrost.probe.sentinel",
	.tp_basicsize = sizeof(PyObject),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_doc = "Notices that a collection looks at it.",
	.tp_traverse = sentinel_traverse,
};

/* Also brings it back from where a strategy has frozen it. */
static void sentinel_to_youngest(void)
{
	PyObject_GC_UnTrack(sentinel);
	PyObject_GC_Track(sentinel);
	sentinel_was_examined = 0;
}

static void tell_missed(void)
{
	if (sentinel_was_examined)
		gcevents_lost(recorder, 1);
	sentinel_was_examined = 0;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int begins_with(const char *text, const char *what)
{
	return strncmp(text, what, strlen(what)) == 0;
}

/* Takes one message of the collector.  Returns whether it was one. */
static int take_message(const char *text)
{
	static const char begin[] = "gc: collecting generation ";

	if (state == IDLE && text[0] != 'g') /* most of what programs write */
		return 0;
	if (begins_with(text, begin)) {
		int g = text[sizeof begin - 1] - '0';

		if (g < 0 || g >= SHM_GENERATIONS)
			return 0;
		if (state == COUNTING) /* the program wrote that line before */
			lists_back();
		generation = g;
		lists_aside();
		state = COUNTING;
		return 1;
	}
	switch (state) {
	case COUNTING:
		if (begins_with(text, "gc: objects in each generation:") ||
		    (text[0] == ' ' && is_digit(text[1])))
			return 1;
		/* The newline ends the counting.  Anything else means that the
		 * program itself wrote the first message: no collection. */
		lists_back();
		state = IDLE;
		if (strcmp(text, "\n") != 0)
			return 0;
		state = COLLECTING;
		tell_missed();
		gcevents_begin(recorder, generation);
		return 1;
	case COLLECTING:
		if (!begins_with(text, "gc: done"))
			return 0;
		if (generation == GCSTATE_GENERATIONS - 1)
			gcstate_clear_free_lists();
		gcevents_end(recorder);
		if (generation == GCSTATE_GENERATIONS - 1)
			gcstate_clear_free_lists(); /* turns them back */
		sentinel_to_youngest();
		state = strchr(text, '\n') != NULL ? IDLE : ENDING;
		return 1;
	case ENDING:
		if (strchr(text, '\n') != NULL)
			state = IDLE;
		return 1;
	default:
		return 0;
	}
}

/* The characters of a text that may be the collector's, else NULL: those are
 * of the one type and ASCII. */
static const char *plain_text(PyObject *text)
{
#if PY_MAJOR_VERSION < 3
	return PyString_Check(text) ? PyString_AS_STRING(text) : NULL;
#else
	if (!PyUnicode_Check(text) || !PyUnicode_IS_READY(text) ||
	    !PyUnicode_IS_ASCII(text))
		return NULL;
	return (const char *)PyUnicode_1BYTE_DATA(text);
#endif
}

/* The stand-in: everything but `write` is the real file's. */
struct stand_in {
	PyObject_HEAD PyObject *real; /* owned; what sys.stderr was */
};

static PyObject *stand_in_write(PyObject *self, PyObject *text)
{
	const char *characters = plain_text(text);

	if (characters != NULL && take_message(characters))
		Py_RETURN_NONE;
	return PyObject_CallMethod(((struct stand_in *)self)->real,
				   (char *)"write", (char *)"(O)", text);
}

static PyMethodDef stand_in_write_def = { "write", stand_in_write, METH_O,
					  NULL };

/* A function for each look-up, since one that is kept would be a cycle with its
 * stand-in; the interpreter takes it from a free list. */
static PyObject *stand_in_getattr(PyObject *self, PyObject *name)
{
	const char *characters = plain_text(name);

	if (characters != NULL && strcmp(characters, "write") == 0)
		return PyCFunction_New(&stand_in_write_def, self);
	return PyObject_GetAttr(((struct stand_in *)self)->real, name);
}

static int stand_in_setattr(PyObject *self, PyObject *name, PyObject *value)
{
	return PyObject_SetAttr(((struct stand_in *)self)->real, name, value);
}

static void stand_in_dealloc(PyObject *self)
{
	Py_XDECREF(((struct stand_in *)self)->real);
	PyObject_Del(self);
}

static PyTypeObject stand_in_type = {
	PyVarObject_HEAD_INIT(NULL, 0).tp_name = "permafrost.probe.stderr",
	.tp_basicsize = sizeof(struct stand_in),
	.tp_flags = Py_TPFLAGS_DEFAULT,
	.tp_doc = "sys.stderr, less the collector's own messages.",
	.tp_dealloc = stand_in_dealloc,
	.tp_getattro = stand_in_getattr,
	.tp_setattro = stand_in_setattr,
};

/* Adds and removes flags of gc.set_debug() if need be.  None, a new reference,
 * or NULL with an exception set. */
static PyObject *set_flags(int add, int remove)
{
	PyObject *result = PyObject_CallObject(get_debug, NULL);
	long flags, wanted;

	if (result == NULL)
		return NULL;
	flags = PyLong_AsLong(result);
	wanted = (flags | add) & ~remove;
	if (wanted != flags) {
		Py_DECREF(result);
		return PyObject_CallFunction(set_debug, (char *)"l", wanted);
	}
	Py_DECREF(result);
	Py_RETURN_NONE;
}

/* Puts a new stand-in before a sys.stderr that is none.  The program may have
 * wrapped an older one, so that one keeps what is behind it. */
static int refresh_stderr(void)
{
	PyObject *now = PySys_GetObject((char *)"stderr"); /* borrowed */
	struct stand_in *made;
	int result;

	if (now == NULL || Py_TYPE(now) == &stand_in_type)
		return 0;
	made = PyObject_New(struct stand_in, &stand_in_type);
	if (made == NULL)
		return -1;
	Py_INCREF(now);
	made->real = now;
	result = PySys_SetObject((char *)"stderr", (PyObject *)made);
	Py_DECREF(made);
	return result;
}

static int baseline(void)
{
	sentinel_to_youngest();
	return 0;
}

static int audit(void)
{
	tell_missed();
	sentinel_to_youngest();
	return 0;
}

static int refresh(void)
{
	PyObject *result = set_flags(DEBUG_STATS, 0);

	if (result == NULL)
		return -1;
	Py_DECREF(result);
	audit();
	return refresh_stderr();
}

/* Called at exit, since the interpreter puts the real sys.stderr back before it
 * collects for the last time. */
static PyObject *no_messages(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	return set_flags(0, DEBUG_STATS);
}

static PyMethodDef no_messages_def = { "no_messages", no_messages, METH_NOARGS,
				       NULL };

static int register_exit(void)
{
	PyObject *function = PyCFunction_New(&no_messages_def, NULL);
	PyObject *atexit = PyImport_ImportModule("atexit"), *result = NULL;

	if (function != NULL && atexit != NULL)
		result = PyObject_CallMethod(atexit, (char *)"register",
					     (char *)"O", function);
	Py_XDECREF(function);
	Py_XDECREF(atexit);
	Py_XDECREF(result);
	return result != NULL ? 0 : -1;
}

static int start(struct gcevents_recorder *reports_to)
{
	PyObject *gc = gcstate_module();

	if (gc == NULL)
		return -1;
	recorder = reports_to;
	get_debug = PyObject_GetAttrString(gc, "get_debug");
	set_debug = PyObject_GetAttrString(gc, "set_debug");
	Py_DECREF(gc);
	if (get_debug == NULL || set_debug == NULL ||
	    gcstate_init(&lists) < 0 || PyType_Ready(&stand_in_type) < 0 ||
	    PyType_Ready(&sentinel_type) < 0)
		return -1;
	sentinel = PyObject_GC_New(PyObject, &sentinel_type);
	if (sentinel == NULL)
		return -1;
	return register_exit() < 0 ? -1 : refresh();
}

const struct gcevents_way gcdebug_way = {
	.source = SHM_GC_DEBUG_STATS,
	.start = start,
	.baseline = baseline,
	.refresh = refresh,
	.audit = audit,
};

#else

const struct gcevents_way gcdebug_way = {
	.source = SHM_GC_DEBUG_STATS,
	.why_not = "from 3.7 on collections are seen through gc.callbacks alone",
};

#endif
