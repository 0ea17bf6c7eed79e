/* arenas.c - finds pools in the memory of a process and adds up their blocks. */
#define _GNU_SOURCE
#include "arenas.h"

#include <errno.h>
#include <unistd.h>

#include "heapmarks.h"
#include "maps.h"
#include "pages.h"
#include "peek.h"

#define ARENA_POOLS 64

struct search {
	int memory; /* see peek.h */
	uint64_t page_bytes, pool_bytes;
	uint64_t start; /* the first pool of the last arena that was found */
	uint32_t index; /* ... and its index */
	struct arenas *found;
};

/* Pools come by address, those of one arena one after the other. */
static void add_pool(struct search *s, uint64_t address,
		     const struct pool_header *h)
{
	uint64_t block = s->pool_bytes - h->last_offset;
	uint64_t arena_bytes = ARENA_POOLS * s->pool_bytes;

	if (s->found->n == 0 || h->arena != s->index ||
	    address - s->start >= arena_bytes) {
		s->found->n++;
		s->found->bytes += arena_bytes;
		s->start = address;
		s->index = h->arena;
	}
	s->found->used += h->used * block;
}

static int look_for_pools(void *arg, uint64_t address, uint64_t n)
{
	struct search *s = arg;
	uint64_t end = address + n * s->page_bytes;

	for (uint64_t a = (address + s->pool_bytes - 1) / s->pool_bytes *
		     s->pool_bytes;
	     a < end; a += s->pool_bytes) {
		struct pool_header h;

		if (peek(s->memory, a, &h, sizeof h) == sizeof h &&
		    heapmarks_is_pool(&h, s->pool_bytes))
			add_pool(s, a, &h);
	}
	return 0;
}

static int search_mapping(struct search *s, struct pages *pages,
			  const struct mapping *m)
{
	/* That of a memfd has content where there are no pages yet. */
	return m->inode != 0 ?
		look_for_pools(s, m->start,
			       (m->end - m->start) / s->page_bytes) :
		pages_each(pages, m->start, m->end, PAGES_PRESENT,
			   look_for_pools, s);
}

int arenas_read(pid_t pid, uint32_t pool_bytes, struct arenas *arenas)
{
	struct search s = {
		.page_bytes = (uint64_t)sysconf(_SC_PAGESIZE),
		.pool_bytes = pool_bytes,
		.found = arenas,
	};
	struct maps maps;
	struct pages pages;
	int result;

	*arenas = (struct arenas){ 0 };
	if (pool_bytes != 4096 && pool_bytes != 16384)
		return -ENODATA;
	s.memory = peek_open(pid);
	if (s.memory < 0)
		return s.memory;
	result = pages_open(&pages, pid);
	if (result == 0) {
		result = maps_read(&maps, pid);
		for (size_t i = 0; i < maps.n && result == 0; i++)
			if (mapping_is_heap(&maps.items[i]))
				result = search_mapping(&s, &pages,
							&maps.items[i]);
		maps_fini(&maps);
	}
	pages_close(&pages);
	close(s.memory);
	return result == 0 && arenas->n == 0 ? -ENODATA : result;
}

double arenas_share(const struct arenas *arenas)
{
	return (double)arenas->used / (double)arenas->bytes;
}
