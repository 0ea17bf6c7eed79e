/* places.h - what the pages of the template are used for.
 *
 * Decided from what is there, not from addresses alone:
 *
 *   pymalloc  pages of a pool of the interpreter's allocator, which its header
 *             gives away: its largest offset and its size class must fit
 *             (struct pool_header of Objects/obmalloc.c, the same from 2.7 on;
 *             pools are 4 KiB, or 16 KiB from 3.10 on 64-bit machines).
 *             Free-threaded builds have another allocator and hence none.
 *   malloc    the rest of [heap], and large blocks that the C library has
 *             mapped, which begin with their size and a flag (struct
 *             malloc_chunk of glibc's malloc.c: bit 1 of the size, which
 *             counts the 16 bytes of the header up to 2.42 or so)
 *   library   the segments of the executable and its libraries, .bss included,
 *             as their ELF headers give them
 *   stack     of the main thread
 *   other     what a program has mapped itself, stacks and heaps of threads
 */
#ifndef PERMAFROST_PLACES_H
#define PERMAFROST_PLACES_H

#include <sys/types.h>

#include "cow.h"

enum place {
	PLACE_PYMALLOC,
	PLACE_MALLOC,
	PLACE_LIBRARY,
	PLACE_STACK,
	PLACE_OTHER,
	PLACES
};

/* As above, for documents and figures. */
extern const char *const place_names[PLACES];

/* A run of pages with one use. */
struct place_run {
	uint64_t start, end;
	enum place place;
};

struct places {
	struct place_run *runs; /* by address */
	size_t n;
};

/* Sorts all pages of `map` by use; `template` stands still.  0 or -errno.
 * Free with places_fini(). */
int places_find(const struct cow_map *map, pid_t template,
		struct places *places);
void places_fini(struct places *places);

/* The use of the page at `address`; PLACE_OTHER when it is not in the map. */
enum place places_at(const struct places *places, uint64_t address);

#endif
