/* capacityplan.h - capacity plans as one JSON document, which the table of
 * `plan`, the report's calculator and its tests all read.
 */
#ifndef PERMAFROST_CAPACITYPLAN_H
#define PERMAFROST_CAPACITYPLAN_H

#include <argp.h>
#include <jansson.h>

#include "capacityread.h"

/* What a plan is asked for. */
struct capacity_request {
	struct capacity_choice cells;
	int64_t memory_kib;	/* 0: not given */
	double reserve_percent; /* of it, kept free */
	long workers;		/* 0: as many as fit */
	long max_requests;	/* -1: to the last checkpoint */
	double pause_p99_us;	/* 0: no limit */
	long *runs;		/* what cells.runs points to; owned */
};

enum capacity_option {
	OPTION_MEMORY = 0x400,
	OPTION_RESERVE,
	OPTION_PLAN_WORKERS,
	OPTION_MAX_REQUESTS,
	OPTION_PAUSE,
	OPTION_AFTER_CAPACITY,
};

/* clang-format off */
#define CAPACITY_OPTIONS                                                       \
	{ "memory", OPTION_MEMORY, "SIZE", 0,                                  \
	  "memory for the template and its workers, such as 16G", 0 },         \
	{ "reserve", OPTION_RESERVE, "PERCENT", 0,                             \
	  "part of the memory to keep free (default: 10%)", 0 },               \
	{ "workers", OPTION_PLAN_WORKERS, "N", 0,                              \
	  "what so many workers need, instead of how many fit", 0 },           \
	{ "max-requests", OPTION_MAX_REQUESTS, "N", 0,                         \
	  "a worker is replaced after so many requests (default: after as many "\
	  "as were measured)", 0 },                                            \
	{ "pause-p99", OPTION_PAUSE, "TIME", 0,                                \
	  "longest acceptable 99th percentile of collection pauses, such as "  \
	  "50ms or 800us", 0 }
/* clang-format on */

/* A request with the defaults; end it with capacity_request_fini(). */
struct capacity_request capacity_request_default(void);
void capacity_request_fini(struct capacity_request *request);

/* Takes one of CAPACITY_OPTIONS, for an argp parser. */
error_t capacity_option_parse(int key, char *arg, struct argp_state *state,
			      struct capacity_request *request);

/* Adds the runs of a list such as "3,5".  0, or -EINVAL. */
int capacity_request_runs(struct capacity_request *request, const char *list);

/* Plans from the database: a new document in *document, as DESIGN describes it.
 * 0, or an exit code after a complaint. */
int capacity_plan(struct store *s, struct capacity_request *request,
		  json_t **document);

#endif
