/* copies.c - compares a worker's copies with the template's pages. */
#define _GNU_SOURCE
#include "copies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peek.h"
#include "util.h"

#define BATCH 64 /* pages read at a time */

struct comparison {
	const struct places *places;
	struct causes causes;
	int template, worker; /* see peek.h */
	size_t page_bytes;
	char *before, *after; /* BATCH pages and a margin */
	struct copies *copies;
};

static int compare_run(void *arg, uint64_t address, uint64_t n)
{
	struct comparison *c = arg;

	while (n > 0) {
		size_t pages = n < BATCH ? (size_t)n : BATCH;
		size_t bytes = pages * c->page_bytes;

		if (peek(c->template, address, c->before,
			 bytes + CAUSES_MARGIN) < bytes ||
		    peek(c->worker, address, c->after, bytes + CAUSES_MARGIN) <
			    bytes)
			return -EIO;
		for (size_t i = 0; i < pages; i++) {
			size_t at = i * c->page_bytes;
			enum place place = places_at(c->places, address + at);
			enum cause cause = causes_of(
				&c->causes, address + at, c->before + at,
				c->after + at, c->page_bytes);

			c->copies->pages[place][cause]++;
		}
		address += bytes;
		n -= pages;
	}
	return 0;
}

int copies_explain(const struct cow_map *map, const struct places *places,
		   const struct shm_layout *layout, pid_t template,
		   pid_t worker, struct copies *copies)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct comparison c = {
		.places = places,
		.template = peek_open(template),
		.worker = peek_open(worker),
		.page_bytes = page,
		.before = xcalloc(1, BATCH * page + CAUSES_MARGIN),
		.after = xcalloc(1, BATCH * page + CAUSES_MARGIN),
		.copies = copies,
	};
	int result = c.template <0 ? c.template : c.worker < 0 ? c.worker : 0;

	memset(copies, 0, sizeof *copies);
	causes_init(&c.causes, layout, c.template);
	if (result == 0)
		result = cow_each_copy(map, worker, compare_run, &c);
	causes_fini(&c.causes);
	if (c.template >= 0)
		close(c.template);
	if (c.worker >= 0)
		close(c.worker);
	free(c.before);
	free(c.after);
	return result;
}

uint64_t copies_changed(const struct copies *copies)
{
	uint64_t n = 0;

	for (int place = 0; place < PLACES; place++)
		for (int cause = 0; cause < CAUSES; cause++)
			if (cause != CAUSE_NOTHING)
				n += copies->pages[place][cause];
	return n;
}
