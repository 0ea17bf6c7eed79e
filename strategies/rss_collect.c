/* rss_collect.c - no automatic collection; the worker collects between requests
 * when its memory has grown by SIZE since the last time, as the JavaScript
 * bindings of GObject do.  Requests that leave no garbage cost no collection,
 * and garbage that is few objects but much memory is found.
 *
 * Memory is the anonymous part of the resident size: /proc/self/statm, resident
 * less shared (proc(5)).  A fork hands its pages down, so a copied page is no
 * growth, and neither are pages of libraries touched for the first time.  The
 * kernel's counters lag by up to some hundred pages per CPU; far less than SIZE.
 *
 * The size that counts is that after the collection: if it freed nothing, the
 * next one waits for another SIZE of growth.
 *
 * The file is kept open, for opening it costs five times as much as reading it
 * (4.5 against 0.8 us).  It shows the process that opened it, so each worker has
 * its own.  The program may close it or put another file in its place; whatever
 * does not read like a statm is left alone, and a new one is opened.
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
		.maximum = LONG_MAX,
		.fallback = "32M",
	},
	{ .name = NULL },
};

/* What is in use->saved[] behind that of gccall_stop_automatic(). */
enum {
	SIZE_KIB = 4,		/* size after the last collection */
	STATM_FD,		/* descriptor, plus one; 0: none */
};

/* Reads the anonymous resident size from `fd`.  Returns KiB, or -1 with errno
 * set when that is no statm. */
static int read_statm(int fd)
{
	char text[256];
	long resident, shared;
	int end = 0;
	ssize_t n;

	errno = EINVAL;		/* of something that can be read but is none */
	n = pread(fd, text, sizeof text - 1, 0);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	/* The fifth and the seventh number are always zero. */
	if (sscanf(text, "%*u %ld %ld %*u 0 %*u 0%n", &resident, &shared,
		   &end) != 2 || end + 1 != n || text[end] != '\n')
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

/* Remembers the size now.  Returns 0 or -1. */
static int remember_size(struct strategy_use *use)
{
	int size = current_size(use);

	if (size < 0)
		return -1;
	use->saved[SIZE_KIB] = size;
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
	return gccall_stopped_automatic(use) ? remember_size(use) : 0;
}

static int rss_collect_after_request(struct strategy_use *use)
{
	int size;

	if (!gccall_stopped_automatic(use))
		return 0;
	if (use->saved[STATM_FD] == 0)
		return remember_size(use);
	size = current_size(use);
	if (size < 0)
		return -1;
	if (size - use->saved[SIZE_KIB] < use->args[0].value / 1024)
		return 0;
	return gccall_void("collect") < 0 ? -1 : remember_size(use);
}

static int rss_collect_undo(struct strategy_use *use)
{
	close_statm(use);
	return gccall_restore_threshold(use);
}

static const struct strategy rss_collect = {
	.abi = STRATEGY_ABI,
	.name = "rss-collect",
	.summary = "collect between requests, when memory grew by SIZE",
	.options = rss_collect_options,
	.supported = rss_collect_supported,
	.before_fork = gccall_stop_automatic,
	.after_fork_child = rss_collect_after_fork_child,
	.after_request = rss_collect_after_request,
	.before_exit = rss_collect_undo,
	.undo = rss_collect_undo,
};

PERMAFROST_STRATEGY(rss_collect, rss_collect)
