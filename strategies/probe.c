/* probe.c - the measured side: the module permafrost.probe.
 *
 * The driver calls it to stop at barriers, to fork, and to serve requests; it
 * writes what only the process itself can know (pauses, latencies, collections)
 * into shared memory.  Everything else is sampled by the harness from outside,
 * while the process stands still in barrier().
 *
 * A barrier is one line to the harness over an inherited stream socket, "at
 * NAME\n", answered by "go\n".  When the harness is gone, so is the process.
 *
 * Real servers fork by themselves, and their workers stop nowhere: there adopt(),
 * request() and served() do what fork() and serve() do elsewhere, and the harness waits
 * until the workers are idle (workloads/servers/permafrost_serve.py).
 */
#include "gcstate.h"

#include "gcevents.h"
#include "pymalloc.h"
#include "strategy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_HARNESS_GONE 70 /* EX_SOFTWARE */

static struct shm_header *shared;
static struct shm_process *mine;  /* this process's slot */
static struct shm_process *twice; /* the second way's, or NULL */
static int channel = -1;	  /* this process's socket */
static int first_channel, workers;

/* Ends the process: the harness is gone, or the program has closed the channel. */
static void leave(void) __attribute__((noreturn));
static void leave(void)
{
	mine->lost = 1;
	_exit(EXIT_HARNESS_GONE);
}

