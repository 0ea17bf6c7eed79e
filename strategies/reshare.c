/* reshare.c - gives copied pages back whose content is the template's again.
 *
 * Most pages that a worker copies end with the content they began with: a
 * reference count went up and down, a collection wrote into headers and restored
 * them.  So before the fork the heap moves onto a memfd (adopt.h), and now and then
 * the worker drops its copies of pages that are equal to it (giveback.c).  What
 * other parts of a stack write after this one's before_fork is private to the
 * template, so it stands last: `freeze+reshare`.
 *
 * When a pass is due: after `every` requests, or when private memory has grown by
 * `grow`, which minor faults estimate: a page that is copied or new costs one, and so
 * does one that is read again after it was given back, so the estimate is high.
 * A pass that is due waits until passes, this one as long as the last included, are
 * at most `cpu` of the process's CPU time.
 */
#include "strategy.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "adopt.h"
#include "pymalloc.h"

#define GROWN_PAGE 4096

static const struct strategy_option reshare_options[] = {
	{
		.name = "every",
		.help = "requests between passes; 0: by growth alone",
		.kind = OPTION_INT,
		.minimum = 0,
		.maximum = 1000000000,
		.fallback = "0",
		.keyed = 1,
	},
	{
		.name = "grow",
		.help = "private memory grown since the last pass; 0: by requests "
			"alone",
		.kind = OPTION_SIZE,
		.minimum = 0,
		.maximum = 1L << 40,
		.fallback = "8M",
		.keyed = 1,
	},
	{
		.name = "cpu",
		.help = "share of the process's CPU time that passes may take; "
			"100%: any",
		.kind = OPTION_PERCENT,
		.minimum = 1,
		.maximum = 100,
		.fallback = "1%",
		.keyed = 1,
	},
	{ .name = NULL },
};

/* Of this process, which a fork leaves behind. */
static struct {
	pid_t pid;
	long requests, faults;		/* since, and at, the last pass */
	uint64_t spent_ns, last_ns;	/* in passes */
	int waits;			/* one is due, but not yet paid for */
} policy;

static uint64_t waited;		/* number of times */

static const char *reshare_supported(void)
{
#if defined(PYPY_VERSION)
	return "needs CPython's heap";
#elif defined(Py_GIL_DISABLED)
	return "free-threaded builds keep their heap in mimalloc, and threads write "
	       "while pages are compared";
#elif !defined(__linux__)
	return "needs Linux's memfd_create and pagemap";
#else
	if (sizeof(void *) < 8)
		return "needs addresses of 64 bits";
	if (sysconf(_SC_PAGESIZE) != 4096)
		return "needs pages of 4 KiB";
	if (access("/proc/self/pagemap", R_OK) < 0)
		return "/proc/self/pagemap cannot be read";
	return NULL;
#endif
}

/* Sets the exception for -errno `result` and returns -1. */
static int set_error(int result, const char *what)
{
	errno = -result;
	if (result == -EBUSY)
		PyErr_Format(PyExc_RuntimeError,
			     "reshare: cannot %s the heap, the process has %d "
			     "threads; stop all but one before", what,
			     adopt_threads());
	else if (result == -EFBIG)
		PyErr_Format(PyExc_RuntimeError,
			     "reshare: cannot %s the heap, the size of files is "
			     "limited; see ulimit -f", what);
	else
		PyErr_SetFromErrno(PyExc_OSError);
	return -1;
}

static int reshare_before_fork(struct strategy_use *use)
{
	int result = adopt_heap(PYMALLOC_POOL_BYTES, PYMALLOC_ARENA_BYTES);

	(void)use;
	return result < 0 ? set_error(result, "adopt") : 0;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static int is_due(const struct strategy_use *use)
{
	long every = use->args[0].value, grow = use->args[1].value;

	return (every > 0 && policy.requests >= every) ||
		(grow > 0 && minor_faults() - policy.faults >=
			grow / GROWN_PAGE);
}

static int is_paid_for(const struct strategy_use *use)
{
	long percent = use->args[2].value;

	return percent == 100 || (policy.spent_ns + policy.last_ns) * 100 <=
		cpu_ns() * (uint64_t)percent;
}

static int64_t pass(void)
{
	uint64_t before = cpu_ns();
	int64_t given_back = adopt_pass();

	policy.last_ns = cpu_ns() - before;
	policy.spent_ns += policy.last_ns;
	policy.requests = 0;
	policy.faults = minor_faults();
	policy.waits = 0;
	return given_back;
}

/* A child has taken no time and no faults yet. */
static void know_process(void)
{
	pid_t pid = getpid();

	if (policy.pid == pid)
		return;
	memset(&policy, 0, sizeof policy);
	policy.pid = pid;
}

static int reshare_after_request(struct strategy_use *use)
{
	if (!adopted.is_active)
		return 0;
	know_process();
	policy.requests++;
	if (!is_due(use))
		return 0;
	if (!is_paid_for(use)) {
		waited += !policy.waits;
		policy.waits = 1;
		return 0;
	}
	pass();
	return 0;
}

static int reshare_undo(struct strategy_use *use)
{
	int result = adopt_undo();

	(void)use;
	return result < 0 ? set_error(result, "give back") : 0;
}

static PyObject *reshare_give_back(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	know_process();
	return PyLong_FromLongLong(pass());
}

static PyObject *reshare_statistics(PyObject *self, PyObject *unused)
{
	const struct adopt_statistics *s = &adopt_statistics;
	unsigned long long bytes = 0;

	(void)self;
	(void)unused;
	for (size_t i = 0; i < adopted.n; i++)
		bytes += adopted.regions[i].bytes;
	return Py_BuildValue(
		"{s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:n,s:K}",
		"passes", (unsigned long long)s->passes,
		"pages_looked_at", (unsigned long long)s->pages_looked_at,
		"pages_given_back", (unsigned long long)s->pages_given_back,
		"ns", (unsigned long long)s->ns,
		"skipped_threads", (unsigned long long)s->skipped_threads,
		"skipped_lost", (unsigned long long)s->skipped_lost,
		"skipped_error", (unsigned long long)s->skipped_error,
		"waited_for_cpu", (unsigned long long)waited,
		"regions", (Py_ssize_t)adopted.n,
		"adopted_bytes", bytes);
}

static PyMethodDef reshare_functions[] = {
	{ "give_back", reshare_give_back, METH_NOARGS,
	  "give_back() -> pages: a pass at once, as when a server is idle." },
	{ "statistics", reshare_statistics, METH_NOARGS,
	  "statistics() -> dict: what passes of this process, and of those it "
	  "descends from, have done." },
	{ NULL, NULL, 0, NULL }
};

static const struct strategy reshare = {
	.abi = STRATEGY_ABI,
	.name = "reshare",
	.summary = "give back copied pages whose content is the template's again",
	.options = reshare_options,
	.supported = reshare_supported,
	.before_fork = reshare_before_fork,
	.after_request = reshare_after_request,
	.undo = reshare_undo,
	.functions = reshare_functions,
};

PERMAFROST_STRATEGY(reshare, reshare)
