/* heapmarks.h - what gives a page of the interpreter's heap away.
 *
 *   pools          of the interpreter's allocator begin with a header in which
 *                  the largest offset and the size class must fit (struct
 *                  pool_header of Objects/obmalloc.c, the same from 2.7 on;
 *                  pools are 4 KiB, or 16 KiB from 3.10 on 64-bit machines).
 *                  Free-threaded builds have another allocator and hence none.
 *   large blocks   that glibc has mapped begin with their size and a flag
 *                  (struct malloc_chunk of malloc.c: bit 1 of the size, which
 *                  counts the 16 bytes of the header up to 2.42 or so).
 *
 * Pure functions over bytes, for the harness, which looks at other processes,
 * and for the strategies, which look at their own.
 */
#ifndef PERMAFROST_HEAPMARKS_H
#define PERMAFROST_HEAPMARKS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* For a function that reads what belongs to nobody in particular, at which
 * AddressSanitizer would balk. */
#define READS_ANY_MEMORY __attribute__((no_sanitize_address))

struct pool_header {
	uint32_t used, padding;
	uint64_t free_block, next, previous;
	uint32_t arena; /* index; the same for all pools of an arena */
	uint32_t size_class, next_offset, last_offset;
};
#define POOL_HEADER_BYTES 48
_Static_assert(sizeof(struct pool_header) == POOL_HEADER_BYTES, "layout");

/* Whether these bytes, the first of a page, begin a pool of `pool_bytes`. */
READS_ANY_MEMORY
static inline int heapmarks_is_pool(const void *bytes, size_t pool_bytes)
{
	struct pool_header h;

	memcpy(&h, bytes, sizeof h);
	/* Blocks are multiples of 8 bytes, of 16 since 3.7 or 3.8. */
	for (size_t alignment = 8; alignment <= 16; alignment += 8) {
		size_t block = ((size_t)h.size_class + 1) * alignment;

		if (h.size_class < 64 && block <= 512 &&
		    h.last_offset == pool_bytes - block &&
		    h.next_offset >= POOL_HEADER_BYTES &&
		    h.next_offset <= pool_bytes &&
		    h.used <= (pool_bytes - POOL_HEADER_BYTES) / block)
			return 1;
	}
	return 0;
}

/* The size of the block that the C library has mapped and that begins with these
 * 16 bytes, the first of a page; 0 if it is none.  `room` is what is mapped from
 * here on. */
READS_ANY_MEMORY
static inline uint64_t heapmarks_mapped_chunk(const void *bytes,
					      size_t page_bytes, uint64_t room)
{
	const uint64_t is_mapped = 2, flags = 7;
	uint64_t head[2], size;

	memcpy(head, bytes, sizeof head);
	size = head[1] & ~flags;
	if (size % page_bytes == page_bytes - sizeof head)
		size += sizeof head; /* newer ones leave the header out */
	return head[0] == 0 && (head[1] & flags) == is_mapped && size > 0 &&
			size % page_bytes == 0 && size <= room ?
		size :
		0;
}

#endif