/* Writes all of `text`.  The process ends when the harness is gone. */
static void channel_write(const char *text, size_t length)
{
	while (length > 0) {
		ssize_t n = write(channel, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			leave();
		text += n;
		length -= (size_t)n;
	}
}

static void channel_line(const char *verb, const char *rest)
{
	char line[512];
	int n = snprintf(line, sizeof line, "%s %s", verb, rest);

	if (n >= (int)sizeof line - 1)
		n = (int)sizeof line - 2;
	for (int i = 0; i < n; i++) /* one message, one line */
		if (line[i] == '\n' || line[i] == '\r')
			line[i] = ' ';
	line[n] = '\n';
	channel_write(line, (size_t)n + 1);
}

/* Says how objects lie in this interpreter's memory.  Those of free-threaded
 * builds, with counts in two places and no headers, are left unknown. */
static void describe_layout(struct shm_layout *layout)
{
#ifdef Py_GIL_DISABLED
	*layout = (struct shm_layout){ 0 };
#else
	*layout = (struct shm_layout){
		.type_type = (uintptr_t)&PyType_Type,
		.has_gc_flag = Py_TPFLAGS_HAVE_GC,
		.gc_head_bytes = sizeof(PyGC_Head),
		.type_offset = offsetof(PyObject, ob_type),
		.flags_offset = offsetof(PyTypeObject, tp_flags),
		.pool_bytes = PYMALLOC_POOL_BYTES,
	};
#endif
}

static PyObject *probe_attach(PyObject *self, PyObject *args)
{
	int fd, count;
	struct stat st;
	void *map;

	(void)self;
	if (!PyArg_ParseTuple(args, "iii", &fd, &first_channel, &count))
		return NULL;
	if (fstat(fd, &st) < 0)
		return PyErr_SetFromErrno(PyExc_OSError);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, 0);
	if (map == MAP_FAILED)
		return PyErr_SetFromErrno(PyExc_OSError);
	close(fd);
	shared = map;
	if (shared->magic != SHM_MAGIC ||
	    shared->size != sizeof(struct shm_process) ||
	    shared->processes != (uint64_t)count + 1 ||
	    (uint64_t)st.st_size < shm_bytes(shared->processes)) {
		PyErr_SetString(PyExc_ImportError,
				"permafrost.probe and the harness were built "
				"from different sources; run make");
		return NULL;
	}
	describe_layout(&shared->layout);
	workers = count;
	channel = first_channel;
	for (int i = 0; i <= workers; i++) /* not for the workload's children */
		fcntl(first_channel + i, F_SETFD, FD_CLOEXEC);
	mine = shm_slot(shared, 0);
	mine->pid = getpid();
	mine->objects = mine->frozen = -1;
	if (gcevents_start(mine) < 0)
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *probe_barrier(PyObject *self, PyObject *args)
{
	const char *name;
	char c;

	(void)self;
	if (!PyArg_ParseTuple(args, "s", &name) || gcevents_audit() < 0)
		return NULL;
	Py_BEGIN_ALLOW_THREADS channel_line("at", name);
	do {
		ssize_t n = read(channel, &c, 1);

		if (n == 0 || (n < 0 && errno != EINTR))
			leave();
		if (n < 0)
			c = 0;
	} while (c != '\n');
	Py_END_ALLOW_THREADS if (gcevents_refresh() < 0) return NULL;
	Py_RETURN_NONE;
}

/* tell(verb, text): one line to the harness, unanswered. */
static PyObject *probe_tell(PyObject *self, PyObject *args)
{
	const char *verb, *text;

	(void)self;
	if (!PyArg_ParseTuple(args, "ss", &verb, &text))
		return NULL;
	channel_line(verb, text);
	Py_RETURN_NONE;
}

/* before_fork(function): calls it and records how long it took. */
static PyObject *probe_before_fork(PyObject *self, PyObject *function)
{
	uint64_t start = gcevents_now();
	PyObject *result = PyObject_CallObject(function, NULL);

	(void)self;
	mine->before_fork_ns = gcevents_now() - start;
	return result;
}

/* count(frozen): records how many objects the collector tracks, and how many of
 * them the stack holds away.  Walks the lists; writes to no object. */
static PyObject *probe_count(PyObject *self, PyObject *args)
{
	Py_ssize_t frozen;

	(void)self;
	if (!PyArg_ParseTuple(args, "n", &frozen))
		return NULL;
#if GCSTATE_LINKED
	struct gcstate gs;

	if (gcstate_init(&gs) < 0)
		return NULL;
	mine->objects = gcstate_size(gs.permanent);
	for (int g = 0; g < GCSTATE_GENERATIONS; g++)
		mine->objects += gcstate_size(&gs.generations[g].head);
#endif
	mine->frozen = frozen;
	Py_RETURN_NONE;
}

/* note_passes(statistics): records what the strategy that gives memory back says
 * of itself; `statistics` returns a dict with the counters of struct shm_passes. */
static PyObject *probe_note_passes(PyObject *self, PyObject *function)
{
	static const struct {
		const char *key;
		size_t offset;
	} counters[] = {
#define COUNTER(name) { #name, offsetof(struct shm_passes, name) }
		COUNTER(passes),
		COUNTER(pages_looked_at),
		COUNTER(pages_given_back),
		COUNTER(pages_left_hot),
		COUNTER(ns),
		COUNTER(skipped_threads),
		COUNTER(skipped_lost),
		COUNTER(skipped_error),
		COUNTER(waited_for_cpu),
#undef COUNTER
	};
	PyObject *dict = PyObject_CallObject(function, NULL);

	(void)self;
	if (dict == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
		PyObject *value = PyDict_GetItemString(dict, counters[i].key);
		long long n = value == NULL ? -1 : PyLong_AsLongLong(value);

		if (n < 0) {
			Py_DECREF(dict);
			if (!PyErr_Occurred())
				PyErr_Format(
					PyExc_ValueError,
					"the statistics have no counter %s",
					counters[i].key);
			return NULL;
		}
		*(uint64_t *)((char *)&mine->passes +
			      counters[i].offset) = (uint64_t)n;
	}
	mine->passes.known = 1;
	Py_DECREF(dict);
	Py_RETURN_NONE;
}

/* watch_twice(): starts the second way of seeing collections. */
static PyObject *probe_watch_twice(PyObject *self, PyObject *args)
{
	struct shm_process *slot = calloc(1, sizeof *slot);

	(void)self;
	(void)args;
	if (slot == NULL)
		return PyErr_NoMemory();
	if (gcevents_start_second(slot) < 0) {
		if (slot->gc_source == SHM_GC_NONE) /* it was not taken */
			free(slot);
		return NULL;
	}
	twice = slot;
	Py_RETURN_NONE;
}

/* second() -> dict: what the second way has recorded in this process. */
static PyObject *probe_second(PyObject *self, PyObject *args)
{
	const struct shm_process *p = twice;

	(void)self;
	(void)args;
	if (p == NULL) {
		PyErr_SetString(PyExc_RuntimeError,
				"watch_twice() comes first");
		return NULL;
	}
	return Py_BuildValue(
		"{s(KKK)s(KKK)s(KKK)sKsKsKsI}", "collections",
		p->collections[0], p->collections[1], p->collections[2],
		"gc_ns", p->gc_ns[0], p->gc_ns[1], p->gc_ns[2], "gc_max_ns",
		p->gc_max_ns[0], p->gc_max_ns[1], p->gc_max_ns[2], "gc_faults",
		p->gc_faults, "gc_overflow", p->gc_overflow, "gc_unmatched",
		p->gc_unmatched, "gc_source", p->gc_source);
}

/* In the worker: only its own slot and its own channel remain.  Returns 0, or
 * -1 with an exception set. */
static int become_worker(int index, pid_t parent)
{
	channel = first_channel + index;
	for (int i = 0; i <= workers; i++)
		if (i != index)
			close(first_channel + i);
	mine = shm_slot(shared, (uint64_t)index);
	mine->objects = mine->frozen = -1;
	mine->pid = getpid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before the line above */
		_exit(EXIT_HARNESS_GONE);
	return gcevents_redirect(mine);
}

/* fork(index) -> pid: makes worker `index` (1 and up) with os.fork(), so that
 * the interpreter's own fork handlers run; 0 in the worker.  The time is taken
 * in the template and stored in the worker's slot. */
static PyObject *probe_fork(PyObject *self, PyObject *args)
{
	int index;
	PyObject *os, *result;
	pid_t parent = getpid();
	uint64_t start;
	long pid;

	(void)self;
	if (!PyArg_ParseTuple(args, "i", &index))
		return NULL;
	if (index < 1 || index > workers) {
		PyErr_SetString(PyExc_ValueError, "no such worker");
		return NULL;
	}
	os = PyImport_ImportModule("os");
	if (os == NULL)
		return NULL;
	start = gcevents_now();
	result = PyObject_CallMethod(os, (char *)"fork", NULL);
	start = gcevents_now() - start;
	Py_DECREF(os);
	if (result == NULL)
		return NULL;
	pid = PyLong_AsLong(result);
	if (pid == 0) {
		if (become_worker(index, parent) < 0) {
			Py_DECREF(result);
			return NULL;
		}
	} else if (pid > 0) {
		shm_slot(shared, (uint64_t)index)->fork_ns = start;
		close(first_channel + index);
	}
	return result;
}

/* serve(request, state, first, last, after): calls request(state, n) for n in
 * [first, last), and after() behind each unless it is None. */
static PyObject *probe_serve(PyObject *self, PyObject *args)
{
	PyObject *request, *state, *after;
	long first, last;

	(void)self;
	if (!PyArg_ParseTuple(args, "OOllO", &request, &state, &first, &last,
			      &after))
		return NULL;
	for (long n = first; n < last; n++) {
		uint64_t start = gcevents_now();
		PyObject *result = PyObject_CallFunction(request, (char *)"Ol",
							 state, n);

		if (result == NULL)
			return NULL;
		Py_DECREF(result);
		gcevents_count(mine->latencies, gcevents_now() - start,
			       &mine->request_overflow);
		mine->requests++;
		if (after != Py_None) {
			result = PyObject_CallObject(after, NULL);
			if (result == NULL)
				return NULL;
			Py_DECREF(result);
		}
		if (gcevents_refresh() < 0)
			return NULL;
	}
	Py_RETURN_NONE;
}

/* adopt(index): makes this process, which a server has forked, worker `index` of
 * the template.  One too many, in the place of a worker that is gone, stands still
 * for good: the harness sees who is missing and ends the cell. */
static PyObject *probe_adopt(PyObject *self, PyObject *args)
{
	int index;

	(void)self;
	if (!PyArg_ParseTuple(args, "i", &index))
		return NULL;
	if (index < 1 || index > workers ||
	    shm_slot(shared, (uint64_t)index)->pid != 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (become_worker(index, shm_slot(shared, 0)->pid) < 0)
		return NULL;
	Py_RETURN_NONE;
}

/* request(function, environ, start_response): calls it as a server does, and
 * records how long that took. */
static PyObject *probe_request(PyObject *self, PyObject *args)
{
	PyObject *function, *environ, *start_response, *result;
	uint64_t start = gcevents_now();

	(void)self;
	if (!PyArg_ParseTuple(args, "OOO", &function, &environ,
			      &start_response))
		return NULL;
	result = PyObject_CallFunctionObjArgs(function, environ, start_response,
					      NULL);
	if (result != NULL)
		gcevents_count(mine->latencies, gcevents_now() - start,
			       &mine->request_overflow);
	return result;
}

/* served(): counts a request all of whose work is done. */
static PyObject *probe_served(PyObject *self, PyObject *args)
{
	(void)self;
	(void)args;
	if (gcevents_audit() < 0 || gcevents_refresh() < 0)
		return NULL;
	mine->requests++;
	Py_RETURN_NONE;
}

/* collection_due() -> bool: whether this worker is to have its first full
 * collection now. */
static PyObject *probe_collection_due(PyObject *self, PyObject *args)
{
	static int done;
	int due = shared->collections_due && !done;

	(void)self;
	(void)args;
	done |= due;
	return PyBool_FromLong(due);
}

static PyMethodDef probe_methods[] = {
	{ "attach", probe_attach, METH_VARARGS,
	  "attach(shm_fd, first_channel_fd, workers): called once, in the "
	  "template." },
	{ "barrier", probe_barrier, METH_VARARGS,
	  "barrier(name): stands still until the harness says go." },
	{ "tell", probe_tell, METH_VARARGS,
	  "tell(verb, text): one line to the harness." },
	{ "before_fork", probe_before_fork, METH_O,
	  "before_fork(function): calls it and records the time." },
	{ "count", probe_count, METH_VARARGS,
	  "count(frozen): records the number of tracked objects." },
	{ "note_passes", probe_note_passes, METH_O,
	  "note_passes(statistics): records what statistics() says." },
	{ "watch_twice", probe_watch_twice, METH_NOARGS,
	  "watch_twice(): sees collections in a second way, for second(); "
	  "NotImplementedError where there is only one." },
	{ "second", probe_second, METH_NOARGS,
	  "second() -> dict: what was seen in the second way." },
	{ "fork", probe_fork, METH_VARARGS,
	  "fork(index) -> pid: makes one worker." },
	{ "serve", probe_serve, METH_VARARGS,
	  "serve(request, state, first, last, after): serves requests." },
	{ "adopt", probe_adopt, METH_VARARGS,
	  "adopt(index): makes a process that a server has forked a worker." },
	{ "request", probe_request, METH_VARARGS,
	  "request(function, environ, start_response): calls it and records "
	  "the time." },
	{ "served", probe_served, METH_NOARGS,
	  "served(): counts a request all of whose work is done." },
	{ "collection_due", probe_collection_due, METH_NOARGS,
	  "collection_due() -> bool: whether to collect now, once." },
	{ NULL, NULL, 0, NULL }
};

MODULE_INIT(probe,
	    module_create("probe", "The measured side of a permafrost cell.",
			  probe_methods))
