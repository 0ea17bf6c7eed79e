/* gcstate.h - the collector's lists, as each interpreter version keeps them.
 *
 * The only file that knows the internals of a version's collector; every
 * PY_VERSION_HEX test about the collector lives here.
 *
 * CPython's generational collector links all tracked objects into circular
 * doubly linked lists, one per generation, through a header in front of each
 * object.  The list heads sit in an array of {head, threshold, count}:
 *
 *   era                       array of generations            permanent list
 *   2.7, 3.4-3.6              static; _PyGC_generation0       none: ours
 *                             points to the first element
 *   3.7, 3.8                  _PyRuntime.gc.generations       _PyRuntime.gc
 *   3.9-3.13, 3.14.5 on       interpreter state, gc.          interpreter state
 *   3.14.0-3.14.4             young + two old spaces          not handled here
 *   free-threaded             no lists: bits in each object   not handled here
 *
 * Source of these facts: Modules/gcmodule.c (2.7-3.12), Python/gc.c (3.13 on)
 * and the internal headers that each interpreter installs.
 *
 * Before anything is touched, gcstate_init() compares what stands at those
 * addresses with gc.get_threshold(); a mismatch is an ImportError.
 */
#ifndef PERMAFROST_GCSTATE_H
#define PERMAFROST_GCSTATE_H

#ifndef Py_BUILD_CORE
#ifdef Py_PYTHON_H
#error "include gcstate.h before anything that includes Python.h"
#endif
#define Py_BUILD_CORE 1 /* the internal headers of 3.7 on ask for it */
#endif
#include <Python.h>

#include <stddef.h>
#include <string.h>

#if defined(Py_GIL_DISABLED)
#define GCSTATE_LINKED 0
#define GCSTATE_ERA "free-threaded"
#define GCSTATE_WHY_NOT                                                        \
	"the free-threaded collector keeps no generation lists; frozen is a "  \
	"bit in each object"
#elif PY_VERSION_HEX >= 0x030E0000 && PY_VERSION_HEX < 0x030E0500
#define GCSTATE_LINKED 0
#define GCSTATE_ERA "incremental"
#define GCSTATE_WHY_NOT                                                        \
	"CPython 3.14.0-3.14.4 has an incremental collector with two old "     \
	"spaces; upgrade to 3.14.5 or later"
#else
#define GCSTATE_LINKED 1
#define GCSTATE_WHY_NOT NULL
#if PY_VERSION_HEX < 0x03070000
#define GCSTATE_ERA "generational"
#elif PY_VERSION_HEX < 0x03090000
#define GCSTATE_ERA "generational+permanent (runtime)"
#else
#define GCSTATE_ERA "generational+permanent"
#endif
#endif

/* Whether the interpreter itself has gc.freeze(). */
#define GCSTATE_HAS_FREEZE (PY_VERSION_HEX >= 0x03070000)

/* Whether it calls gc.callbacks. */
#define GCSTATE_HAS_CALLBACKS (PY_VERSION_HEX >= 0x03030000)
/* Whether its DEBUG_STATS messages come one by one and its lists can be moved
 * aside in between: gcdebug.c needs both.  3.7 prints the counts at once. */
#define GCSTATE_TELLS_STEPS (PY_VERSION_HEX < 0x03070000)

#define GCSTATE_GENERATIONS 3

/* The gc module, for what it does in public.  A new reference, or NULL with
 * an exception set. */
static inline PyObject *gcstate_module(void)
{
	return PyImport_ImportModule("gc");
}

#if GCSTATE_LINKED

/* The layout check is proved by a build that looks this many bytes beside the
 * array and must be refused; 0 in every real build. */
#ifndef GCSTATE_TEST_SKEW
#define GCSTATE_TEST_SKEW 0
#endif

#if PY_VERSION_HEX < 0x03070000
/* The same shape as the interpreter's own, which no header declares. */
struct gcstate_generation {
	PyGC_Head head;
	int threshold;
	int count;
};
#define GC_NEXT_OF(g) ((g)->gc.gc_next)
#define GC_PREV_OF(g) ((g)->gc.gc_prev)
#define GC_SET_NEXT(g, to) ((g)->gc.gc_next = (to))
#define GC_SET_PREV(g, to) ((g)->gc.gc_prev = (to))
#else
#if PY_VERSION_HEX < 0x03080000
#include <pyatomic.h>
#include <internal/mem.h>
#include <internal/pystate.h>
#elif PY_VERSION_HEX < 0x03090000
#include <internal/pycore_pymem.h>
#include <internal/pycore_pystate.h>
#else
#include <internal/pycore_gc.h>
#include <internal/pycore_interp.h>
#endif
#define gcstate_generation gc_generation
#if PY_VERSION_HEX < 0x03080000
#define GC_NEXT_OF(g) ((g)->gc.gc_next)
#define GC_PREV_OF(g) ((g)->gc.gc_prev)
#define GC_SET_NEXT(g, to) ((g)->gc.gc_next = (to))
#define GC_SET_PREV(g, to) ((g)->gc.gc_prev = (to))
#else
/* From 3.8 the links are tagged words: the two lowest bits of prev are flags,
 * the lowest of next is set while a collection looks at the object. */
