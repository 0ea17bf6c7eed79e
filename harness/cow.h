/* cow.h - which of the template's pages a worker has copied, seen from outside.
 *
 * At the fork, the template's present pages in private mappings are noted, and
 * all of private mappings of a memfd, into which a strategy has put the heap.
 * Later, an anonymous page that only the worker maps is a copy when it lies at
 * such an address, and new otherwise: as long as the template stands still and
 * lives, a page that is still shared has at least two users.
 */
#ifndef PERMAFROST_COW_H
#define PERMAFROST_COW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A run of present pages. */
struct cow_range {
	uint64_t start, end; /* addresses, [start, end) */
};

/* The pages that the template had at the fork. */
struct cow_map {
	struct cow_range *ranges; /* by address */
	size_t n;
};

struct cow_counts {
	uint64_t copied; /* pages of the map that are the worker's own */
	uint64_t fresh;	 /* its own pages that the template had not */
};

/* Notes the pages of `pid`, which must stand still.  0 or -errno; -ENODATA when
 * this kernel does not tell which pages are exclusive.  Free with cow_fini(). */
int cow_note(pid_t pid, struct cow_map *map);
void cow_fini(struct cow_map *map);

/* How many pages were noted. */
uint64_t cow_noted(const struct cow_map *map);

/* Counts the pages that are `worker`'s own.  It must stand still.  0 or
 * -errno. */
int cow_count(const struct cow_map *map, pid_t worker,
	      struct cow_counts *counts);

/* What to do with a run of `n` pages of the worker's own that are copies. */
typedef int cow_found(void *arg, uint64_t address, uint64_t n);

/* Calls `found` for the worker's copies, by address.  0, -errno, or the first
 * thing but 0 that `found` returned. */
int cow_each_copy(const struct cow_map *map, pid_t worker, cow_found *found,
		  void *arg);

#endif
