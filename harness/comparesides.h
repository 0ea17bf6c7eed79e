/* comparesides.h - which cells of two sides are compared with each other: those of
 * one task (celldoc.h), of the stacks that were asked for, from one host.
 */
#ifndef PERMAFROST_COMPARESIDES_H
#define PERMAFROST_COMPARESIDES_H

#include "compare.h"

struct comparesides {
	json_t *pairs;	  /* array of {"stack_a", "stack_b", "host", "a":
				 * [cell, ...], "b": [cell, ...]}; neither list
				 * is empty; "host" is null unless a run has
				 * several */
	json_t *left_out; /* {"a": {HOST: CELLS}, "b": ...}: how many cells
				 * have no counterpart but on other hosts */
	char *difference; /* between the first hosts of these, or NULL */
	int mixed;	  /* cells of several hosts stand on one side */
};

/* Fills in `sides`, to be freed with comparesides_fini(). */
void comparesides_pair(const struct compare_request *r,
		       struct comparesides *sides);
void comparesides_fini(struct comparesides *sides);

#endif
