/* observecollector.c - reads the collector's state; see observecollector.h. */
#define _GNU_SOURCE
#include "observecollector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peek.h"
#include "util.h"

#define WORD sizeof(uint64_t)
#define FLAGS UINT64_C(3) /* in links, from 3.8 on */
#define NEWEST_MINOR 13	  /* of 3.x, that is known */

/* Where to look for the array, from the beginning of either structure on. */
#define RUNTIME_BYTES (UINT64_C(64) << 10)
#define STATE_BYTES (UINT64_C(1) << 20)

#define LARGEST_GENERATION 48
#define STATISTICS 3 /* words of each generation */

/* The state of one process, as read. */
struct state {
	uint64_t first[OBSERVE_GENERATIONS], last[OBSERVE_GENERATIONS];
	int32_t count[OBSERVE_GENERATIONS];
	int64_t collections[OBSERVE_GENERATIONS];
};

static uint64_t word_at(const char *bytes, uint64_t offset)
{
	uint64_t word;

	memcpy(&word, bytes + offset, sizeof word);
	return word;
}

/* Whether a list begins at `head`: its neighbours lead back. */
static int is_head(int memory, uint64_t head)
{
	uint64_t next = peek_word(memory, head) & ~FLAGS;
	uint64_t previous = peek_word(memory, head + WORD) & ~FLAGS;

	return next != 0 && previous != 0 &&
		(peek_word(memory, next + WORD) & ~FLAGS) == head &&
		(peek_word(memory, previous) & ~FLAGS) == head;
}

static int is_array(const struct observe_collector *c, int memory,
		    uint64_t address)
{
	for (uint64_t i = 0; i < OBSERVE_GENERATIONS; i++)
		if (!is_head(memory, address + i * c->generation_bytes))
			return 0;
	return 1;
}

/* A long double in the largest header aligns generations, and what holds them, to 16
 * bytes (3.7.4 on, up to 3.8; 2.7 up to .13 or so). */
static int is_aligned(const struct observe_collector *c)
{
	return c->head_bytes == 32 && c->generation_bytes % 16 == 0;
}

static void align(struct observe_collector *c)
{
	c->generation_bytes = (c->generation_bytes + 15) / 16 * 16;
}

/* From the pointer behind the array to the next generation. */
static uint64_t gap(const struct observe_collector *c)
{
	return is_aligned(c) ? 16 : WORD;
}

/* Looks for an array with a pointer to it, and a list, behind it.  Its address, or
 * 0. */
static uint64_t find_array(const struct observe_collector *c, int memory,
			   uint64_t start, uint64_t bytes)
{
	const uint64_t array = OBSERVE_GENERATIONS * c->generation_bytes;
	char *buffer = xcalloc(1, bytes + array + WORD);
	uint64_t found = 0;

	peek(memory, start, buffer, bytes + array + WORD);
	for (uint64_t i = 0; i < bytes && found == 0; i += WORD)
		if (word_at(buffer, i + array) == start + i &&
		    is_array(c, memory, start + i) &&
		    is_head(memory, start + i + array + gap(c)))
			found = start + i;
	free(buffer);
	return found;
}

/* The same in the state of the only interpreter. */
static uint64_t find_in_state(const struct observe_collector *c, int memory,
			      uint64_t runtime)
{
	char *buffer = xcalloc(1, RUNTIME_BYTES);
	uint64_t found = 0;

	peek(memory, runtime, buffer, RUNTIME_BYTES);
	for (uint64_t i = 0; i + 3 * WORD <= RUNTIME_BYTES && found == 0;
	     i += WORD) {
		uint64_t newest = word_at(buffer, i);

		if (newest != 0 && newest % WORD == 0 &&
		    word_at(buffer, i + WORD) == newest &&
		    word_at(buffer, i + 2 * WORD) == 1)
			found = find_array(c, memory, newest, STATE_BYTES);
	}
	free(buffer);
	return found;
}

/* Finds the array that the pointer at `generation0` leads to. */
static void find_by_pointer(struct observe_collector *c, int memory,
			    uint64_t generation0)
{
	uint64_t array = generation0 ? peek_word(memory, generation0) : 0;

	if (array != 0 && !is_array(c, memory, array))
		align(c);
	if (array != 0 && is_array(c, memory, array))
		c->generations = array;
}

