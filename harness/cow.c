/* cow.c - tells a worker's copies from its new pages. */
#define _GNU_SOURCE
#include "cow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maps.h"
#include "pages.h"
#include "util.h"

/* [vsyscall], which no page table of the process holds, lies above. */
#define KERNEL_HALF (UINT64_C(1) << 63)

/* A walk over the private mappings of a process. */
struct walk {
	struct pages pages;
	struct cow_map *noting;	   /* either this */
	const struct cow_map *map; /* or these */
	size_t next;		   /* first range that can still matter */
	uint64_t fresh;
	cow_found *found;
	void *arg;
};

/* A heap that lies in a memfd has its content there, whether the template has
 * touched it since or not; see strategies/adopt.h. */
static int is_memfd(const struct mapping *m)
{
	return strncmp(m->path, "/memfd:", 7) == 0;
}

static int each_private(struct walk *w, pid_t pid, enum pages_kind kind,
			pages_found *found)
{
	struct maps maps;
	int result = maps_read(&maps, pid);

	if (result == 0)
		result = pages_open(&w->pages, pid);
	else
		w->pages.fd = -1;
	for (size_t i = 0; i < maps.n && result == 0; i++) {
		const struct mapping *m = &maps.items[i];

		if (!mapping_is_private(m) || m->end > KERNEL_HALF)
			continue;
		if (w->noting != NULL && is_memfd(m))
			result = found(
				w, m->start,
				(m->end - m->start) / w->pages.page_bytes);
		else
			result = pages_each(&w->pages, m->start, m->end, kind,
					    found, w);
	}
	pages_close(&w->pages);
	maps_fini(&maps);
	return result;
}

static int note_run(void *arg, uint64_t address, uint64_t n)
{
	struct walk *w = arg;
	struct cow_map *map = w->noting;
	uint64_t end = address + n * w->pages.page_bytes;

	if (map->n > 0 && map->ranges[map->n - 1].end == address) {
		map->ranges[map->n - 1].end = end;
		return 0;
	}
	if ((map->n & (map->n - 1)) == 0) /* grow at powers of two */
		map->ranges = xrealloc(map->ranges, map->n ? 2 * map->n : 1,
				       sizeof *map->ranges);
	map->ranges[map->n++] = (struct cow_range){ address, end };
	return 0;
}

int cow_note(pid_t pid, struct cow_map *map)
{
	struct walk w = { .noting = map };
	int result = pages_check_exclusive();

	*map = (struct cow_map){ NULL, 0 };
	return result < 0 ? result :
			    each_private(&w, pid, PAGES_PRESENT, note_run);
}

void cow_fini(struct cow_map *map)
{
	free(map->ranges);
	*map = (struct cow_map){ NULL, 0 };
}

uint64_t cow_noted(const struct cow_map *map)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < map->n; i++)
		bytes += map->ranges[i].end - map->ranges[i].start;
	return bytes / (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Splits a run of the worker's own pages into copies and new ones. */
static int take_run(void *arg, uint64_t address, uint64_t n)
{
	struct walk *w = arg;
	const struct cow_map *map = w->map;
	size_t page = w->pages.page_bytes;
	uint64_t end = address + n * page;

	while (address < end) {
		const struct cow_range *r;
		uint64_t until = end;

		while (w->next < map->n && map->ranges[w->next].end <= address)
			w->next++;
		r = w->next < map->n ? &map->ranges[w->next] : NULL;
		if (r != NULL && r->start <= address) {
			int result;

			until = r->end < end ? r->end : end;
			result = w->found(w->arg, address,
					  (until - address) / page);
			if (result != 0)
				return result;
		} else {
			if (r != NULL && r->start < end)
				until = r->start;
			w->fresh += (until - address) / page;
		}
		address = until;
	}
	return 0;
}

static int add_run(void *arg, uint64_t address, uint64_t n)
{
	(void)address;
	*(uint64_t *)arg += n;
	return 0;
}

int cow_count(const struct cow_map *map, pid_t worker,
	      struct cow_counts *counts)
{
	struct walk w = { .map = map,
			  .found = add_run,
			  .arg = &counts->copied };
	int result;

	counts->copied = 0;
	result = each_private(&w, worker, PAGES_OWNED, take_run);
	counts->fresh = w.fresh;
	return result;
}

int cow_each_copy(const struct cow_map *map, pid_t worker, cow_found *found,
		  void *arg)
{
	struct walk w = { .map = map, .found = found, .arg = arg };

	return each_private(&w, worker, PAGES_OWNED, take_run);
}
