/* capacityhosts.h - of which host a plan is made when cells come from several: what
 * fits into one machine says little of another.
 */
#ifndef PERMAFROST_CAPACITYHOSTS_H
#define PERMAFROST_CAPACITYHOSTS_H

#include <jansson.h>

#include "store.h"

/* By which name --host means the host that a run was started on. */
#define CAPACITY_OWN_HOST ":"

struct capacity_hosts {
	void *tree;			/* of struct capacity_place */
	struct capacity_place **places; /* the same; by run when chosen */
	size_t n;
	json_t *classes; /* array of hosts, each another machine */
	size_t chosen;	 /* of these */
};

/* Counts a good cell of a run that was measured on its host `host`, as in table
 * placement; 0: the run's own. */
void capacity_hosts_count(struct capacity_hosts *h, int64_t run, int64_t host);

/* Chooses among the hosts that were counted: the one called `wanted`, or if that
 * is NULL the one with the most cells, unless different hosts are the own ones of
 * runs.  *facts gets what the newest run says of it, *left_out an array of
 * {"host", "cells"} of the others, both new; *facts is NULL when nothing was
 * counted.  0, or an exit code after a complaint. */
int capacity_hosts_choose(struct store *s, struct capacity_hosts *h,
			  const char *wanted, json_t **facts,
			  json_t **left_out);

/* Whether a cell was measured on the host that was chosen; any was when nothing was
 * counted. */
int capacity_hosts_has(struct capacity_hosts *h, int64_t run, int64_t host);

void capacity_hosts_fini(struct capacity_hosts *h);

#endif
