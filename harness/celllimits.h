/* celllimits.h - the options that bound a cell, shared by `run` and `cell`. */
#ifndef PERMAFROST_CELLLIMITS_H
#define PERMAFROST_CELLLIMITS_H

#include <argp.h>

#include "cell.h"

enum limit_option {
	OPTION_TIMEOUT = 0x100,
	OPTION_MIN_FREE,
	OPTION_PARALLEL,
	OPTION_AFTER_LIMITS,
};

/* clang-format off */
#define LIMIT_OPTIONS                                                          \
	{ "timeout", OPTION_TIMEOUT, "TIME", 0,                                \
	  "time limit of one cell, in seconds or as 5m, 1h (default 10m)", 0 },\
	{ "min-free", OPTION_MIN_FREE, "SIZE", 0,                              \
	  "stop a cell when less memory than this is available on the host "   \
	  "(default: a twentieth of all)", 0 },                                \
	{ "parallel", OPTION_PARALLEL, "N", 0,                                 \
	  "workers that serve at the same time (default: the CPUs)", 0 }
/* clang-format on */

/* What holds without options. */
struct cell_limits limits_default(void);

/* Takes one of LIMIT_OPTIONS, for an argp parser.  A value that is given is kept
 * by limits_restore(). */
error_t limits_parse(int key, char *arg, struct argp_state *state,
		     struct cell_limits *limits);

/* The limits as they are stored with a run.  A new object. */
json_t *limits_json(const struct cell_limits *limits);

/* Takes the limits that a run was begun with, but for those given on the command
 * line now.  Limits that none can be given are left alone. */
void limits_restore(struct cell_limits *limits, const json_t *stored);

/* The limits as options of `harness cell` on any machine: what was not given is
 * left to that machine.  New; needs no quoting. */
char *limits_options(const struct cell_limits *limits);

/* Sorts out options that take a whole number, for argp parsers: ends the
 * program with a usage error unless `low` <= number <= `high`. */
long argument_number(struct argp_state *state, const char *option,
		     const char *text, long low, long high);

#endif