void observecollector_find(struct observe_collector *c, int memory,
			   uint32_t head_bytes, const char *version,
			   uint64_t generation0, uint64_t runtime)
{
	int minor;

	*c = (struct observe_collector){
		.head_bytes = head_bytes,
		.generation_bytes = head_bytes + 2 * (uint32_t)sizeof(int),
	};
	if (head_bytes == 0)
		return;
	if (runtime == 0) {
		find_by_pointer(c, memory, generation0);
		return;
	}
	if (sscanf(version, "3.%d.", &minor) != 1 || minor > NEWEST_MINOR)
		return;
	if (minor < 9) {
		if (head_bytes == 32)
			align(c);
		c->generations = find_array(c, memory, runtime, RUNTIME_BYTES);
	} else
		c->generations = find_in_state(c, memory, runtime);
	if (c->generations == 0)
		return;
	/* Behind the pointer and one generation more. */
	c->statistics = c->generations + gap(c) +
		(OBSERVE_GENERATIONS + 1) * c->generation_bytes;
}

/* Whether all of it could be read. */
static int read_state(const struct observe_collector *c, int memory,
		      struct state *s)
{
	const uint32_t bytes = c->generation_bytes;
	char array[OBSERVE_GENERATIONS * LARGEST_GENERATION];
	char numbers[OBSERVE_GENERATIONS * STATISTICS * WORD] = { 0 };

	if (peek(memory, c->generations, array, OBSERVE_GENERATIONS * bytes) <
	    OBSERVE_GENERATIONS * bytes)
		return 0;
	if (c->statistics != 0 &&
	    peek(memory, c->statistics, numbers, sizeof numbers) <
		    sizeof numbers)
		return 0;
	for (uint32_t i = 0; i < OBSERVE_GENERATIONS; i++) {
		s->first[i] = word_at(array, i * bytes);
		s->last[i] = word_at(array, i * bytes + WORD);
		memcpy(&s->count[i],
		       array + i * bytes + c->head_bytes + sizeof(int),
		       sizeof s->count[i]);
		s->collections[i] = (int64_t)word_at(numbers,
						     i * STATISTICS * WORD);
	}
	return 1;
}

/* Whether the list and the count of a generation are the master's. */
static int is_as_before(const struct state *master, const struct state *worker,
			int generation)
{
	return worker->first[generation] == master->first[generation] &&
		worker->last[generation] == master->last[generation] &&
		worker->count[generation] == master->count[generation];
}

/* From the traces that are left where nothing is counted.  Counts of 0 are none: a
 * full collection leaves the same. */
static void guess(const struct state *master, const struct state *worker,
		  struct observe_collections *collections)
{
	int old = is_as_before(master, worker, 2);
	int middle = is_as_before(master, worker, 1);

	if (worker->count[2] < master->count[2])
		collections->full = 1;
	else if (old &&
		 (master->count[2] > 0 || (middle && master->count[1] > 0)))
		collections->full = 0;
	if (!old || !middle)
		collections->young = 1;
	else if (master->count[1] > 0 || master->count[2] > 0)
		collections->young = 0;
}

void observecollector_compare(const struct observe_collector *c, int master,
			      int worker,
			      struct observe_collections *collections)
{
	struct state before, now;
	int64_t made[OBSERVE_GENERATIONS];

	*collections = (struct observe_collections){ -1, -1, 0 };
	if (c->generations == 0 || !read_state(c, master, &before) ||
	    !read_state(c, worker, &now))
		return;
	if (c->statistics == 0) {
		guess(&before, &now, collections);
		return;
	}
	collections->is_counted = 1;
	for (int i = 0; i < OBSERVE_GENERATIONS; i++)
		made[i] = now.collections[i] - before.collections[i];
	if (made[0] >= 0 && made[1] >= 0)
		collections->young = made[0] + made[1];
	if (made[2] >= 0)
		collections->full = made[2];
}

int observecollector_each_young(const struct observe_collector *c, int memory,
				uint64_t limit,
				void (*each)(void *arg, uint64_t header),
				void *arg)
{
	if (c->generations == 0)
		return -ENODATA;
	for (uint32_t i = 0; i < OBSERVE_GENERATIONS - 1; i++) {
		uint64_t head = c->generations + i * c->generation_bytes;
		uint64_t at = head, next;

		while ((next = peek_word(memory, at) & ~FLAGS) != head) {
			if (next == 0 || limit-- == 0)
				return -E2BIG;
			each(arg, next);
			at = next;
		}
	}
	return 0;
}
