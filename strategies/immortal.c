/* immortal.c - no worker counts references to the warmed heap: every object
 * reachable in it gets the immortal count of PEP 683 right before the fork, so
 * that using an object no longer writes to its page.
 *
 * What is reachable is found from sys.modules, the interpreter's and the
 * threads' dictionaries and the running frames, by tp_traverse and by hand
 * where that leaves out what cannot be in a cycle: names in dictionaries with
 * keys of text, constants of code, static types' dictionaries.  Garbage, and
 * what only the C stack or a library's variables hold, is never met: a tuple
 * or string that C code is still filling must keep the count of 1 that
 * _PyTuple_Resize() and the like insist on.
 *
 * An object becomes immortal only if its end would release memory and nothing
 * else: its type is one of the plain ones below, or a class in Python made of
 * them that has no finalizer.  All others are looked through and stay mortal:
 *  - files, sockets, locks, mappings, types of unknown libraries: their end
 *    closes, unlocks or writes something;
 *  - frames, generators, coroutines: their end runs code and frees locals;
 *  - exceptions: they hold frames;
 *  - weak references: a callback lives as long as its reference;
 *  - memory views: they lock what they show;
 *  - what a running frame's variables hold themselves: it goes when the
 *    function returns, as ever.
 *
 * It cannot be undone.  Counts are not known any more once they stood still,
 * and the interpreter may have relied on immortality (3.14 specializes code for
 * constants that are), so there is no undo hook: objects stay immortal until
 * the process ends.  Dropping one in a worker frees nothing, calls no weak
 * reference back, and keeps alive what it alone refers to; values put into an
 * immortal container later are counted as ever.
 *
 * Where C code asks for a count of 1 before it works in place (concatenation,
 * reuse of a result tuple, of a float), an immortal object is copied, since no
 * immortal count is 1.  A count of the limited API before 3.12, which knows no
 * immortality, may go up and down from the immortal one and stays immortal for
 * some 2^30 steps (Include/object.h).
 *
 * What an object without tp_traverse holds (a time's time zone, what another
 * type's C code keeps to itself) is met only if something else leads to it.
 *
 * The collectors of 3.12 and 3.13 move what is immortal into the permanent
 * generation when they meet it, and those of 3.14 untrack it, which writes its
 * header in each worker: combine as freeze+immortal.
 */
#include "immortalobject.h"
#include "strategy.h"

static const char *immortal_supported(void)
{
	return IMMORTAL_WHY_NOT;
}

#if IMMORTAL_HANDLED

#include <stdint.h>
#include <stdlib.h>

/* Types whose objects may be immortal, the most frequent ones first. */
static PyTypeObject *const plain_types[] = {
	&PyUnicode_Type,
	&PyLong_Type,
	&PyTuple_Type,
	&PyDict_Type,
	&PyBaseObject_Type,
	&PyList_Type,
	&PyFloat_Type,
	&PyBytes_Type,
	&PyFunction_Type,
	&PyCode_Type,
	&PyCell_Type,
	&PyType_Type,
	&PyWrapperDescr_Type,
	&PyMethodDescr_Type,
	&PyMemberDescr_Type,
	&PyGetSetDescr_Type,
	&PyClassMethodDescr_Type,
	&PyCFunction_Type,
	&PyMethod_Type,
	&PyModule_Type,
	&PySet_Type,
	&PyFrozenSet_Type,
	&PyProperty_Type,
	&PyStaticMethod_Type,
	&PyClassMethod_Type,
	&PyODict_Type,
	&PyComplex_Type,
	&PyByteArray_Type,
	&PySlice_Type,
	&PyRange_Type,
	&PyDictProxy_Type,
	&Py_GenericAliasType,
};

/* The same of libraries, if they are loaded. */
static const struct {
	const char *module, *name;
} plain_names[] = {
	{ "datetime", "date" },
	{ "datetime", "datetime" },
	{ "datetime", "time" },
	{ "datetime", "timedelta" },
	{ "datetime", "timezone" },
	{ "datetime", "tzinfo" },
	{ "decimal", "Decimal" },
	{ "collections", "deque" },
	{ "collections", "defaultdict" },
	{ "functools", "partial" },
	{ "operator", "itemgetter" },
	{ "operator", "attrgetter" },
	{ "re", "Pattern" },
	{ "types", "SimpleNamespace" },
	{ "types", "UnionType" },
};

#define PLAIN_TYPES (sizeof plain_types / sizeof *plain_types)
#define PLAIN_NAMES (sizeof plain_names / sizeof *plain_names)

/* One walk over the heap. */
struct walk {
	PyObject **pending; /* met, not yet looked into: a stack */
	size_t n_pending, max_pending;
	PyObject **met; /* hash set of those looked into; NULL: free */
	size_t n_met;
	size_t met_mask;		  /* its size - 1, a power of 2 - 1 */
	PyTypeObject *named[PLAIN_NAMES]; /* borrowed; NULL: not loaded */
	PyTypeObject *last_type;	  /* the answer of is_plain() for it */
	int last_plain;
	int64_t made; /* objects made immortal */
	int failed;   /* no memory: the walk ends */
};

