/* copies.h - a worker's copied pages, counted by place and cause. */
#ifndef PERMAFROST_COPIES_H
#define PERMAFROST_COPIES_H

#include "causes.h"
#include "places.h"

struct copies {
	uint64_t pages[PLACES][CAUSES];
};

/* Counts the copies of `worker`; it and `template` stand still.  0 or
 * -errno. */
int copies_explain(const struct cow_map *map, const struct places *places,
		   const struct shm_layout *layout, pid_t template,
		   pid_t worker, struct copies *copies);

/* Those whose content differs from the template's. */
uint64_t copies_changed(const struct copies *copies);

#endif