#define GC_NEXT_OF(g) ((PyGC_Head *)((g)->_gc_next & ~(uintptr_t)1))
#define GC_PREV_OF(g) ((PyGC_Head *)((g)->_gc_prev & ~(uintptr_t)3))
#define GC_SET_NEXT(g, to)                                                     \
	((g)->_gc_next = ((g)->_gc_next & 1) | (uintptr_t)(to))
#define GC_SET_PREV(g, to)                                                     \
	((g)->_gc_prev = ((g)->_gc_prev & 3) | (uintptr_t)(to))
#endif
#endif

/* Borrowed from the interpreter; valid for the life of the process. */
struct gcstate {
	struct gcstate_generation *generations; /* GCSTATE_GENERATIONS of them */
	PyGC_Head *permanent;
};

/* Address of generations[0] of the current interpreter. */
static inline struct gcstate_generation *gcstate_locate(void)
{
#if PY_VERSION_HEX < 0x03070000
	return (struct gcstate_generation *)_PyGC_generation0;
#elif PY_VERSION_HEX < 0x03090000
	return _PyRuntime.gc.generations;
#else
	return PyInterpreterState_Get()->gc.generations;
#endif
}

static inline int gcstate_is_empty(PyGC_Head *list)
{
	return GC_NEXT_OF(list) == list;
}

/* Makes `list` an empty list. */
static inline void gcstate_list_init(PyGC_Head *list)
{
#if PY_VERSION_HEX < 0x03080000
	list->gc.gc_next = list->gc.gc_prev = list;
#else
	list->_gc_next = list->_gc_prev = (uintptr_t)list;
#endif
}

/* Number of objects on `list`.  Reads every header: O(n), writes nothing. */
static inline Py_ssize_t gcstate_size(PyGC_Head *list)
{
	Py_ssize_t n = 0;

	for (PyGC_Head *g = GC_NEXT_OF(list); g != list; g = GC_NEXT_OF(g))
		n++;
	return n;
}

/* Whether every link of `list` agrees with the link back.  O(n). */
static inline int gcstate_is_valid(PyGC_Head *list)
{
	PyGC_Head *before = list;

	for (PyGC_Head *g = GC_NEXT_OF(list);; g = GC_NEXT_OF(g)) {
		if (g == NULL || GC_PREV_OF(g) != before)
			return 0;
		if (g == list)
			return 1;
		before = g;
	}
}

#ifdef PERMAFROST_DEBUG
#define GCSTATE_VALIDATE(list)                                                 \
	do {                                                                   \
		if (!gcstate_is_valid(list))                                   \
			Py_FatalError(                                         \
				"permafrost: a collector list is "             \
				"broken");                                     \
	} while (0)
#else
#define GCSTATE_VALIDATE(list) ((void)0)
#endif

/* Appends all of `from` to `to` and leaves `from` empty.  Constant time: four
 * headers are written however long the lists are.  Never allocates. */
static inline void gcstate_merge(PyGC_Head *from, PyGC_Head *to)
{
	GCSTATE_VALIDATE(from);
	GCSTATE_VALIDATE(to);
	if (!gcstate_is_empty(from)) {
		PyGC_Head *first = GC_NEXT_OF(from), *last = GC_PREV_OF(from);
		PyGC_Head *tail = GC_PREV_OF(to);

		GC_SET_NEXT(tail, first);
		GC_SET_PREV(first, tail);
		GC_SET_NEXT(last, to);
		GC_SET_PREV(to, last);
		gcstate_list_init(from);
	}
	GCSTATE_VALIDATE(to);
}

/* Moves generations `first` to `last` into the permanent generation and
 * resets their counts, as gc.freeze() does. */
static inline void gcstate_freeze(struct gcstate *gs, int first, int last)
{
	for (int g = first; g <= last; g++) {
		gcstate_merge(&gs->generations[g].head, gs->permanent);
		gs->generations[g].count = 0;
	}
}

/* Moves the permanent generation into the oldest one, as gc.unfreeze() does. */
static inline void gcstate_unfreeze(struct gcstate *gs)
{
	gcstate_merge(gs->permanent,
		      &gs->generations[GCSTATE_GENERATIONS - 1].head);
}

/* Compares the array at `address` with what gc.get_threshold() says and looks at
 * the list heads.  Returns NULL when they agree, else what does not.
 * Dereferences only the array itself until the thresholds have matched; before,
 * it need not even be aligned. */
