/* rss_collect.c - no automatic collection; the worker collects between requests
 * when its memory has grown by SIZE since the last time, as the JavaScript
 * bindings of GObject do.  Requests that leave no garbage cost no collection,
 * and garbage that is few objects but much memory is found.
 *
 * Memory is the anonymous part of the resident size: /proc/self/statm, resident
 * less shared (proc(5)).  A fork hands its pages down, so a copied page is no
 * growth, and neither are pages of libraries touched for the first time.  The
 * kernel's counters lag by up to some hundred pages per CPU; far less than
 * SIZE.
 *
 * A collection that freed nothing is followed by the next one after another
 * SIZE of growth.  One that freed something leaves holes in pages that stay
 * resident; new garbage fills them first and is no growth.  If each time
 * another SIZE were waited for, garbage would add up without end.  So the level
 * at which to collect then stays, as long as it is at least an eighth of SIZE
 * away.
 *
 * That slows the growth and does not end it: on webapp a worker's private
 * memory was 45 MiB with freeze on 3.13 after 2000 requests, 103 with 32M
 * behind it (170 with the level always SIZE away), 431 without collections.
 * Where garbage is many small objects oob needs less memory and makes shorter
 * pauses; this is for programs whose requests mostly leave none.
 *
 * The file is kept open, for opening it costs five times as much as reading it
 * (4.5 against 0.8 us).  It shows the process that opened it, so each worker
 * has its own.  The program may close it or put another file in its place;
 * whatever does not read like a statm is left alone, and a new one is opened.
 *
 * How automatic collection is switched off, and when it is back: see oob.c.
 */
#include "gccall.h"
#include "strategy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define STATM "/proc/self/statm"

static const struct strategy_option rss_collect_options[] = {
	{
		.name = "size",
		.help = "growth that causes a collection, in bytes or with K, M, G",
		.kind = OPTION_SIZE,
		.minimum = 1 << 20,
		.maximum = 1L << 30,
		.fallback = "32M",
	},
	{ .name = NULL },
};

/* What is in use->saved[] behind that of gccall_stop_automatic(). */
enum {
	LEVEL_KIB = 4, /* size at which to collect next */
	STATM_FD,      /* descriptor, plus one; 0: none */
};

/* Reads the anonymous resident size from `fd`.  Returns KiB, or -1 with errno
 * set when that is no statm. */
static int read_statm(int fd)
{
	char text[256];
	long resident, shared;
	int end = 0;
	ssize_t n;

	errno = EINVAL; /* of something that can be read but is none */
	n = pread(fd, text, sizeof text - 1, 0);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	/* The fifth and the seventh number are always zero. */
	if (sscanf(text, "%*u %ld %ld %*u 0 %*u 0%n", &resident, &shared,
		   &end) != 2 ||
	    end + 1 != n || text[end] != '\n')
		return -1;
	return (int)((resident - shared) * (sysconf(_SC_PAGESIZE) / 1024));
}

/* The process's size in KiB, or -1 with OSError set. */
static int current_size(struct strategy_use *use)
{
	int fd = use->saved[STATM_FD] - 1;
	int size = fd >= 0 ? read_statm(fd) : -1;

	if (size >= 0)
		return size;
	fd = open(STATM, O_RDONLY | O_CLOEXEC);
	size = fd >= 0 ? read_statm(fd) : -1;
	if (size < 0)
		PyErr_SetFromErrnoWithFilename(PyExc_OSError, STATM);
	if (fd >= 0 && size < 0)
		close(fd);
	else
		use->saved[STATM_FD] = fd + 1;
	return size;
}

/* Closes the file, if it is still ours. */
static void close_statm(struct strategy_use *use)
{
	int fd = use->saved[STATM_FD] - 1;

	use->saved[STATM_FD] = 0;
	if (fd >= 0 && read_statm(fd) >= 0)
		close(fd);
}

/* Decides at which size to collect next: `level`, but between an eighth of SIZE
 * and SIZE away from the size now.  Returns 0 or -1. */
static int set_level(struct strategy_use *use, int level)
{
	int step = (int)(use->args[0].value / 1024);
	int size = current_size(use);

	if (size < 0)
		return -1;
	if (level < size + step / 8)
		level = size + step / 8;
	if (level > size + step)
		level = size + step;
	use->saved[LEVEL_KIB] = level;
	return 0;
}

static const char *rss_collect_supported(void)
{
	int fd = open(STATM, O_RDONLY | O_CLOEXEC);
	int size = fd >= 0 ? read_statm(fd) : -1;

	if (fd >= 0)
		close(fd);
	return size >= 0 ? NULL : "needs " STATM " (Linux with /proc mounted)";
}

static int rss_collect_after_fork_child(struct strategy_use *use)
{
	close_statm(use);
	return gccall_stopped_automatic(use) ? set_level(use, INT_MAX) : 0;
}

static int rss_collect_after_request(struct strategy_use *use)
{
	Py_ssize_t freed;
	int size;

	if (!gccall_stopped_automatic(use))
		return 0;
	if (use->saved[STATM_FD] == 0)
		return set_level(use, INT_MAX);
	size = current_size(use);
	if (size < 0)
		return -1;
	if (size < use->saved[LEVEL_KIB])
		return 0;
	freed = gccall_number("collect");
	if (freed < 0)
		return -1;
	return set_level(use, freed > 0 ? use->saved[LEVEL_KIB] : INT_MAX);
}

static int rss_collect_undo(struct strategy_use *use)
{
	close_statm(use);
	return gccall_restore_threshold(use);
}

static const struct strategy rss_collect = {
	.abi = STRATEGY_ABI,
	.name = "rss-collect",
	.summary =
		"collect between requests, when memory grew by SIZE (see oob)",
	.options = rss_collect_options,
	.supported = rss_collect_supported,
	.before_fork = gccall_stop_automatic,
	.after_fork_child = rss_collect_after_fork_child,
	.after_request = rss_collect_after_request,
	.before_exit = rss_collect_undo,
	.undo = rss_collect_undo,
};

PERMAFROST_STRATEGY(rss_collect, rss_collect)
