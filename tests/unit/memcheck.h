/* memcheck.h - unit tests that cannot run under memcheck (tests/valgrind/).  To be
 * included behind cmocka.h. */
#ifndef PERMAFROST_TEST_MEMCHECK_H
#define PERMAFROST_TEST_MEMCHECK_H

#include <stdlib.h>

static inline int under_memcheck(void)
{
	return getenv("MEMCHECK_HEAP") != NULL;
}

/* Skips the test that calls it there, and says why. */
#define NOT_UNDER_MEMCHECK(reason)                                             \
	do {                                                                   \
		if (under_memcheck()) {                                        \
			print_message("not run under memcheck: %s: %s\n",      \
				      __func__, reason);                       \
			skip();                                                \
		}                                                              \
	} while (0)

#endif
