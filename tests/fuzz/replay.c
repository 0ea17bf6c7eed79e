/* replay.c - runs fuzz targets on given inputs, without a fuzzer.
 *
 *     replay TARGET [FILE]...
 *
 * TARGET may be written as the name of its test, tests/fuzz/TARGET.fuzz.  Without
 * files it takes all of the target's corpus, and there must be some.  Each input
 * runs in a child, so that one that crashes or hangs does not hide the others.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define TARGETS_MAX 64
#define INPUT_SECONDS 30 /* an input takes some ms; the host may be busy */

static struct {
	const char *name;
	fuzz_run *run;
} targets[TARGETS_MAX];
static size_t count;

void fuzz_enlist(const char *name, fuzz_run *run)
{
	if (count == TARGETS_MAX)
		abort();
	targets[count].name = name;
	targets[count++].run = run;
}

/* The function of a target, or NULL after a complaint. */
static fuzz_run *find(const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(targets[i].name, name) == 0)
			return targets[i].run;
	complain("there is no fuzz target '%s'", name);
	return NULL;
}

/* Runs one input in a child.  0, or -1 after a complaint. */
static int replay(fuzz_run *run, const char *path)
{
	size_t size;
	char *data;
	int result = read_file(path, 64u << 20, &data, &size), status = 0;
	pid_t pid;

	if (result < 0) {
		complain("cannot read %s: %s", path, strerror(-result));
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		uint8_t *exact = xcalloc(size, 1);

		memcpy(exact, data, size);
		free(data);
		alarm(INPUT_SECONDS);
		run(exact, size);
		free(exact);
		exit(EXIT_OK);
	}
	free(data);
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		complain("cannot run %s", path);
		return -1;
	}
	if (status == 0)
		return 0;
	complain("%s: %s", path, describe_status(status));
	return -1;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the paths of all files in `dir`, sorted. */
static void list_files(const char *dir, struct strings *files)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		char *path;

		if (entry->d_name[0] == '.')
			continue;
		path = xasprintf("%s/%s", dir, entry->d_name);
		strings_add(files, path);
		free(path);
	}
	if (d != NULL)
		closedir(d);
	if (files->n > 1)
		qsort(files->items, files->n, sizeof *files->items, compare);
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir"), *base = getenv("TMPDIR");
	struct strings files = { NULL, 0 };
	char *tmp, *name, *dir;
	size_t failed = 0;
	fuzz_run *run;

	if (argc < 2)
		return fail(EXIT_USAGE, "replay TARGET [FILE]...");
	name = xstrdup(strrchr(argv[1], '/') ? strrchr(argv[1], '/') + 1 :
					       argv[1]);
	name[strcspn(name, ".")] = '\0';
	run = find(name);
	if (run == NULL)
		return EXIT_USAGE;
	for (int i = 2; i < argc; i++)
		strings_add(&files, argv[i]);
	dir = xasprintf("%s/tests/fuzz/corpus/%s", top ? top : SRCDIR, name);
	if (argc == 2)
		list_files(dir, &files);
	if (files.n == 0)
		return fail(EXIT_FAULT, "no inputs in %s", dir);
	/* What a crash leaves behind goes with it. */
	tmp = xasprintf("%s/permafrost-replay.XXXXXX",
			base != NULL && *base != '\0' ? base : "/tmp");
	if (mkdtemp(tmp) == NULL || setenv("TMPDIR", tmp, 1) < 0)
		return fail(EXIT_FAULT, "cannot make the folder %s", tmp);
	for (size_t i = 0; i < files.n; i++)
		failed += replay(run, files.items[i]) < 0;
	fuzz_remove(tmp);
	printf("%s: %zu of %zu inputs failed\n", name, failed, files.n);
	strings_fini(&files);
	free(dir);
	free(name);
	free(tmp);
	return failed > 0 ? EXIT_FAULT : EXIT_OK;
}
