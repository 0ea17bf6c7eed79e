/* seal.c - fills the holes in what workers share, so that they make new objects
 * on pages of their own.
 *
 * A worker that allocates from a half-used pool, or from a hole in the C
 * library's heap, copies a page for the sake of one block.  Right before the
 * fork this takes all such blocks and keeps them: afterwards the allocators
 * have only whole pools and the top of the heap to give.
 *
 *   pools   a block is taken from each size class until the allocator begins a
 *           new pool for it, which the pool's count of 1 tells
 *   heap    blocks are taken, large ones first, until they come from the top,
 *           whose size mallinfo() tells (keepcost; mallinfo(3))
 *
 * The blocks are linked through their first words.  They are memory that the
 * template gives up, but hardly more of it: the holes were on pages in use.
 */
#define _GNU_SOURCE
#include "strategy.h"

#include "heapmarks.h"
#include "pymalloc.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define POOL_BLOCK_MAX 512 /* bytes of the largest block in a pool */

/* No heap has more holes than this; it ends the search where the allocators are
 * not the ones we know. */
#define FILL_MAX ((size_t)1 << 30)

struct block {
	struct block *next;
};

static struct block *blocks_of_pools, *blocks_of_heap;

static const char *seal_supported(void)
{
#ifdef Py_GIL_DISABLED
	return "free-threaded builds have another allocator";
#elif !defined(__GLIBC__)
	return "needs the allocator of the GNU C library";
#else
	return NULL;
#endif
}

static void keep(struct block **list, void *memory)
{
	struct block *block = memory;

	block->next = *list;
	*list = block;
}

/* The pool that a block lies in, or NULL when it is not in one. */
static const void *pool_of(const void *block)
{
	const char *pool = (const char *)((uintptr_t)block &
					  ~(PYMALLOC_POOL_BYTES - 1));

	return heapmarks_is_pool(pool, PYMALLOC_POOL_BYTES) ? pool : NULL;
}

/* Takes the free blocks of used pools of one size class. */
static void fill_class(size_t size)
{
	for (size_t filled = 0; filled < FILL_MAX; filled += size) {
		void *block = PyObject_Malloc(size);
		const void *pool;
		uint32_t used = 1;

		if (block == NULL)
			return;
		pool = pool_of(block);
		if (pool != NULL)
			memcpy(&used, pool, sizeof used);
		if (used == 1) { /* a new pool, or none at all */
			PyObject_Free(block);
			return;
		}
		keep(&blocks_of_pools, block);
	}
}

static size_t top_bytes(void)
{
#if __GLIBC_PREREQ(2, 33)
	return mallinfo2().keepcost;
#else
	return (size_t)mallinfo().keepcost;
#endif
}

/* Takes the free chunks of the heap below its top. */
static void fill_heap(void)
{
	static const size_t largest = 65536, smallest = 24;
	uintptr_t end = (uintptr_t)sbrk(0);
	uintptr_t top = end - top_bytes();

	for (size_t size = largest; size >= smallest;
	     size -= size > 1024 ? size / 8 : 16)
		for (size_t filled = 0; filled < FILL_MAX; filled += size) {
			void *block = malloc(size);
			uintptr_t address = (uintptr_t)block;

			if (block == NULL)
				return;
			/* What lies above the top's begin, or is mapped on its
			 * own, is no hole. */
			if (address >= top ||
			    end - address > end - top + FILL_MAX) {
				free(block);
				break;
			}
			keep(&blocks_of_heap, block);
		}
}

static int seal_before_fork(struct strategy_use *use)
{
	(void)use;
	for (size_t size = 8; size <= POOL_BLOCK_MAX; size += 8)
		fill_class(size);
	fill_heap();
	return 0;
}

static int seal_undo(struct strategy_use *use)
{
	(void)use;
	while (blocks_of_pools != NULL) {
		struct block *block = blocks_of_pools;

		blocks_of_pools = block->next;
		PyObject_Free(block);
	}
	while (blocks_of_heap != NULL) {
		struct block *block = blocks_of_heap;

		blocks_of_heap = block->next;
		free(block);
	}
	return 0;
}

static const struct strategy seal = {
	.abi = STRATEGY_ABI,
	.name = "seal",
	.summary =
		"fill holes of shared pages before the fork: saves up to 5 %, mostly less",
	.supported = seal_supported,
	.before_fork = seal_before_fork,
	.undo = seal_undo,
};

PERMAFROST_STRATEGY(seal, seal)
