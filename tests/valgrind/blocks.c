/* blocks.c - large blocks in mappings of their own, as glibc makes them, under
 * Valgrind, whose malloc() has none; strategies find the heap by them (heapmarks.h).
 *
 * Preloaded, with --soname-synonyms=somalloc=nouserintercepts, so that memcheck
 * leaves these functions alone.  Small blocks are still memcheck's.  malloc.c of
 * glibc: the header is {0, size | IS_MMAPPED}, and realloc() is mremap().
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define LARGE ((size_t)128 << 10) /* M_MMAP_THRESHOLD */
#define IS_MAPPED 2
#define MOST 65536

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

struct head {
	size_t previous, size;
};

static struct head *mapped[MOST];
static size_t n_mapped;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The place of the block's head in the table, or MOST when it is not in one. */
static size_t find(const void *block)
{
	if ((uintptr_t)block % PAGE != sizeof(struct head))
		return MOST;
	for (size_t i = 0; i < n_mapped; i++)
		if (mapped[i] + 1 == block)
			return i;
	return MOST;
}

static size_t mapping_bytes(size_t size)
{
	return (size + sizeof(struct head) + PAGE - 1) / PAGE * PAGE;
}

static void *map(size_t size)
{
	size_t bytes = mapping_bytes(size);
	struct head *head = MAP_FAILED;

	pthread_mutex_lock(&lock);
	if (size < PTRDIFF_MAX && n_mapped < MOST)
		head = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (head != MAP_FAILED) {
		head->size = bytes | IS_MAPPED;
		mapped[n_mapped++] = head;
	}
	pthread_mutex_unlock(&lock);
	return head != MAP_FAILED ? head + 1 : NULL;
}

void *malloc(size_t size)
{
	return size >= LARGE ? map(size) : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return bytes >= LARGE ? map(bytes) : __libc_calloc(n, size);
}

/* Unmaps the block.  Returns 0 when it is not one of ours. */
static int unmap(void *block)
{
	size_t place;

	pthread_mutex_lock(&lock);
	place = find(block);
	if (place < MOST) {
		struct head *head = mapped[place];

		mapped[place] = mapped[--n_mapped];
		munmap(head, head->size & ~(PAGE - 1));
	}
	pthread_mutex_unlock(&lock);
	return place < MOST;
}

void free(void *block)
{
	if (!unmap(block))
		__libc_free(block);
}

/* Moves the mapping of a large block.  The block's new place; NULL: no memory, or
 * *is_mapped is 0 and it is none. */
static void *move(void *block, size_t size, int *is_mapped)
{
	size_t bytes = mapping_bytes(size), place;
	struct head *head = MAP_FAILED;

	pthread_mutex_lock(&lock);
	place = find(block);
	*is_mapped = place < MOST;
	if (*is_mapped && size < PTRDIFF_MAX)
		head = mremap(mapped[place], mapped[place]->size & ~(PAGE - 1),
			      bytes, MREMAP_MAYMOVE);
	if (head != MAP_FAILED) {
		head->size = bytes | IS_MAPPED;
		mapped[place] = head;
	}
	pthread_mutex_unlock(&lock);
	return head != MAP_FAILED ? head + 1 : NULL;
}

/* Of a small block: memcheck's answer. */
static size_t small_bytes(void *block)
{
	static size_t (*usable_size)(void *);

	if (usable_size == NULL)
		*(void **)&usable_size = dlsym(RTLD_NEXT, "malloc_usable_size");
	return usable_size(block);
}

size_t malloc_usable_size(void *block)
{
	size_t place, bytes = 0;

	if (block == NULL)
		return 0;
	pthread_mutex_lock(&lock);
	place = find(block);
	if (place < MOST)
		bytes = (mapped[place]->size & ~(PAGE - 1)) -
			sizeof(struct head);
	pthread_mutex_unlock(&lock);
	return place < MOST ? bytes : small_bytes(block);
}

void *realloc(void *block, size_t size)
{
	int is_mapped;
	void *moved = block != NULL ? move(block, size, &is_mapped) : NULL;
	size_t bytes;

	if (moved != NULL || (block != NULL && is_mapped))
		return moved;
	if (size < LARGE)
		return __libc_realloc(block, size);
	moved = map(size);
	if (moved == NULL || block == NULL)
		return moved;
	bytes = small_bytes(block);
	memcpy(moved, block, bytes < size ? bytes : size);
	__libc_free(block);
	return moved;
}
