/* observecollector.h - what the collector of a live worker has done since the fork, as
 * far as its state tells, seen from outside.
 *
 * An interpreter keeps an array of three generations, {list head, threshold, count},
 * and what to look for next to it (Modules/gcmodule.c, Include/internal/pycore_gc.h):
 *
 *   2.7-3.6    the pointer _PyGC_generation0, an exported symbol, leads to the array
 *   3.7, 3.8   it lies in _PyRuntime, an exported symbol
 *   3.9-3.13   it lies in the interpreter's state, to which _PyRuntime points:
 *              {newest, main, number made so far} are {p, p, 1} when there is but one;
 *              the collectors of several are not looked at
 *
 * From 3.7 on a pointer to the array comes behind it, then the permanent generation and
 * the number of collections of each generation, which a fork inherits: a worker that
 * has more of them than its master has made the difference itself.  Before 3.7 there
 * are only traces:
 *
 *   a full collection sets the count of the oldest generation to 0, and a collection of
 *   the middle one adds one: less than the master's means a full one;
 *   a generation whose first and last object and whose count (not 0) are the
 *   master's has been collected neither by itself nor with an older one, and got
 *   nothing from a younger one.
 *
 * Of 3.14 and later ones, whose collectors changed and changed back, and of free-threaded
 * builds nothing is known.
 */
#ifndef PERMAFROST_OBSERVECOLLECTOR_H
#define PERMAFROST_OBSERVECOLLECTOR_H

#include <stdint.h>

#define OBSERVE_GENERATIONS 3

struct observe_collector {
	uint64_t generations; /* address; 0: not found */
	uint64_t statistics;  /* address; 0: there are none */
	uint32_t head_bytes, generation_bytes;
};

/* Collections in a worker since the fork; -1: not known. */
struct observe_collections {
	int64_t young, full;
	int is_counted; /* else 1 stands for any number */
};

/* Finds the collector in the memory (see peek.h) of an interpreter, whose headers have
 * `head_bytes` bytes, from the addresses of these symbols, 0 when they are missing. */
void observecollector_find(struct observe_collector *c, int memory,
			   uint32_t head_bytes, const char *version,
			   uint64_t generation0, uint64_t runtime);

/* What has happened in a worker.  If the master has collected since the fork, too,
 * that is -1, or, when both have made the same number, 0 in error. */
void observecollector_compare(const struct observe_collector *c, int master,
			      int worker,
			      struct observe_collections *collections);

/* Calls `each` for the header of each object of the two young generations.  0, or
 * -E2BIG when there are more than `limit` or the lists change meanwhile, or -ENODATA
 * when no collector was found. */
int observecollector_each_young(const struct observe_collector *c, int memory,
				uint64_t limit,
				void (*each)(void *arg, uint64_t header),
				void *arg);

#endif
