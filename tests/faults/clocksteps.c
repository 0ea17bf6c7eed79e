/* clocksteps.c - to be preloaded: a wall clock that jumps.
 *
 * Each reading of CLOCK_REALTIME is a day later or earlier than the one before it
 * should be, as if somebody set the clock between any two of them.  Clocks that
 * cannot be set (clock_gettime(2): CLOCK_MONOTONIC and the CPU times) are as they
 * are.  What the test expects: no duration depends on it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

#define STEP (24 * 3600)

static int step(void)
{
	static __thread int forward;

	forward = !forward;
	return forward ? STEP : -STEP;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	static int (*next)(clockid_t clock, struct timespec * t);
	int result;

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
	result = next(clock, t);
	if (result == 0 &&
	    (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		t->tv_sec += step();
	return result;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	t->tv_sec = now.tv_sec;
	t->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (t != NULL)
		*t = now.tv_sec;
	return now.tv_sec;
}
