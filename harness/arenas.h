/* arenas.h - how much of its arenas the interpreter's allocator has given away.
 *
 * CPython takes memory from the system in arenas of 64 pools, and gives an arena
 * back when no block in it is in use (Objects/obmalloc.c, 2.7 on).  The header of
 * each pool tells how many blocks are in use, how large they are, and which arena
 * it is in (strategies/heapmarks.h); an arena has at least one such pool.  Pools
 * are found by content, so nothing of the process is called, and nothing is
 * written.
 */
#ifndef PERMAFROST_ARENAS_H
#define PERMAFROST_ARENAS_H

#include <stdint.h>
#include <sys/types.h>

struct arenas {
	uint64_t n;
	uint64_t bytes; /* of all arenas */
	uint64_t used; /* bytes, of blocks in use, as the allocator rounds them */
};

/* Looks at the pools of `pid`, which stands still; pool_bytes as in struct
 * shm_layout.  0, -errno, or -ENODATA when there are no arenas: the size is not
 * known, or the interpreter has another allocator.
 *
 * Pages that are not there stay so, but for those of a memfd (see cow.h), which
 * get into the process's page table. */
int arenas_read(pid_t pid, uint32_t pool_bytes, struct arenas *arenas);

/* What part of the arenas is in use, 0 to 1; there are some. */
double arenas_share(const struct arenas *arenas);

#endif
