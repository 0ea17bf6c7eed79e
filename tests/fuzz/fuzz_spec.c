/* fuzz_spec.c - the arguments of strategies: strategies/option.c.  Input: ARG:ARG..., as
 * behind a name in a spec.  What is accepted must print and read back as itself. */
#include "fuzz.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "strategy.h"

#define ARGS_MAX 16

static const struct strategy_option options[] = {
	{ .name = "number",
	  .help = "a number",
	  .kind = OPTION_INT,
	  .minimum = 2,
	  .maximum = 100,
	  .fallback = "3" },
	{ .name = "generations",
	  .help = "which",
	  .kind = OPTION_GENERATIONS,
	  .minimum = 0,
	  .maximum = 2,
	  .fallback = "2" },
	{ .name = "size",
	  .help = "in bytes",
	  .kind = OPTION_SIZE,
	  .minimum = 0,
	  .maximum = LONG_MAX,
	  .fallback = "8M",
	  .keyed = 1 },
	{ .name = "share",
	  .help = "in percent",
	  .kind = OPTION_PERCENT,
	  .minimum = 0,
	  .maximum = 100,
	  .fallback = "50%" },
	{ .name = NULL },
};
static const struct strategy strategy = { .name = "all", .options = options };

/* Reads the arguments of ARG:ARG...; as option_parse(). */
static int parse(const char *text, struct strategy_value *values, char *error,
		 size_t size)
{
	struct strings args = { NULL, 0 };
	int result;

	strings_split(&args, text, ':');
	result = option_parse(
		&strategy, args.n < ARGS_MAX ? (int)args.n : ARGS_MAX,
		(const char *const *)args.items, values, error, size);
	strings_fini(&args);
	return result;
}

FUZZ_TARGET(spec)
{
	char *text = fuzz_text(data, size), error[128], canonical[128];
	struct strategy_value values[STRATEGY_MAX_OPTIONS] = { { 0 } };
	struct strategy_value again[STRATEGY_MAX_OPTIONS] = { { 0 } };

	memset(error, 'x', sizeof error);
	if (parse(text, values, error, sizeof error) < 0) {
		FUZZ_REQUIRE(memchr(error, '\0', sizeof error) != NULL);
	} else {
		FUZZ_REQUIRE(option_format(&strategy, values, canonical,
					   sizeof canonical) == 0);
		FUZZ_REQUIRE(strncmp(canonical, "all:", 4) == 0);
		FUZZ_REQUIRE(parse(canonical + 4, again, error, sizeof error) ==
			     0);
		FUZZ_REQUIRE(memcmp(values, again, sizeof values) == 0);
		for (size_t i = 0; i < sizeof canonical; i++)
			option_format(&strategy, values, canonical, i);
	}
	free(text);
}
