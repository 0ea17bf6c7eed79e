/* pool.h - the header of a pool of pymalloc, the interpreter's allocator for
 * blocks of up to 512 bytes: struct pool_header of Objects/obmalloc.c, the same
 * from 2.7 on.  Free-threaded builds have another allocator. */
#ifndef PERMAFROST_POOL_H
#define PERMAFROST_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Sizes of a pool, at multiples of which it begins: the second from 3.10 on, on
 * 64-bit machines. */
#define POOL_SMALL 4096
#define POOL_LARGE 16384

#define POOL_BLOCK_MAX 512	/* bytes */

struct pool_header {
	uint32_t used, padding;		/* blocks */
	uint64_t free_block, next, previous;
	uint32_t arena, size_class, next_offset, last_offset;
};
#define POOL_HEADER_BYTES sizeof(struct pool_header)

/* Whether these bytes begin a pool of `pool_bytes`: its largest offset and its
 * size class must fit. */
static inline int pool_is(const void *bytes, size_t pool_bytes)
{
	struct pool_header h;

	memcpy(&h, bytes, sizeof h);
	/* Blocks are multiples of 8 bytes, of 16 since 3.7 or 3.8. */
	for (size_t alignment = 8; alignment <= 16; alignment += 8) {
		size_t block = ((size_t)h.size_class + 1) * alignment;

		if (h.size_class < 64 && block <= POOL_BLOCK_MAX &&
		    h.last_offset == pool_bytes - block &&
		    h.next_offset >= POOL_HEADER_BYTES &&
		    h.next_offset <= pool_bytes &&
		    h.used <= (pool_bytes - POOL_HEADER_BYTES) / block)
			return 1;
	}
	return 0;
}

#endif
