/* memfd.h - memory that a family of processes holds but none has mapped: pages of
 * memfds and of other shared memory without a name, which are in no page table
 * and so in no process's RSS or PSS, yet are occupied.
 *
 * Source: proc(5); page tables as in pages.h.
 */
#ifndef PERMAFROST_MEMFD_H
#define PERMAFROST_MEMFD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct memfd_sum {
	int64_t unmapped_kib; /* allocated, and present in no page table */
	int64_t allocated_kib;
	size_t files;	    /* that were looked at */
	const char *failed; /* after an error: what failed; static storage */
};

/* Looks at all such files that the `n` processes, which must stand still, have
 * open or mapped; the file `except` (of fstat(); may be NULL) does not count.  A
 * file that is mapped but open nowhere needs CAP_CHECKPOINT_RESTORE or
 * CAP_SYS_ADMIN: -EPERM without.  0, or -errno and sum->failed. */
int memfd_sum(const pid_t *pids, size_t n, const struct stat *except,
	      struct memfd_sum *sum);

/* Whether a path of /proc/PID/maps or a link of /proc/PID/fd is that of a memfd, of
 * shared anonymous or System V memory, or of a deleted file in /dev/shm.  Pure. */
int memfd_is_nameless(const char *path);

/* Pages from `first` on that are present. */
struct memfd_run {
	uint64_t first, pages;
};

/* How many pages `n` runs cover together.  Pure; sorts them. */
uint64_t memfd_cover(struct memfd_run *runs, size_t n);

#endif
