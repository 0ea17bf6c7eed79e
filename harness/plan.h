/* plan.h - which cells a run consists of. */
#ifndef PERMAFROST_PLAN_H
#define PERMAFROST_PLAN_H

#include <jansson.h>

#include "util.h"

/* What the options of `run` select; 0 in a number: the default. */
struct selection {
	struct strings stacks;	  /* specs as typed */
	struct strings pythons;	  /* tags, version prefixes, paths, "all" */
	struct strings workloads; /* names, paths, applications */
	const char *baseline;	  /* spec, or NULL: no baseline */
	long scale;
	long workers;
	long requests;
	int left_to_chance; /* no full collection of ours */
	long repeats;
	long seed;
};

struct plan {
	json_t *cells;	 /* cell documents (cell_document()), in the order
				 * in which they are to run: repeats outermost,
				 * shuffled by the seed within each */
	char *baseline;	 /* canonical, or NULL */
	size_t runnable; /* cells that are pending */
};

/* Makes a plan, asking each interpreter about the stacks.  Cells that cannot
 * run are in it with status "unsupported" or "failed" and a reason.  0, or an
 * exit code after a complaint.  Free with plan_fini(). */
int plan_make(const struct selection *selection, struct plan *plan);
void plan_fini(struct plan *plan);

/* Puts cells that came from several machines into the order of a plan, and counts
 * those that are pending; without a baseline it is the one that was typed. */
void plan_order(struct plan *plan, const struct selection *selection);

#endif
