/* observefamily.h - a live pre-fork server's processes: its master, the workers
 * that were forked from it, and what else descends from it.
 *
 * A worker is a descendant that has not called exec since: the kernel puts the
 * auxiliary vector on a program's stack, with addresses that are random (program,
 * loader, vDSO, the random bytes) or depend on its arguments and environment;
 * fork() keeps it, exec() makes a new one.  So forks have the same /proc/PID/auxv.
 * A worker's worker counts, too.
 */
#ifndef PERMAFROST_OBSERVEFAMILY_H
#define PERMAFROST_OBSERVEFAMILY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "procfs.h"

#define OBSERVE_NAME 80

/* One process at one moment. */
struct observe_process {
	pid_t pid, parent;
	char name[OBSERVE_NAME]; /* its command line, cut off; safe to print */
	struct procfs_memory memory;
	int64_t page_tables;   /* KiB */
	uint64_t minor_faults; /* since it began */
	int64_t at;	       /* when they were read, ns */
	int64_t threads;
};

/* A descendant that is no worker. */
struct observe_stranger {
	pid_t pid;
	char name[OBSERVE_NAME];
	const char *reason; /* static storage */
};

struct observe_family {
	struct observe_process master;
	struct observe_process *workers; /* by pid */
	size_t n;
	struct observe_stranger *strangers;
	size_t n_strangers;
};

/* Reads the family of `master`.  Processes that end meanwhile are left out.  0, or
 * -errno of reading the master: -ESRCH or -ENOENT when it is gone, -EACCES when it
 * may not be read.  Free with observefamily_fini() in both cases. */
int observefamily_read(struct observe_family *f, pid_t master);
void observefamily_fini(struct observe_family *f);

/* Why `f` has no workers, and what to do, in a sentence; to free. */
char *observefamily_why_none(const struct observe_family *f);

/* What is missing to read process `pid`, when a file of it gave -errno `error`, and
 * the cure; to free. */
char *observefamily_why_unreadable(pid_t pid, int error);

#endif
