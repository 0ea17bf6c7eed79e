/* ksm.c - kernel same-page merging for the template and its workers: what
 * operators use today, so that others can be compared with it.
 *
 * One prctl before the fork opts the process and its children in (Linux 6.4,
 * PR_SET_MEMORY_MERGE); the kernel's scanner then finds equal pages, of whatever
 * origin, in its own time and at its own cost (the metric ksm_cpu_ms).  Whether
 * it runs, and how fast, is the host's setting, which is not ours to change.
 * Whether the prctl takes a privilege is found by trying: it took none on 6.18.
 *
 * Source: Documentation/admin-guide/mm/ksm.rst, PR_SET_MEMORY_MERGE(2const).
 */
#include "strategy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Headers before 6.4 lack these. */
#define SET_MEMORY_MERGE 67
#define GET_MEMORY_MERGE 68

/* Reads the beginning of a small file; "" when it cannot be read. */
static void read_start(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static const char *ksm_supported(void)
{
	int is_on = prctl(GET_MEMORY_MERGE, 0, 0, 0, 0);
	char run[4];

	if (is_on < 0)
		return "needs Linux 6.4 or later with same-page merging (KSM)";
	read_start("/sys/kernel/mm/ksm/run", run, sizeof run);
	if (run[0] == '\0')
		return "cannot tell whether this host merges pages: "
		       "/sys/kernel/mm/ksm/run is not readable here";
	if (run[0] != '1')
		return "same-page merging is off on this host; root can write 1 "
		       "to /sys/kernel/mm/ksm/run";
	/* To set what is set changes nothing but tells whether we may. */
	return prctl(SET_MEMORY_MERGE, is_on, 0, 0, 0) == 0 ?
		NULL :
		"the kernel does not let this process ask for it "
		"(PR_SET_MEMORY_MERGE: a sandbox forbids it, or this version "
		"wants CAP_SYS_RESOURCE, which root has)";
}

static int set_merging(int on)
{
	if (prctl(SET_MEMORY_MERGE, on, 0, 0, 0) == 0)
		return 0;
	PyErr_SetFromErrno(PyExc_OSError);
	return -1;
}

/* saved[0] tells that it was we who opted in. */
static int ksm_before_fork(struct strategy_use *use)
{
	if (prctl(GET_MEMORY_MERGE, 0, 0, 0, 0) == 1)
		return 0;
	if (set_merging(1) < 0)
		return -1;
	use->saved[0] = 1;
	return 0;
}

/* Opting out splits what was merged: each page is a private copy again. */
static int ksm_undo(struct strategy_use *use)
{
	int was_set = use->saved[0];

	use->saved[0] = 0;
	return was_set ? set_merging(0) : 0;
}

static const struct strategy ksm = {
	.abi = STRATEGY_ABI,
	.name = "ksm",
	.summary =
		"let the kernel merge equal pages (KSM), at its scanner's pace",
	.supported = ksm_supported,
	.before_fork = ksm_before_fork,
	.undo = ksm_undo,
};

PERMAFROST_STRATEGY(ksm, ksm)