/* tp_dealloc of classes written in Python, which only releases what the types
 * below them do not. */
static destructor class_dealloc;

static int immortal_check(void)
{
	PyObject *class = PyObject_CallFunction((PyObject *)&PyType_Type,
						"s(){}", "Plain");

	if (class == NULL)
		return -1;
	class_dealloc = ((PyTypeObject *)class)->tp_dealloc;
	Py_DECREF(class);
	return 0;
}

/* Fills walk->named.  Imports nothing. */
static void find_named(struct walk *walk)
{
	PyObject *modules = PyImport_GetModuleDict();

	for (size_t i = 0; i < PLAIN_NAMES; i++) {
		PyObject *module, *type = NULL;

		module = PyDict_GetItemString(modules, plain_names[i].module);
		if (module != NULL && PyModule_Check(module))
			type = PyDict_GetItemString(PyModule_GetDict(module),
						    plain_names[i].name);
		/* A class in Python of that name needs no entry. */
		if (type != NULL && PyType_Check(type) &&
		    ((PyTypeObject *)type)->tp_dealloc != class_dealloc)
			walk->named[i] = (PyTypeObject *)type;
	}
}

/* Whether the end of an object of `type` releases memory only. */
static int is_plain(struct walk *walk, PyTypeObject *type)
{
	PyTypeObject *base = type;
	int plain = 0;

	if (type == walk->last_type)
		return walk->last_plain;
	while (base != NULL && base->tp_dealloc == class_dealloc)
		base = base->tp_base;
	for (size_t i = 0; !plain && i < PLAIN_TYPES; i++)
		plain = base == plain_types[i];
	for (size_t i = 0; !plain && i < PLAIN_NAMES; i++)
		plain = base != NULL && base == walk->named[i];
	if (type->tp_finalize != NULL || type->tp_del != NULL)
		plain = 0;
	walk->last_type = type;
	walk->last_plain = plain;
	return plain;
}

