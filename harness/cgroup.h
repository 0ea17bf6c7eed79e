/* cgroup.h - a memory cgroup for one cell: what the kernel itself charges to the
 * cell's processes, to set beside the sum of what each process shows.
 *
 * Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
 */
#ifndef PERMAFROST_CGROUP_H
#define PERMAFROST_CGROUP_H

#include <stddef.h>
#include <stdint.h>

struct cgroup {
	char *path;   /* its directory, or NULL: there is none */
	char *reason; /* then why, in words */
	int version;  /* 1 or 2 */
	int procs;    /* descriptor of its cgroup.procs, or -1 */
};

/* What is charged, in KiB.  `usage` holds all the others and up to 64 pages per
 * CPU that are charged ahead; see cgroup.c on how fresh they are. */
struct cgroup_memory {
	int64_t usage;
	int64_t anon;	/* private pages, huge ones included */
	int64_t shmem;	/* memfds and the like, whether mapped or not */
	int64_t file;	/* page cache of other files, first read from here */
	int64_t kernel; /* page tables, stacks, slabs, ...; -1: not told */
};

/* Makes a cgroup for this process' cell, at most one at a time, as near to its
 * own as the rights allow: below its own cgroup, else below an ancestor.
 * Changes no cgroup but its own, and removes empty ones that harness processes
 * left behind which are dead now.  0, or -errno and c->reason.  End with
 * cgroup_fini() in both cases. */
int cgroup_make(struct cgroup *c);

/* Removes empty cgroups that harness processes left behind which are dead now, and
 * makes none. */
void cgroup_clean(void);

/* Moves the calling process into the cgroup whose cgroup.procs `procs` is.  Safe
 * between fork and exec.  0 or -errno. */
int cgroup_enter(int procs);

/* Reads what is charged now.  0 or -errno. */
int cgroup_read(const struct cgroup *c, struct cgroup_memory *m);

/* Sets what may be charged, swap included, before processes enter; beyond it the
 * kernel ends processes of the cgroup.  0 or -errno. */
int cgroup_limit(const struct cgroup *c, int64_t kib);

/* Takes the limit back.  0 or -errno. */
int cgroup_unlimit(const struct cgroup *c);

/* How many processes the kernel has ended for want of memory below the limit, or
 * -errno. */
int64_t cgroup_oom_kills(const struct cgroup *c);

/* Removes the cgroup, whose processes must be dead, and frees.  0, or -errno when
 * it had to be left to the next cgroup_make() on this host. */
int cgroup_fini(struct cgroup *c);

/* Reads a memory.stat text of hierarchy `version`.  Pure.  Leaves `usage` alone,
 * and on v1 `kernel` too, which has a file of its own.  0 or -EINVAL. */
int cgroup_parse_stat(const char *text, int version, struct cgroup_memory *m);

/* The process that made a cgroup of this name; 0 when it is none of ours.  Pure. */
long cgroup_maker(const char *name);

#endif