static inline const char *
gcstate_check(void *address, const int thresholds[GCSTATE_GENERATIONS])
{
	struct gcstate_generation *gens = address;

	for (int g = 0; g < GCSTATE_GENERATIONS; g++) {
		int threshold;

		memcpy(&threshold,
		       (char *)address + (size_t)g * sizeof *gens +
			       offsetof(struct gcstate_generation, threshold),
		       sizeof threshold);
		if (threshold != thresholds[g])
			return "a threshold differs from gc.get_threshold() "
			       "(wrong address or size of a generation)";
	}
	for (int g = 0; g < GCSTATE_GENERATIONS; g++) {
		PyGC_Head *head = &gens[g].head;
		PyGC_Head *next = GC_NEXT_OF(head), *prev = GC_PREV_OF(head);

		if (next == NULL || prev == NULL ||
		    (uintptr_t)next % sizeof(void *) ||
		    (uintptr_t)prev % sizeof(void *) ||
		    GC_PREV_OF(next) != head || GC_NEXT_OF(prev) != head)
			return "a generation's head does not lead into a list";
	}
	return NULL;
}

#if GCSTATE_TELLS_STEPS
#include <frameobject.h>

/* Whether a collection is counting the references to `object`, for use in its
 * tp_traverse: only then is the header's gc_refs not negative, while gc's
 * functions that look for referrers traverse it as well. */
static inline int gcstate_is_examined(PyObject *object)
{
	return _Py_AS_GC(object)->gc.gc_refs >= 0;
}

/* Frees the objects that are kept for reuse, as a full collection does at its
 * very end (clear_freelists() in Modules/gcmodule.c). */
static inline void gcstate_clear_free_lists(void)
{
	PyMethod_ClearFreeList();
	PyFrame_ClearFreeList();
	PyCFunction_ClearFreeList();
	PyTuple_ClearFreeList();
	PyUnicode_ClearFreeList();
	PyFloat_ClearFreeList();
#if PY_MAJOR_VERSION < 3
	PyInt_ClearFreeList();
#else
	PyList_ClearFreeList();
	PyDict_ClearFreeList();
	PySet_ClearFreeList();
#endif
}
#endif

#if !GCSTATE_HAS_FREEZE
/* Before 3.7 the interpreter has no permanent generation, so ours hangs, in a
 * capsule, on the gc module: every strategy and gc_freeze share that one list.
 * It is never freed, since frozen objects outlive everything; each extension keeps
 * its address, as the capsule goes when the interpreter ends. */
#define GCSTATE_CAPSULE "permafrost.permanent_generation"

static inline PyGC_Head *gcstate_own_permanent(PyObject *gc)
{
	static PyGC_Head *list;
	PyObject *capsule;

	if (list != NULL)
		return list;
	capsule = PyObject_GetAttrString(gc, "_permafrost_permanent");
	if (capsule != NULL) {
		list = PyCapsule_GetPointer(capsule, GCSTATE_CAPSULE);
		Py_DECREF(capsule);
		return list;
	}
	PyErr_Clear();
	list = malloc(sizeof *list);
	if (list == NULL) {
		PyErr_NoMemory();
		return NULL;
	}
	gcstate_list_init(list);
	capsule = PyCapsule_New(list, GCSTATE_CAPSULE, NULL);
	if (capsule == NULL ||
	    PyObject_SetAttrString(gc, "_permafrost_permanent", capsule) < 0) {
		Py_XDECREF(capsule);
		free(list);
		list = NULL;
		return NULL;
	}
	Py_DECREF(capsule);
	return list;
}
#endif

/* Finds the collector's lists and checks them.  To be called when a module is
 * imported.  Returns 0, or -1 with ImportError set: then nothing was touched
 * and nothing here may be used. */
static inline int gcstate_init(struct gcstate *gs)
{
	int thresholds[GCSTATE_GENERATIONS], result = -1;
	PyObject *gc = gcstate_module(), *tuple = NULL;
	const char *why;

	if (gc == NULL)
		return -1;
	tuple = PyObject_CallMethod(gc, "get_threshold", NULL);
	if (tuple == NULL ||
	    !PyArg_ParseTuple(tuple, "iii", &thresholds[0], &thresholds[1],
			      &thresholds[2]))
		goto out;
	gs->generations =
		(struct gcstate_generation *)((char *)gcstate_locate() +
					      GCSTATE_TEST_SKEW);
	why = gcstate_check(gs->generations, thresholds);
	if (why != NULL) {
		PyErr_Format(
			PyExc_ImportError,
			"permafrost: this interpreter's collector does not "
			"look as its headers say: %s; rebuild for this "
			"interpreter",
			why);
		goto out;
	}
#if !GCSTATE_HAS_FREEZE
	gs->permanent = gcstate_own_permanent(gc);
#elif PY_VERSION_HEX < 0x03090000
	gs->permanent = &_PyRuntime.gc.permanent_generation.head;
#else
	gs->permanent = &PyInterpreterState_Get()->gc.permanent_generation.head;
#endif
	if (gs->permanent != NULL)
		result = 0;
out:
	Py_XDECREF(tuple);
	Py_DECREF(gc);
	return result;
}

#endif /* GCSTATE_LINKED */
#endif
