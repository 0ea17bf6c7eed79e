/* places.c - sorts the template's pages by use. */
#define _GNU_SOURCE
#include "places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elfimage.h"
#include "heapmarks.h"
#include "maps.h"
#include "peek.h"
#include "util.h"

const char *const place_names[PLACES] = {
	[PLACE_PYMALLOC] = "pymalloc", [PLACE_MALLOC] = "malloc",
	[PLACE_LIBRARY] = "library",   [PLACE_STACK] = "stack",
	[PLACE_OTHER] = "other",
};

/* What is known while the pages are gone through, by address. */
struct sorter {
	int memory; /* of the template; see peek.h */
	size_t page_bytes;
	struct maps maps;
	struct cow_range *segments; /* of ELF files */
	size_t n_segments;
	uint64_t pool_start, pool_end; /* the last one found */
	uint64_t chunk_end;	       /* of the last mapped block */
	struct places *out;
};

static void add_segment(struct sorter *s, uint64_t start, uint64_t end)
{
	uint64_t page = s->page_bytes;

	s->segments = xrealloc(s->segments, s->n_segments + 1,
			       sizeof *s->segments);
	s->segments[s->n_segments++] = (struct cow_range){
		start / page * page, (end + page - 1) / page * page
	};
}

/* Adds the segments of the ELF file that is mapped from `base` on, if it is
 * one. */
static void add_elf(struct sorter *s, uint64_t base)
{
	struct elfimage image;

	if (elfimage_read(&image, s->memory, base) < 0)
		return;
	for (int i = 0; i < image.n; i++)
		if (image.segments[i].p_type == PT_LOAD) {
			uint64_t start = image.bias + image.segments[i].p_vaddr;

			add_segment(s, start,
				    start + image.segments[i].p_memsz);
		}
}

static int is_in_segment(const struct sorter *s, uint64_t address)
{
	for (size_t i = 0; i < s->n_segments; i++)
		if (s->segments[i].start <= address &&
		    address < s->segments[i].end)
			return 1;
	return 0;
}

/* Whether the page belongs to a pool.  A page further into a 16 KiB pool has no
 * header of its own. */
static int is_in_pool(struct sorter *s, uint64_t address, const char *head)
{
	static const size_t large = 16384;

	if (s->pool_start <= address && address < s->pool_end)
		return 1;
	s->pool_start = address;
	if (heapmarks_is_pool(head, s->page_bytes)) {
		s->pool_end = address + s->page_bytes;
		return 1;
	}
	if (address % large != 0) {
		char first[POOL_HEADER_BYTES];

		s->pool_start = address / large * large;
		peek(s->memory, s->pool_start, first, sizeof first);
		s->pool_end = heapmarks_is_pool(first, large) ?
			s->pool_start + large :
			s->pool_start;
	} else {
		s->pool_end = address +
			(heapmarks_is_pool(head, large) ? large : 0);
	}
	return address < s->pool_end;
}

static enum place place_of(struct sorter *s, uint64_t address)
{
	const struct mapping *m = maps_find(&s->maps, address);
	char head[POOL_HEADER_BYTES];
	uint64_t chunk;

	if (m == NULL)
		return PLACE_OTHER;
	if (strcmp(m->path, "[stack]") == 0)
		return PLACE_STACK;
	if (is_in_segment(s, address))
		return PLACE_LIBRARY;
	peek(s->memory, address, head, sizeof head);
	if (is_in_pool(s, address, head))
		return PLACE_PYMALLOC;
	/* The strategy reshare moves the heap, and nothing else, into a memfd. */
	if (strcmp(m->path, "[heap]") == 0 || address < s->chunk_end ||
	    strncmp(m->path, "/memfd:permafrost-reshare", 25) == 0)
		return PLACE_MALLOC;
	chunk = m->inode != 0 ?
		0 :
		heapmarks_mapped_chunk(head, s->page_bytes, m->end - address);
	s->chunk_end = address + chunk;
	return chunk > 0 ? PLACE_MALLOC : PLACE_OTHER;
}

static void add_page(struct sorter *s, uint64_t address)
{
	struct places *p = s->out;
	enum place place = place_of(s, address);

	if (p->n > 0) {
		struct place_run *last = &p->runs[p->n - 1];

		if (last->end == address && last->place == place) {
			last->end += s->page_bytes;
			return;
		}
	}
	if ((p->n & (p->n - 1)) == 0) /* grow at powers of two */
		p->runs = xrealloc(p->runs, p->n ? 2 * p->n : 1,
				   sizeof *p->runs);
	p->runs[p->n++] = (struct place_run){ address, address + s->page_bytes,
					      place };
}

int places_find(const struct cow_map *map, pid_t template,
		struct places *places)
{
	struct sorter s = {
		.memory = peek_open(template),
		.page_bytes = (size_t)sysconf(_SC_PAGESIZE),
		.out = places,
	};
	int result = s.memory < 0 ? s.memory : maps_read(&s.maps, template);

	*places = (struct places){ NULL, 0 };
	for (size_t i = 0; i < s.maps.n && result == 0; i++)
		if (s.maps.items[i].inode != 0 && s.maps.items[i].offset == 0)
			add_elf(&s, s.maps.items[i].start);
	for (size_t i = 0; i < map->n && result == 0; i++)
		for (uint64_t a = map->ranges[i].start; a < map->ranges[i].end;
		     a += s.page_bytes)
			add_page(&s, a);
	if (s.memory >= 0)
		close(s.memory);
	maps_fini(&s.maps);
	free(s.segments);
	return result;
}

void places_fini(struct places *places)
{
	free(places->runs);
	*places = (struct places){ NULL, 0 };
}

enum place places_at(const struct places *places, uint64_t address)
{
	size_t low = 0, high = places->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (places->runs[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < places->n && places->runs[low].start <= address ?
		places->runs[low].place :
		PLACE_OTHER;
}
