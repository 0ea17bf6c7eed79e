/* bugs.c - a program with one bug: `bugs NAME`; see bugs.h.  Exit status 0 means
 * that nobody has seen it. */
#include "bugs.h"

#include <pthread.h>

static int shared;

static void *increment(void *unused)
{
	(void)unused;
	shared++;
	return NULL;
}

/* Two threads write the same word. */
static void race(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, increment, NULL) == 0) {
		shared++;
		pthread_join(thread, NULL);
	}
}

/* Nothing points to the block at the end. */
static void leak(void)
{
	static void *volatile block;

	block = malloc(24);
	sink = block != NULL;
	block = NULL;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (strcmp(argv[1], "race") == 0)
		race();
	else if (strcmp(argv[1], "leak") == 0)
		leak();
	else if (!commit_bug(argv[1]))
		return 2;
	return 0;
}
