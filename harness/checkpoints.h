/* checkpoints.h - at which numbers of requests the workers stand still. */
#ifndef PERMAFROST_CHECKPOINTS_H
#define PERMAFROST_CHECKPOINTS_H

#include <stddef.h>

#define CHECKPOINTS_MAX 64

/* Fills `at` with 0, 1, 2, 5, 10, 20, 50, ... up to `requests`, and with eighths
 * of its second half, in which leaks are measured.  Ascending, each once, the
 * last is `requests`.  Returns their number.  Pure. */
size_t checkpoints_plan(long requests, long at[CHECKPOINTS_MAX]);

/* The checkpoint at half of the requests: where the second half begins. */
long checkpoints_half(long requests);

#endif
