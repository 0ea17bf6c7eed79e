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
 * A pass by requests looks at all pages, one by growth leaves hot ones (giveback.c)
 * alone, but for every eighth.  Passes that are due wait until those before them have
 * taken no more than `cpu` of the process's CPU time, 6 ms in advance, and 3 us for
 * each page that was given back for good.  So a worker whose pages come back at once
 * makes few passes, and one that reads its way through the heap as many as help.
 */
#include "strategy.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "adopt.h"
#include "numberblocks.h"
#include "pymalloc.h"

#define GROWN_PAGE 4096

/* CPU time that passes may take besides their share: some in advance, since a worker
 * copies most of what it ever copies in its first requests; and for each page given
 * back for good what that takes at most, and no more than copying it took (3 to 5 us on
 * virtual machines). */
#define ADVANCE_NS UINT64_C(6000000)
#define EARNED_NS UINT64_C(3000)

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
		.fallback = "4M",
		.keyed = 1,
	},
	{
		.name = "cpu",
		.help = "share of the process's CPU time that passes may take, "
			"besides what these earn; 100%: any",
		.kind = OPTION_PERCENT,
		.minimum = 1,
		.maximum = 100,
		.fallback = "1%",
		.keyed = 1,
	},
	{ .name = NULL },
};

/* Of the passes by growth, each so many-th looks at hot pages, too. */
#define LOOK_AT_HOT 8

/* Of this process, which a fork leaves behind. */
static struct {
	pid_t pid;
	long requests, faults; /* since, and at, the last pass */
	uint64_t spent_ns;     /* in passes */
	uint64_t kept;	       /* pages given back, less hot ones */
	int waits;	       /* one is due, but not yet paid for */
	int by_growth;	       /* passes since one by requests */
} policy;

/* Of this process and those it descends from. */
static uint64_t waited;	  /* number of times */
static uint64_t spent_ns; /* CPU time of passes */

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
			     "threads; stop all but one before",
			     what, adopt_threads());
	else if (result == -EFBIG)
		PyErr_Format(
			PyExc_RuntimeError,
			"reshare: cannot %s the heap, the size of files is "
			"limited; see ulimit -f",
			what);
	else
		PyErr_SetFromErrno(PyExc_OSError);
	return -1;
}

static int reshare_before_fork(struct strategy_use *use)
{
	int result;

	(void)use;
	numberblocks_remember();
	result = adopt_heap(PYMALLOC_POOL_BYTES, PYMALLOC_ARENA_BYTES);
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

static int is_due_by_requests(const struct strategy_use *use)
{
	long every = use->args[0].value;

	return every > 0 && policy.requests >= every;
}

static int is_due_by_growth(const struct strategy_use *use)
{
	long grow = use->args[1].value;

	return grow > 0 && minor_faults() - policy.faults >= grow / GROWN_PAGE;
}

static int is_paid_for(const struct strategy_use *use)
{
	long percent = use->args[2].value;

	if (percent == 100)
		return 1;
	return policy.spent_ns <= ADVANCE_NS +
		cpu_ns() / 100 * (uint64_t)percent + policy.kept * EARNED_NS;
}

/* `all`: hot pages, too. */
static int64_t pass(int all)
{
	uint64_t before = cpu_ns();
	const struct adopt_statistics *s = &adopt_statistics;
	uint64_t hot = s->pages_left_hot;
	int64_t given_back;

	numberblocks_restore();
	given_back = adopt_pass(all);
	hot = s->pages_left_hot - hot;
	policy.kept += (uint64_t)given_back;
	policy.kept -= hot < policy.kept ? hot : policy.kept;
	before = cpu_ns() - before;
	policy.spent_ns += before;
	spent_ns += before;
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
	int by_requests;

	if (!adopted.is_active)
		return 0;
	know_process();
	policy.requests++;
	by_requests = is_due_by_requests(use);
	if (!by_requests && !is_due_by_growth(use))
		return 0;
	if (!is_paid_for(use)) {
		waited += !policy.waits;
		policy.waits = 1;
		return 0;
	}
	policy.by_growth = by_requests ? 0 : policy.by_growth + 1;
	pass(policy.by_growth % LOOK_AT_HOT == 0);
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
	return PyLong_FromLongLong(pass(1));
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
		"{s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:K,s:n,s:K}", "passes",
		(unsigned long long)s->passes, "pages_looked_at",
		(unsigned long long)s->pages_looked_at, "pages_given_back",
		(unsigned long long)s->pages_given_back, "pages_left_hot",
		(unsigned long long)s->pages_left_hot, "ns",
		(unsigned long long)spent_ns, "skipped_threads",
		(unsigned long long)s->skipped_threads, "skipped_lost",
		(unsigned long long)s->skipped_lost, "skipped_error",
		(unsigned long long)s->skipped_error, "waited_for_cpu",
		(unsigned long long)waited, "regions", (Py_ssize_t)adopted.n,
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
	.summary =
		"give back copied pages whose content is the template's again",
	.options = reshare_options,
	.supported = reshare_supported,
	.before_fork = reshare_before_fork,
	.after_request = reshare_after_request,
	.undo = reshare_undo,
	.functions = reshare_functions,
};

PERMAFROST_STRATEGY(reshare, reshare)
