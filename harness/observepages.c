/* observepages.c - compares a live worker's copies with its master's pages. */
#define _GNU_SOURCE
#include "observepages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maps.h"
#include "peek.h"
#include "util.h"

#define BATCH 64 /* pages read at a time */

/* Of shared pages, at most so many are looked at per worker. */
#define SAMPLE 2048

/* Marks of the master's pages. */
#define KNOWN 1	  /* it is known whether */
#define TRACKED 2 /* headers of tracked objects lie here */
#define COPIED 4  /* the worker being looked at has a copy */
#define YOUNG 8	  /* headers of young objects lie here */

/* Of young objects, no more are looked at: each is read by itself. */
#define YOUNG_MAX 100000

/* A page that differed at the first look. */
struct second_look {
	uint64_t address;
	uint64_t hash; /* of the worker's page at the first */
};

struct looker {
	struct observe_heap *heap;
	struct observe_pages *out;
	int memory;		/* of the worker */
	size_t page;		/* bytes */
	uint64_t step, counted; /* copies so far */
	char *before, *after;	/* BATCH pages and a margin */
	struct second_look *again;
	size_t n_again;
};

/* The range of the master's pages that holds `address` or, if none does, the next;
 * the number of ranges when there is none. */
static size_t range_of(const struct observe_heap *heap, uint64_t address)
{
	size_t low = 0, high = heap->map.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (heap->map.ranges[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether a page of the master's is at `address`; if so, its number. */
static int find_page(const struct observe_heap *heap, uint64_t address,
		     uint64_t *number)
{
	size_t i = range_of(heap, address);

	if (i == heap->map.n || address < heap->map.ranges[i].start)
		return 0;
	*number = heap->first[i] +
		(address - heap->map.ranges[i].start) /
			(uint64_t)sysconf(_SC_PAGESIZE);
	return 1;
}

static void mark_young(void *arg, uint64_t header)
{
	struct observe_heap *heap = arg;
	uint64_t number;

	if (find_page(heap, header, &number))
		heap->marks[number] |= YOUNG;
}

/* Finds the collector and where its young objects lie. */
static void look_at_collector(struct observe_heap *heap)
{
	const struct observe_python *p = &heap->python;

	observecollector_find(&heap->collector, heap->memory,
			      p->layout.gc_head_bytes, p->version,
			      p->generation0, p->runtime);
	heap->knows_young = observecollector_each_young(&heap->collector,
							heap->memory, YOUNG_MAX,
							mark_young, heap) == 0;
}

int observepages_open(struct observe_heap *heap, pid_t master)
{
	struct maps maps = { NULL, 0, NULL };
	uint64_t pages = 0;
	int result;

	*heap = (struct observe_heap){ .memory = peek_open(master) };
	result = heap->memory < 0 ? heap->memory : cow_note(master, &heap->map);
	if (result == 0)
		result = places_find(&heap->map, master, &heap->places);
	if (result == 0)
		result = maps_read(&maps, master);
	if (result == 0)
		observepython_find(&maps, heap->memory, &heap->python);
	for (size_t i = 0; i < maps.n; i++)
		heap->is_reshared |= strstr(maps.items[i].path,
					    "permafrost-reshare") != NULL;
	maps_fini(&maps);
	causes_init(&heap->causes, &heap->python.layout, heap->memory);
	heap->first = xcalloc(heap->map.n, sizeof *heap->first);
	for (size_t i = 0; i < heap->map.n && result == 0; i++) {
		heap->first[i] = pages;
		pages += (heap->map.ranges[i].end - heap->map.ranges[i].start) /
			(uint64_t)sysconf(_SC_PAGESIZE);
	}
	heap->marks = xcalloc(cow_noted(&heap->map), sizeof *heap->marks);
	if (result == 0)
		look_at_collector(heap);
	return result;
}

void observepages_close(struct observe_heap *heap)
{
	causes_fini(&heap->causes);
	places_fini(&heap->places);
	cow_fini(&heap->map);
	free(heap->first);
	free(heap->marks);
	if (heap->memory >= 0)
		close(heap->memory);
	*heap = (struct observe_heap){ .memory = -1 };
}

/* The number of the page at `address` among the master's, which is one of them. */
static uint64_t number_of(const struct looker *l, uint64_t address)
{
	uint64_t number = 0;

	find_page(l->heap, address, &number);
	return number;
}

static uint8_t *marks_of(const struct looker *l, uint64_t address)
{
	return &l->heap->marks[number_of(l, address)];
}

/* Reads `n` pages from `address` on, and the margin behind them when the master
 * has that page, too; else it is 0.  Whether they were all there. */
static int read_pages(struct looker *l, int memory, uint64_t address, size_t n,
		      char *buffer)
{
	const struct cow_range *r =
		&l->heap->map.ranges[range_of(l->heap, address)];
	size_t bytes = n * l->page;
	size_t margin = address + bytes < r->end ? CAUSES_MARGIN : 0;

	memset(buffer + bytes, 0, CAUSES_MARGIN);
	l->heap->read_bytes += bytes;
	return peek(memory, address, buffer, bytes + margin) >= bytes;
}

static uint64_t hash_of(const char *page, size_t bytes)
{
	uint64_t hash = 0, word;

	for (size_t i = 0; i < bytes; i += sizeof word) {
		memcpy(&word, page + i, sizeof word);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return hash;
}

/* Whether the master has tracked objects on its page `before`. */
static int is_tracked(struct looker *l, uint8_t *marks, const char *before)
{
	if ((*marks & KNOWN) == 0)
		*marks |= KNOWN |
			(observepython_has_header(&l->heap->causes, before,
						  l->page) ?
				 TRACKED :
				 0);
	return (*marks & TRACKED) != 0;
}

static int is_on_heap(enum place place)
{
	return place == PLACE_PYMALLOC || place == PLACE_MALLOC;
}

/* The group of a heap page at `address`, which on the master's side is `before`. */
static struct observe_group *group_of(struct looker *l, uint64_t address,
				      const char *before)
{
	if (is_tracked(l, marks_of(l, address), before))
		return &l->out->tracked;
	return places_at(&l->heap->places, address) == PLACE_PYMALLOC ?
		&l->out->pools :
		&l->out->other;
}

/* Counts one page of the worker's, which on the master's side is `before`. */
static void count(struct looker *l, uint64_t address, const char *before,
		  enum cause cause)
{
	enum place place = places_at(&l->heap->places, address);
	struct observe_group *g;

	l->out->copies.pages[place][cause] += l->step;
	l->out->equal += cause == CAUSE_NOTHING ? l->step : 0;
	if (!is_on_heap(place))
		return;
	g = group_of(l, address, before);
	if (g == &l->out->tracked &&
	    (cause == CAUSE_NOTHING || cause == CAUSE_GC_HEADER) &&
	    (!l->heap->knows_young || (*marks_of(l, address) & YOUNG) != 0))
		l->out->young += l->step;
	if (cause == CAUSE_NOTHING) {
		l->out->reshareable += l->step;
		g->equal += l->step;
	} else if (cause == CAUSE_GC_HEADER) {
		g->headers += l->step;
	} else {
		g->differ += l->step;
	}
}

/* The first look at a page: equal ones are counted, others kept for the second. */
static void look(struct looker *l, uint64_t address, const char *before,
		 const char *after)
{
	if (memcmp(before, after, l->page) == 0) {
		count(l, address, before, CAUSE_NOTHING);
		return;
	}
	if ((l->n_again & (l->n_again - 1)) == 0) /* powers of two */
		l->again = xrealloc(l->again, l->n_again ? 2 * l->n_again : 1,
				    sizeof *l->again);
	l->again[l->n_again++] = (struct second_look){
		address, hash_of(after, l->page)
	};
}

static int look_at_run(void *arg, uint64_t address, uint64_t n)
{
	struct looker *l = arg;

	l->out->copied += n;
	for (uint64_t i = number_of(l, address), end = i + n; i < end; i++)
		l->heap->marks[i] |= COPIED;
	while (n > 0) {
		size_t pages = l->step > 1 ? 1 : n < BATCH ? (size_t)n : BATCH;

		if (l->counted++ % l->step == 0) {
			if (read_pages(l, l->heap->memory, address, pages,
				       l->before) &&
			    read_pages(l, l->memory, address, pages, l->after))
				for (size_t i = 0; i < pages; i++)
					look(l, address + i * l->page,
					     l->before + i * l->page,
					     l->after + i * l->page);
			else
				l->out->unread += pages * l->step;
		}
		address += pages * l->page;
		n -= pages;
	}
	return 0;
}

static void look_again(struct looker *l, const struct second_look *s)
{
	enum cause cause;

	if (!read_pages(l, l->heap->memory, s->address, 1, l->before) ||
	    !read_pages(l, l->memory, s->address, 1, l->after)) {
		l->out->unread += l->step;
		return;
	}
	cause = causes_of(&l->heap->causes, s->address, l->before, l->after,
			  l->page);
	if (hash_of(l->after, l->page) != s->hash)
		l->out->changing += l->step;
	count(l, s->address, l->before, cause);
}

/* Adds what the master has on its heap and the worker no copy of, by a sample, and
 * forgets which pages these were. */
static void count_shared(struct looker *l)
{
	const struct observe_heap *h = l->heap;
	uint64_t step = cow_noted(&h->map) / SAMPLE + 1, index = 0;

	for (size_t i = 0; i < h->map.n; i++)
		for (uint64_t a = h->map.ranges[i].start;
		     a < h->map.ranges[i].end; a += l->page, index++) {
			uint8_t *marks = &l->heap->marks[index];
			int copied = *marks & COPIED;

			*marks &= (uint8_t)~COPIED;
			if (copied || index % step != 0 ||
			    !is_on_heap(places_at(&h->places, a)))
				continue;
			if ((*marks & KNOWN) == 0 &&
			    !read_pages(l, h->memory, a, 1, l->before))
				continue;
			group_of(l, a, l->before)->shared += step;
		}
}

int observepages_look(struct observe_heap *heap, pid_t worker, uint64_t step,
		      struct observe_pages *pages)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct looker l = {
		.heap = heap,
		.out = pages,
		.memory = peek_open(worker),
		.page = page,
		.step = step,
		.before = xcalloc(1, BATCH * page + CAUSES_MARGIN),
		.after = xcalloc(1, BATCH * page + CAUSES_MARGIN),
	};
	struct cow_counts counts = { 0 };
	int result = l.memory < 0 ? l.memory : 0;

	*pages = (struct observe_pages){ .step = step };
	if (result == 0)
		observecollector_compare(&heap->collector, heap->memory,
					 l.memory, &pages->collections);
	if (result == 0)
		result = cow_each_copy(&heap->map, worker, look_at_run, &l);
	for (size_t i = 0; i < l.n_again && result == 0; i++)
		look_again(&l, &l.again[i]);
	if (l.memory >= 0)
		count_shared(&l);
	if (result == 0)
		result = cow_count(&heap->map, worker, &counts);
	pages->fresh = counts.fresh;
	if (l.memory >= 0)
		close(l.memory);
	free(l.before);
	free(l.after);
	free(l.again);
	return result;
}
