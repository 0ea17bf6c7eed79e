/* celllimits.c - the options that bound a cell. */
#define _GNU_SOURCE
#include "celllimits.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>

#include "procfs.h"
#include "util.h"

enum { GIVEN_TIMEOUT = 1, GIVEN_MIN_FREE = 2, GIVEN_PARALLEL = 4 };

json_t *limits_json(const struct cell_limits *limits)
{
	return json_pack("{sI sI si si}", "timeout_s",
			 (json_int_t)limits->timeout_s, "min_free_kib",
			 (json_int_t)limits->min_free_kib, "parallel",
			 limits->parallel, "given", limits->given);
}

void limits_restore(struct cell_limits *limits, const json_t *stored)
{
	json_int_t timeout_s, min_free_kib;
	int parallel, given = 0;

	/* The database may be damaged, or made by somebody else. */
	if (json_unpack((json_t *)stored, "{sI sI si s?i}", "timeout_s",
			&timeout_s, "min_free_kib", &min_free_kib, "parallel",
			&parallel, "given", &given) < 0 ||
	    timeout_s < 1 || timeout_s > SECONDS_MAX || min_free_kib < 0 ||
	    min_free_kib > INT64_MAX / 1024 || parallel < 1 ||
	    parallel > CELL_MAX_WORKERS)
		return;
	if (!(limits->given & GIVEN_TIMEOUT))
		limits->timeout_s = (long)timeout_s;
	if (!(limits->given & GIVEN_MIN_FREE))
		limits->min_free_kib = min_free_kib;
	if (!(limits->given & GIVEN_PARALLEL))
		limits->parallel = parallel;
	limits->given |= given;
}

char *limits_options(const struct cell_limits *limits)
{
	char *timeout = xasprintf("--timeout=%ld", limits->timeout_s);
	char *min_free = limits->given & GIVEN_MIN_FREE ?
		xasprintf(" --min-free=%lldK",
			  (long long)limits->min_free_kib) :
		xstrdup("");
	char *parallel = limits->given & GIVEN_PARALLEL ?
		xasprintf(" --parallel=%d", limits->parallel) :
		xstrdup("");
	char *all = xasprintf("%s%s%s", timeout, min_free, parallel);

	free(timeout);
	free(min_free);
	free(parallel);
	return all;
}

struct cell_limits limits_default(void)
{
	int64_t total = procfs_meminfo("MemTotal");
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof cpus, &cpus) < 0) {
		CPU_ZERO(&cpus);
		CPU_SET(0, &cpus);
	}
	return (struct cell_limits){
		.timeout_s = 600,
		.min_free_kib = total > 0 ? total / 20 : 0,
		.parallel = CPU_COUNT(&cpus),
	};
}

long argument_number(struct argp_state *state, const char *option,
		     const char *text, long low, long high)
{
	long value = 0;

	if (parse_long(text, low, high, &value) < 0)
		argp_error(state,
			   "--%s takes a whole number from %ld to %ld, "
			   "not '%s'",
			   option, low, high, text);
	return value;
}

error_t limits_parse(int key, char *arg, struct argp_state *state,
		     struct cell_limits *limits)
{
	int64_t bytes = 0;

	switch (key) {
	case OPTION_TIMEOUT:
		limits->given |= GIVEN_TIMEOUT;
		if (parse_seconds(arg, &limits->timeout_s) < 0)
			argp_error(state,
				   "--timeout takes a time such as 90, "
				   "5m or 1h, not '%s'",
				   arg);
		return 0;
	case OPTION_MIN_FREE:
		limits->given |= GIVEN_MIN_FREE;
		if (parse_size(arg, &bytes) < 0)
			argp_error(state,
				   "--min-free takes a size such as "
				   "512M, not '%s'",
				   arg);
		limits->min_free_kib = bytes / 1024;
		return 0;
	case OPTION_PARALLEL:
		limits->given |= GIVEN_PARALLEL;
		limits->parallel = (int)argument_number(state, "parallel", arg,
							1, CELL_MAX_WORKERS);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}
