/* capacityparts.h - what capacityplan.c and capacitydoc.c share. */
#ifndef PERMAFROST_CAPACITYPARTS_H
#define PERMAFROST_CAPACITYPARTS_H

#include "capacityplan.h"
#include "stats.h"

/* The plan of one group. */
struct plan_of {
	const struct capacity_group *group;
	size_t block;
	double age, limit_kib;
	long workers; /* asked for, or those that fit */
	long fit;
	int known;		    /* the age can be planned for */
	struct capacity_point at;   /* at the age */
	struct capacity_point peak; /* when they occupy most */
	struct stats_interval fit_interval, total_interval;
	double total_kib, cpu_ratio, age_at_limit;
	double exit_kib; /* what a worker may copy as it exits */
	int misses_pause, extrapolated, recommended;
	int never_collects; /* though `none` does */
	int endless;	    /* and no age ends that */
	char *reason;	    /* or NULL */
};

struct plans {
	struct plan_of *items;
	size_t n, blocks;
	double limit_kib;
};

/* Whether two groups are of the same workload and size. */
int capacity_same_size(const struct capacity_group *a,
		       const struct capacity_group *b);

/* The document of plans that were made and chosen among; `recommended` is the one
 * of them to deploy, or NULL.  New. */
json_t *capacity_document(const struct plans *plans,
			  const struct capacity_groups *groups,
			  const struct capacity_request *r,
			  const struct plan_of *recommended);

#endif
