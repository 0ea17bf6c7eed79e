/* capacityoptions.c - the options that say what to plan for, shared by `plan` and
 * `report`. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "capacityplan.h"
#include "celllimits.h"

#define MAX_MEMORY (1LL << 50) /* bytes; larger ones are mistyped */

struct capacity_request capacity_request_default(void)
{
	return (struct capacity_request){
		.reserve_percent = 10,
		.max_requests = -1,
	};
}

void capacity_request_fini(struct capacity_request *request)
{
	strings_fini(&request->cells.pythons);
	strings_fini(&request->cells.workloads);
	free(request->runs);
	request->runs = NULL;
	request->cells.runs = NULL;
	request->cells.run_count = 0;
}

int capacity_request_runs(struct capacity_request *request, const char *list)
{
	struct strings words = { NULL, 0 };
	int result = 0;
	long run;

	strings_split(&words, list, ',');
	if (words.n == 0)
		result = -EINVAL;
	for (size_t i = 0; i < words.n && result == 0; i++) {
		size_t *n = &request->cells.run_count;

		result = parse_long(words.items[i], 1, 1L << 40, &run);
		if (result < 0)
			break;
		request->runs = xrealloc(request->runs, *n + 1,
					 sizeof *request->runs);
		request->runs[(*n)++] = run;
		request->cells.runs = request->runs;
	}
	strings_fini(&words);
	return result;
}

/* Reads a number without sign or exponent, and what follows it.  0 or -EINVAL. */
static int parse_decimal(const char *text, double *value, char **rest)
{
	if (strspn(text, "0123456789") == 0)
		return -EINVAL;
	*rest = (char *)text + strspn(text, "0123456789.");
	errno = 0;
	*value = strtod(text, rest);
	return errno == 0 && isfinite(*value) &&
			*rest == text + strspn(text, "0123456789.") ?
		0 :
		-EINVAL;
}

/* Reads a percentage with or without its sign.  0 or -EINVAL. */
static int parse_percent(const char *text, double *percent)
{
	char *rest;

	if (parse_decimal(text, percent, &rest) < 0 ||
	    (*rest != '\0' && strcmp(rest, "%") != 0) || *percent > 90)
		return -EINVAL;
	return 0;
}

/* Reads a time above 0 with its unit, as microseconds.  0 or -EINVAL. */
static int parse_pause(const char *text, double *us)
{
	static const struct {
		const char *unit;
		double us;
	} units[] = { { "us", 1 }, { "ms", 1e3 }, { "s", 1e6 } };
	char *rest;

	if (parse_decimal(text, us, &rest) < 0 || *us <= 0)
		return -EINVAL;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(rest, units[i].unit) == 0) {
			*us *= units[i].us;
			return 0;
		}
	return -EINVAL;
}

error_t capacity_option_parse(int key, char *arg, struct argp_state *state,
			      struct capacity_request *request)
{
	int64_t bytes;

	switch (key) {
	case OPTION_MEMORY:
		if (parse_size(arg, &bytes) < 0 || bytes < 1024 ||
		    bytes > MAX_MEMORY)
			argp_error(state,
				   "--memory takes a size such as 512M "
				   "or 16G (up to 1024T), not '%s'",
				   arg);
		request->memory_kib = bytes / 1024;
		return 0;
	case OPTION_RESERVE:
		if (parse_percent(arg, &request->reserve_percent) < 0)
			argp_error(state,
				   "--reserve takes a percentage from 0 "
				   "to 90, not '%s'",
				   arg);
		return 0;
	case OPTION_PLAN_WORKERS:
		request->workers = argument_number(state, "workers", arg, 1,
						   CAPACITY_MAX_WORKERS);
		return 0;
	case OPTION_MAX_REQUESTS:
		request->max_requests = argument_number(state, "max-requests",
							arg, 1, INT_MAX);
		return 0;
	case OPTION_PAUSE:
		if (parse_pause(arg, &request->pause_p99_us) < 0)
			argp_error(state,
				   "--pause-p99 takes a time such as "
				   "50ms or 800us, not '%s'",
				   arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}
