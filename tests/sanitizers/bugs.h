/* bugs.h - bugs on purpose, one for each kind that the sanitizers are used for.
 *
 * A build with sanitizers that lets one of them pass looks at nothing, so
 * check.sh commits them all.  What the optimiser could see through goes through
 * volatile variables.
 */
#ifndef SANITIZERS_BUGS_H
#define SANITIZERS_BUGS_H

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static volatile int one = 1, sink;

static void heap_overflow(void)
{
	volatile char *block = malloc(24);

	if (block != NULL)
		block[23 + one] = 1;
}

static void heap_reuse(void)
{
	static int *volatile block;

	block = calloc(1, sizeof *block);
	free(block);
	sink = *block;
}

static void stack_overflow(void)
{
	volatile char block[24];

	block[23 + one] = 1;
	sink = block[0];
}

static void overflow(void)
{
	sink = INT_MAX;
	sink = sink + one;
}

static void shift(void)
{
	sink = 1 << (31 + one);
}

static void unaligned(void)
{
	static char block[2 * sizeof(int)];
	volatile int *p = (volatile int *)(void *)(block + one);

	sink = *p;
}

static void conversion(void)
{
	volatile double huge = 1e300;

	sink = (int)huge;
}

static const struct {
	const char *name;
	void (*commit)(void);
} bugs[] = {
	{ "heap-overflow", heap_overflow },
	{ "heap-reuse", heap_reuse },
	{ "stack-overflow", stack_overflow },
	{ "overflow", overflow },
	{ "shift", shift },
	{ "unaligned", unaligned },
	{ "conversion", conversion },
};

/* Does what no program should.  Whether there is a bug of that name. */
static int commit_bug(const char *name)
{
	for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++)
		if (strcmp(bugs[i].name, name) == 0) {
			bugs[i].commit();
			return 1;
		}
	return 0;
}

#endif
