/* scratch.c - a private folder for the time of a command. */
#define _GNU_SOURCE
#include "scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

char *scratch_make(void)
{
	const char *parent = getenv("TMPDIR");
	char *dir = xasprintf(
		"%s/permafrost-XXXXXX",
		parent != NULL && *parent == '/' ? parent : "/tmp");

	if (mkdtemp(dir) != NULL)
		return dir;
	complain(
		"cannot make a temporary folder %s: %s; set TMPDIR to one "
		"that can be written",
		dir, strerror(errno));
	free(dir);
	return NULL;
}

static int remove_one(const char *path, const struct stat *stat, int type,
		      struct FTW *at)
{
	(void)stat;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

void scratch_remove(char *dir)
{
	if (dir != NULL)
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(dir);
}
