/* timecalls.c - times single Python calls of about 100 ns, on every version.
 *
 * A clock read from Python costs more than gc.freeze() does, and 2.7 has no
 * clock in ns, so the clock is read here, right around the call.  The loop
 * allocates nothing that the collector tracks: all times go into one array.
 */
#include "strategy.h"

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define MAX_CALLS 8

/* Of so many equal calls in a row the last one counts: a branch that was
 * predicted for the call before would cost some 15 ns, and for the rarer
 * functions more often than for the others. */
#define REPEATS 4

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* A random order of 0 to n-1: Fisher and Yates with a xorshift generator. */
static void shuffle(int *order, int n, uint64_t *seed)
{
	for (int i = 0; i < n; i++) {
		int j;

		*seed ^= *seed << 13;
		*seed ^= *seed >> 7;
		*seed ^= *seed << 17;
		j = (int)(*seed % (uint64_t)(i + 1));
		order[i] = i; /* which j may be */
		order[i] = order[j];
		order[j] = i;
	}
}

static int call(PyObject *function)
{
	PyObject *result = PyObject_CallObject(function, NULL);

	Py_XDECREF(result);
	return result != NULL ? 0 : -1;
}

/* Runs the rounds.  `times` has room for calls x rounds.  Returns the number
 * of complete rounds, or -1 with an exception set. */
static int run(PyObject *const *calls, int n, PyObject *undo, int rounds,
	       int64_t limit, uint64_t seed, int64_t *times)
{
	int64_t deadline = now() + limit;
	int order[MAX_CALLS], round;

	for (round = 0; round < rounds; round++) {
		if (round >= 3 && now() > deadline)
			break;
		shuffle(order, n, &seed);
		for (int i = 0; i < n; i++)
			for (int repeat = 0; repeat < REPEATS; repeat++) {
				int64_t begin;

				if (call(undo) < 0)
					return -1;
				begin = now();
				if (call(calls[order[i]]) < 0)
					return -1;
				times[order[i] * rounds + round] = now() -
					begin;
			}
	}
	return round;
}

static PyObject *medians(PyObject *self, PyObject *args)
{
	PyObject *calls, *undo, *result = NULL, *items[MAX_CALLS];
	int rounds, done;
	double seconds;
	unsigned long long seed;
	Py_ssize_t n;
	int64_t *times;

	(void)self;
	if (!PyArg_ParseTuple(args, "O!OidK", &PyTuple_Type, &calls, &undo,
			      &rounds, &seconds, &seed))
		return NULL;
	n = PyTuple_GET_SIZE(calls);
	if (n < 1 || n > MAX_CALLS || rounds < 1 || rounds > 1000000) {
		PyErr_SetString(PyExc_ValueError, "too many or too few calls");
		return NULL;
	}
	times = calloc((size_t)n * (size_t)rounds, sizeof *times);
	if (times == NULL)
		return PyErr_NoMemory();
	for (Py_ssize_t i = 0; i < n; i++)
		items[i] = PyTuple_GET_ITEM(calls, i);
	done = run(items, (int)n, undo, rounds, (int64_t)(seconds * 1e9),
		   seed | 1, times);
	if (done > 0)
		result = PyTuple_New(n);
	for (Py_ssize_t i = 0; result != NULL && i < n; i++) {
		int64_t *mine = times + i * rounds, *middle = mine + done / 2;
		PyObject *median;

		qsort(mine, (size_t)done, sizeof *mine, compare);
		median = PyFloat_FromDouble((double)*middle);
		if (median == NULL)
			Py_CLEAR(result);
		else
			PyTuple_SET_ITEM(result, i, median);
	}
	free(times);
	return result;
}

static PyMethodDef methods[] = {
	{ "medians", medians, METH_VARARGS,
	  "medians(calls, undo, rounds, seconds, seed): median time in ns of "
	  "each call, made in shuffled order with undo() before each; stops "
	  "after `seconds`, though not before three rounds." },
	{ NULL, NULL, 0, NULL }
};

MODULE_INIT(timecalls,
	    module_create("timecalls", "Times calls, for make bench.", methods))
