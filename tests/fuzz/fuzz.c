/* fuzz.c - inputs as texts, complaints, and files of fuzz targets. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *usual; /* stderr, while it is another */
static char *heard;
static size_t heard_bytes;

void fuzz_failed(const char *file, int line, const char *condition)
{
	if (usual != NULL) {
		fflush(stderr);
		dprintf(STDERR_FILENO, "%s", heard);
	}
	dprintf(STDERR_FILENO, "%s:%d: does not hold: %s\n", file, line,
		condition);
	abort();
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	size_t n = strnlen((const char *)data, size);
	char *text = xcalloc(n + 1, 1);

	memcpy(text, data, n);
	return text;
}

/* The first line of `text` that is "--", or NULL. */
static char *find_separator(char *text)
{
	while (strncmp(text, "--", 2) != 0 ||
	       (text[2] != '\n' && text[2] != '\0')) {
		text = (char *)text_after(text, '\n');
		if (text == NULL)
			return NULL;
	}
	return text;
}

void fuzz_parts(const uint8_t *data, size_t size, struct strings *parts)
{
	char *text = fuzz_text(data, size), *part = text, *end;

	*parts = (struct strings){ NULL, 0 };
	while ((end = find_separator(part)) != NULL) {
		int last = end[2] == '\0';

		*end = '\0';
		strings_add(parts, part);
		part = end + (last ? 2 : 3);
	}
	strings_add(parts, part);
	free(text);
}

const char *fuzz_part(const struct strings *parts, size_t index)
{
	return index < parts->n ? parts->items[index] : "";
}

int fuzz_next_word(const char **text, struct fuzz_word *word)
{
	while (**text != '\0') {
		const char *line = *text;
		char *index, *value;

		*text = strchrnul(line, '\n');
		*text += **text != '\0';
		if (line[0] == '\0' || line[1] != ' ')
			continue;
		word->where = line[0];
		word->index = strtoull(line + 2, &index, 0);
		word->value = strtoull(index, &value, 0);
		if (index != line + 2 && value != index && value <= *text)
			return 1;
	}
	return 0;
}

void fuzz_listen(void)
{
	usual = stderr;
	stderr = open_memstream(&heard, &heard_bytes);
	if (stderr == NULL)
		abort(); /* out of memory */
}

size_t fuzz_heard(void)
{
	size_t lines = 0;

	fclose(stderr);
	stderr = usual;
	usual = NULL;
	for (size_t i = 0; i < heard_bytes; i++)
		lines += heard[i] == '\n';
	free(heard);
	heard = NULL;
	return lines;
}

static char *folder;

static void remove_folder(void)
{
	fuzz_remove(folder);
	free(folder);
}

const char *fuzz_dir(void)
{
	const char *base = getenv("TMPDIR");

	if (folder != NULL)
		return folder;
	folder = xasprintf("%s/permafrost-fuzz.XXXXXX",
			   base != NULL && *base != '\0' ? base : "/tmp");
	if (mkdtemp(folder) == NULL) {
		perror(folder);
		_exit(EXIT_FAULT);
	}
	atexit(remove_folder);
	return folder;
}

void fuzz_write(const char *name, const void *data, size_t size)
{
	char *path = xasprintf("%s/%s", fuzz_dir(), name);
	FILE *file = fopen(path, "we");

	if (file == NULL || fwrite(data, 1, size, file) != size ||
	    fclose(file) != 0) {
		perror(path);
		_exit(EXIT_FAULT);
	}
	free(path);
}

static int remove_one(const char *path, const struct stat *s, int type,
		      struct FTW *ftw)
{
	(void)s;
	(void)type;
	(void)ftw;
	return remove(path);
}

void fuzz_remove(const char *dir)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
