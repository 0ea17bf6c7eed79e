/* capacityread.h - what capacity planning needs to know of a database: groups of
 * cells that differ in nothing but workers and repeat, and the model of each.
 */
#ifndef PERMAFROST_CAPACITYREAD_H
#define PERMAFROST_CAPACITYREAD_H

#include <jansson.h>

#include "capacity.h"
#include "store.h"
#include "util.h"

/* Which cells to read. */
struct capacity_choice {
	struct strings pythons;	  /* as for --python; none: all */
	struct strings workloads; /* names or paths; none: all */
	const long *runs;	  /* none: all of the database */
	size_t run_count;
	const char *host; /* name, CAPACITY_OWN_HOST, or NULL: that
					 * with the most cells */
};

/* The mean of those values that are known. */
struct capacity_mean {
	double sum;
	size_t n;
};

struct capacity_group {
	char *python, *tag, *strategy, *workload;
	char *executable; /* where one was given by path; or NULL */
	long scale, requests, collect_at;
	int64_t newest; /* id of its newest cell */

	size_t cells;	   /* ok ones that were used */
	size_t failed;	   /* failed ones and those timed out */
	size_t unmeasured; /* ok ones without the memory metrics */
	char *problem;	   /* reason of the first such, or NULL */
	int64_t lost_samples;
	long *workers; /* numbers of workers, ascending */
	size_t worker_counts;

	struct capacity_model model; /* of the group: the mean of its cells */
	struct capacity_model *members; /* of each of its `cells`; their slopes
					 * may be negative if the group's mean
					 * is not */
	size_t crowded;			/* cells beside which others ran:
					 * without times */
	size_t makeshift;	/* cells whose slope is that of their last
					 * two checkpoints */
	double leak_kib_per_1k; /* mean, may be negative; NAN */
	struct capacity_mean pause_p50_us, pause_p99_us, cpu_ms, exit_faults;
	double pause_max_us; /* the longest of all cells; NAN */
};

struct capacity_groups {
	struct capacity_group *items; /* by interpreter, workload, size, stack */
	size_t n;
	json_t *host;	     /* of which all these cells are */
	json_t *other_hosts; /* array of {"host", "cells"}: left out */
	size_t pending;	     /* cells that have not run yet */
};

/* Reads the groups that the choice leaves.  0, or an exit code after a complaint:
 * EXIT_USAGE when the choice leaves nothing, or runs of different hosts;
 * EXIT_CELL_FAILED when none of these cells has run well.  To be freed with
 * capacity_groups_fini() in any case. */
int capacity_read(struct store *s, const struct capacity_choice *choice,
		  struct capacity_groups *groups);
void capacity_groups_fini(struct capacity_groups *groups);

/* The mean, or NAN. */
double capacity_mean(const struct capacity_mean *m);

/* Whether nothing is known of pauses; otherwise, if there is no figure of them,
 * there were none. */
int capacity_lacks_pauses(const struct capacity_group *g);

/* Whether two groups differ in nothing but the stack. */
int capacity_same_block(const struct capacity_group *a,
			const struct capacity_group *b);

#endif