/* Where `op` is in the set, or the free place for it. */
static size_t place_in(PyObject **set, size_t mask, PyObject *op)
{
	size_t i = ((uintptr_t)op >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20;

	for (i &= mask; set[i] != NULL && set[i] != op;)
		i = (i + 1) & mask;
	return i;
}

/* Doubles the set.  Returns 0 or -1. */
static int grow_met(struct walk *walk)
{
	size_t size = walk->met == NULL ? 1 << 16 : 2 * (walk->met_mask + 1);
	PyObject **larger = calloc(size, sizeof *larger);

	if (larger == NULL)
		return -1;
	for (size_t i = 0; walk->met != NULL && i <= walk->met_mask; i++)
		if (walk->met[i] != NULL)
			larger[place_in(larger, size - 1, walk->met[i])] =
				walk->met[i];
	free(walk->met);
	walk->met = larger;
	walk->met_mask = size - 1;
	return 0;
}

/* Adds `op` to the set.  Returns 1, 0 when it was there, or -1. */
static int add_met(struct walk *walk, PyObject *op)
{
	size_t i;

	if (2 * walk->n_met >= walk->met_mask && grow_met(walk) < 0)
		return -1;
	i = place_in(walk->met, walk->met_mask, op);
	if (walk->met[i] != NULL)
		return 0;
	walk->met[i] = op;
	walk->n_met++;
	return 1;
}

/* Puts `op` on the stack.  Returns 0 or -1. */
static int add_pending(struct walk *walk, PyObject *op)
{
	if (walk->n_pending == walk->max_pending) {
		size_t max = 2 * walk->max_pending + 1024;
		PyObject **more = realloc(walk->pending, max * sizeof *more);

		if (more == NULL)
			return -1;
		walk->pending = more;
		walk->max_pending = max;
	}
	walk->pending[walk->n_pending++] = op;
	return 0;
}

/* Whether `op` refers to objects that look_into() finds. */
static int has_parts(PyObject *op)
{
	return PyObject_IS_GC(op) || PyCode_Check(op) || PyType_Check(op);
}

/* Meets `op`, which may be NULL: makes it immortal if it may be, and keeps it
 * to be looked into.  A visitproc.  Returns 0, or -1 with walk->failed set. */
static int meet(PyObject *op, void *arg)
{
	struct walk *walk = arg;
	int is_new;

	if (op == NULL)
		return 0;
	if (has_parts(op)) {
		is_new = add_met(walk, op);
		if (is_new < 0 || (is_new && add_pending(walk, op) < 0))
			goto no_memory;
		if (!is_new)
			return 0;
	} else if (immortal_is(op)) {
		return 0;
	} else if ((Py_TYPE(op)->tp_flags & Py_TPFLAGS_HEAPTYPE) &&
		   meet((PyObject *)Py_TYPE(op), walk) < 0) {
		return -1;
	}
	if (!immortal_is(op) && is_plain(walk, Py_TYPE(op))) {
		immortal_set(op);
		walk->made++;
	}
	return 0;
no_memory:
	walk->failed = 1;
	return -1;
}

/* What tp_traverse of functions and code leaves out. */
static void look_into_code(struct walk *walk, PyCodeObject *code)
{
	PyObject *const parts[] = {
		code->co_consts,	  code->co_names,
		code->co_localsplusnames, code->co_localspluskinds,
		code->co_filename,	  code->co_name,
		code->co_qualname,	  code->co_linetable,
		code->co_exceptiontable,
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		meet(parts[i], walk);
}

/* What tp_traverse of types leaves out: texts, and all of static ones. */
static void look_into_type(struct walk *walk, PyTypeObject *type)
{
	PyObject *dict = PyType_GetDict(type);

	meet(dict, walk);
	Py_XDECREF(dict);
	meet(type->tp_mro, walk);
	meet(type->tp_bases, walk);
	meet((PyObject *)type->tp_base, walk);
	if (type->tp_flags & Py_TPFLAGS_HEAPTYPE) {
		PyHeapTypeObject *heap_type = (PyHeapTypeObject *)type;

		meet(heap_type->ht_name, walk);
		meet(heap_type->ht_qualname, walk);
		meet(heap_type->ht_slots, walk);
	}
}

/* Meets everything that `op` refers to. */
static void look_into(struct walk *walk, PyObject *op)
{
	PyObject *key, *value;
	Py_ssize_t i = 0;

	meet((PyObject *)Py_TYPE(op), walk);
	if (PyCode_Check(op))
		look_into_code(walk, (PyCodeObject *)op);
	if (PyType_Check(op))
		look_into_type(walk, (PyTypeObject *)op);
	if (PyDict_Check(op)) /* tp_traverse leaves out keys of text */
		while (!walk->failed && PyDict_Next(op, &i, &key, &value))
			meet(key, walk);
	if (PyObject_IS_GC(op) && Py_TYPE(op)->tp_traverse != NULL)
		Py_TYPE(op)->tp_traverse(op, meet, walk);
}

/* Looks into what was met, and what that leads to. */
static void finish(struct walk *walk)
{
	while (!walk->failed && walk->n_pending > 0)
		look_into(walk, walk->pending[--walk->n_pending]);
}

/* Meets what `op`, or the variable in a cell `op`, refers to, but not `op`
 * itself, which stays mortal unless something else leads to it.  `op` may be
 * NULL. */
static void look_through(struct walk *walk, PyObject *op)
{
	if (op != NULL && PyCell_Check(op))
		op = PyCell_GET(op);
	if (op != NULL && !walk->failed && has_parts(op))
		look_into(walk, op);
	finish(walk);
}

/* Looks through what `thread` holds, and through its running frames.  Their
 * stacks of operands are not looked at: how far they are filled is known
 * inside the interpreter's loop only. */
static void walk_thread(struct walk *walk, PyThreadState *thread)
{
	_PyInterpreterFrame *frame = frame_of(thread);

	look_through(walk, thread->dict);
	look_through(walk, thread->context);
	for (; frame != NULL; frame = frame->previous) {
		if (!frame_is_python(frame))
			continue;
		look_through(walk, frame_function(frame));
		look_through(walk, frame->f_locals);
		for (int i = 0; i < frame_variables(frame); i++)
			look_through(walk, frame_variable(frame, i));
	}
}

static int immortal_before_fork(struct strategy_use *use)
{
	PyInterpreterState *interpreter = PyInterpreterState_Get();
	PyThreadState *thread;
	struct walk walk = { .made = 0 };
	int64_t made;

	find_named(&walk);
	if (grow_met(&walk) < 0)
		walk.failed = 1;
	else
		meet(PyImport_GetModuleDict(), &walk);
	finish(&walk);
	look_through(&walk, PyInterpreterState_GetDict(interpreter));
	for (thread = PyInterpreterState_ThreadHead(interpreter);
	     thread != NULL; thread = PyThreadState_Next(thread))
		walk_thread(&walk, thread);
	free(walk.pending);
	free(walk.met);
	made = walk.made + use->saved[0];
	use->saved[0] = made < INT32_MAX ? (int)made : INT32_MAX;
	if (walk.failed) {
		PyErr_NoMemory();
		return -1;
	}
	return 0;
}

static Py_ssize_t immortal_count(struct strategy_use *use)
{
	return use->saved[0];
}

#else

#define immortal_check NULL
#define immortal_count NULL

static int immortal_before_fork(struct strategy_use *use)
{
	(void)use;
	PyErr_SetString(PyExc_RuntimeError, IMMORTAL_WHY_NOT);
	return -1;
}

#endif

static const struct strategy immortal = {
	.abi = STRATEGY_ABI,
	.name = "immortal",
	.summary = "stop counting references to the warmed heap, for good",
	.supported = immortal_supported,
	.check = immortal_check,
	.before_fork = immortal_before_fork,
	.count = immortal_count,
};

PERMAFROST_STRATEGY(immortal, immortal)
