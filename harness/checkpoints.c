/* checkpoints.c - plans the checkpoints of a cell. */
#include "checkpoints.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long eighths(long requests, long n)
{
	return requests / 8 * n + requests % 8 * n / 8;
}

long checkpoints_half(long requests)
{
	return eighths(requests, 4);
}

size_t checkpoints_plan(long requests, long at[CHECKPOINTS_MAX])
{
	static const long steps[] = { 1, 2, 5 };
	size_t n = 0, unique = 0;

	at[n++] = 0;
	for (long decade = 1; decade <= requests; decade *= 10) {
		for (size_t i = 0; i < 3; i++)
			if (steps[i] <= requests / decade)
				at[n++] = steps[i] * decade;
		if (decade > requests / 10)
			break;
	}
	for (long eighth = 4; eighth <= 8; eighth++)
		at[n++] = eighths(requests, eighth);
	qsort(at, n, sizeof *at, compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || at[i] != at[unique - 1])
			at[unique++] = at[i];
	return unique;
}
