/* observepages.h - a live worker's private pages against its master's, by content.
 *
 * As cow.h, places.h and causes.h do at a checkpoint, but nothing stands still
 * here.  What that costs in certainty:
 *
 *   the master's pages are those it has now, not at the fork: what it has written
 *   or made since counts as its content, and a page that both have made at one
 *   address since counts as a copy (masters do little between forks);
 *   a worker writes while it is read, so each page that differs is looked at
 *   twice; it counts as equal when it is so once, and as changing when the two
 *   looks differ;
 *   a page that is gone when it is to be read counts as unread.
 *
 * Where there is too much to read, each so many-th page stands for its neighbours.
 */
#ifndef PERMAFROST_OBSERVEPAGES_H
#define PERMAFROST_OBSERVEPAGES_H

#include "causes.h"
#include "copies.h"
#include "cow.h"
#include "observecollector.h"
#include "observepython.h"
#include "places.h"

/* The master's pages. */
struct observe_heap {
	int memory; /* see peek.h */
	struct cow_map map;
	struct places places;
	struct observe_python python;
	struct observe_collector collector;
	int knows_young; /* on which pages young objects lie */
	struct causes causes;
	int is_reshared;     /* the heap lies in a memfd of reshare's */
	uint64_t *first;     /* number of the first page of each range */
	uint8_t *marks;	     /* of each page; see observepages.c */
	uint64_t read_bytes; /* so far, of all processes */
};

/* Pages of the heap (pools, malloc) of one group. */
struct observe_group {
	uint64_t equal;	  /* the content is the master's */
	uint64_t headers; /* only collector's headers differ */
	uint64_t differ;  /* something else does */
	uint64_t shared;  /* the worker has no copy; from a sample */
};

/* What one worker has for itself, in pages. */
struct observe_pages {
	uint64_t copied, fresh; /* see cow.h */
	uint64_t equal;		/* copied, content as the master's */
	uint64_t reshareable;	/* of those, on the heap */
	uint64_t changing, unread;
	uint64_t step;		      /* each so many-th was read */
	struct copies copies;	      /* copied, by place and cause */
	struct observe_group tracked; /* the master has tracked objects there */
	struct observe_group pools;   /* pools with others alone */
	struct observe_group other;   /* malloc without tracked objects */
	/* Of `tracked`, less those that differ: with objects that are young in the
	 * master; all when it is not known where these lie. */
	uint64_t young;
	struct observe_collections collections;
};

/* Reads what is needed of the master.  0 or -errno.  Free with
 * observepages_close() in both cases. */
int observepages_open(struct observe_heap *heap, pid_t master);
void observepages_close(struct observe_heap *heap);

/* Counts the pages of `worker`, by content every `step`-th.  0 or -errno. */
int observepages_look(struct observe_heap *heap, pid_t worker, uint64_t step,
		      struct observe_pages *pages);

#endif
