/* draw.c - queries the data of a figure and has gnuplot draw it. */
#define _GNU_SOURCE
#include "draw.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "install.h"

static char *figure_path(const char *figure)
{
	return xasprintf("%s/figures/%s.gp", install_results_dir(), figure);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void draw_figures(struct strings *names)
{
	char *folder = xasprintf("%s/figures", install_results_dir());
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n <= 3 || strcmp(entry->d_name + n - 3, ".gp") != 0 ||
		    entry->d_name[0] == '_')
			continue;
		entry->d_name[n - 3] = '\0';
		strings_add(names, entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	if (names->n > 1)
		qsort(names->items, names->n, sizeof *names->items,
		      compare_names);
	free(folder);
}

/* Collects what follows `prefix` on the lines that begin with it, at most `max`
 * lines, into one new string. */
static char *marked_lines(const char *text, const char *prefix, int max)
{
	char *all = xstrdup("");

	while (max > 0 && *text != '\0') {
		const char *end = strchrnul(text, '\n');
		size_t n = strlen(prefix);

		if (strncmp(text, prefix, n) == 0) {
			char *longer = xasprintf(
				"%s%s%.*s", all, *all ? "\n" : "",
				(int)(end - text - (long)n), text + n);

			free(all);
			all = longer;
			max--;
		}
		text = *end ? end + 1 : end;
	}
	return all;
}

char *draw_title(const char *figure)
{
	char *path = figure_path(figure), *text = NULL, *title = NULL;

	if (read_file(path, 1 << 20, &text, NULL) == 0)
		title = marked_lines(text, "# ", 1);
	free(text);
	free(path);
	return title;
}

/* A drawing of more panels cannot be read, and takes gnuplot minutes. */
#define PANELS_MAX 60

struct table {
	FILE *file;
	size_t rows;
	int whole; /* all panels, however many */
	long panels;
};

/* Writes a text so that gnuplot takes it as it is: it reads escapes in data, so
 * backslashes are doubled; quotes would end a field. */
static void write_text(FILE *file, const char *text)
{
	char *safe = xstrdup(text);

	make_text_safe(safe);
	for (const char *p = safe; *p != '\0'; p++) {
		if (*p == '\\')
			fputc('\\', file);
		fputc(*p == '"' ? '\'' : *p, file);
	}
	free(safe);
}

/* Writes one row of the query. */
static int write_row(void *arg, sqlite3_stmt *stmt, int columns)
{
	struct table *t = arg;
	long panel = (long)sqlite3_column_int64(stmt, 0);

	t->panels = panel > t->panels ? panel : t->panels;
	if (panel > PANELS_MAX && !t->whole)
		return 0;
	if (t->rows++ == 0)
		for (int i = 0; i < columns; i++)
			fprintf(t->file, "%s%s", sqlite3_column_name(stmt, i),
				i + 1 < columns ? "\t" : "\n");
	for (int i = 0; i < columns; i++) {
		const char *text = (const char *)sqlite3_column_text(stmt, i);

		write_text(t->file, text ? text : "NaN");
		fputc(i + 1 < columns ? '\t' : '\n', t->file);
	}
	return 0;
}

/* Memory that gnuplot reads or writes as the file `path`: nothing to guess for
 * others, nothing to remove.  -1 after a complaint. */
static int open_memory(char path[32])
{
	int fd = memfd_create("permafrost-figure", 0); /* to be inherited */

	if (fd < 0)
		complain("cannot create memory for a figure: %s",
			 strerror(errno));
	else
		snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

/* Writes the figure's data into the file `path`, unless `whole` only as many
 * panels as can be drawn; *left_out gets the number of the others.  Rows, or
 * -1. */
static long write_data(struct store *s, int64_t run, const char *script,
		       const char *path, int whole, long *left_out)
{
	char *source = NULL, *sql;
	struct table t = { .whole = whole };
	int result = read_file(script, 1 << 20, &source, NULL);

	if (result < 0) {
		complain("cannot read the figure %s: %s", script,
			 strerror(-result));
		return -1;
	}
	sql = marked_lines(source, "#sql ", 1000);
	free(source);
	t.file = fopen(path, "we");
	result = t.file != NULL ? store_query(s, sql, run, write_row, &t) : -1;
	if (t.file == NULL || (fclose(t.file) != 0 && result == 0)) {
		complain("cannot write a figure's data: %s", strerror(errno));
		result = -1;
	}
	free(sql);
	*left_out = t.panels > PANELS_MAX && !whole ? t.panels - PANELS_MAX : 0;
	return result < 0 ? -1 : (long)t.rows;
}

/* Has gnuplot draw `figure` into the file `out`.  0, or -1 after a complaint. */
static int run_gnuplot(const char *figure, const char *script, const char *data,
		       const char *out, const char *format)
{
	char *folder = xasprintf("%s/figures", install_results_dir());
	char *argv[] = { "gnuplot",	 "-d",	       "-c",
			 (char *)script, (char *)data, (char *)out,
			 (char *)format, folder,       NULL };
	char *ignored = NULL, *err = NULL;
	int status = 0, result;

	/* How long a date in a PDF is depends on it. */
	setenv("TZ", "UTC0", 1);
	result = run_program(argv, 120, &ignored, &err, &status);
	if (result == -ENOENT)
		complain(
			"gnuplot is not installed; install it (Debian: "
			"gnuplot-nox) and run 'plot' again");
	else if (result < 0)
		complain("cannot run gnuplot: %s", strerror(-result));
	else if (status != 0) {
		complain("gnuplot could not draw %s.%s: %.300s", figure, format,
			 WIFSIGNALED(status) ? describe_status(status) :
					       last_line(err));
		result = -1;
	}
	free(folder);
	free(ignored);
	free(err);
	return result < 0 ? -1 : 0;
}

/* Overwrites the date at which a PDF was made, so that the same data give the
 * same bytes.  cairo 1.16 writes it in clear; where it is compressed (1.18), it
 * stays. */
static void forget_date(char *pdf, size_t size)
{
	static const char key[] = "/CreationDate (D:",
			  date[] = "19700101000000";
	char *found = memmem(pdf, size, key, sizeof key - 1), *end = pdf + size;

	if (found != NULL &&
	    end - found >= (long)(sizeof key + sizeof date - 2))
		memcpy(found + sizeof key - 1, date, sizeof date - 1);
}

int draw_bytes(struct store *s, int64_t run, const char *figure,
	       const char *format, char **bytes, size_t *size, long *left_out)
{
	char *script = figure_path(figure), data[32], out[32], *from = data;
	int data_fd = open_memory(data), out_fd = -1, result = -1;
	long rows = data_fd < 0 ?
		-1 :
		write_data(s, run, script, data, strcmp(format, "tsv") == 0,
			   left_out);

	if (rows <= 0) {
		result = rows == 0 ? 1 : -1;
		goto out;
	}
	if (strcmp(format, "tsv") != 0) {
		out_fd = open_memory(out);
		if (out_fd < 0 ||
		    run_gnuplot(figure, script, data, out, format) < 0)
			goto out;
		from = out;
	}
	result = read_file(from, 1 << 30, bytes, size);
	if (result < 0)
		result = fail(-1, "cannot read a figure: %s",
			      strerror(-result));
	else if (strcmp(format, "pdf") == 0)
		forget_date(*bytes, *size);
out:
	if (data_fd >= 0)
		close(data_fd);
	if (out_fd >= 0)
		close(out_fd);
	free(script);
	return result;
}

/* Makes the file `path` of these bytes, all of it or nothing.  0, or -1 after a
 * complaint. */
static int write_file(const char *path, const char *bytes, size_t size)
{
	char *unfinished = xasprintf("%s.unfinished", path);
	FILE *file = fopen(unfinished, "we");
	int ok = file != NULL && fwrite(bytes, 1, size, file) == size;

	if (file != NULL && fclose(file) != 0)
		ok = 0;
	if (!ok || rename(unfinished, path) < 0) {
		complain("cannot write %s: %s", path, strerror(errno));
		unlink(unfinished);
		ok = 0;
	}
	free(unfinished);
	return ok ? 0 : -1;
}

int draw_figure(struct store *s, int64_t run, const char *figure,
		const char *format, const char *dir, char **path,
		long *left_out)
{
	char *bytes = NULL;
	size_t size = 0;
	int result = draw_bytes(s, run, figure, format, &bytes, &size,
				left_out);

	*path = xasprintf("%s/%s.%s", dir, figure, format);
	if (result == 0 && make_folders(dir) < 0) {
		complain("cannot create %s: %s", dir, strerror(errno));
		result = -1;
	} else if (result == 0) {
		result = write_file(*path, bytes, size);
	} else if (result > 0) {
		unlink(*path); /* an earlier run's */
	}
	free(bytes);
	return result;
}

int draw_all(struct store *s, int64_t run, const struct strings *figures,
	     const struct strings *formats, const char *dir, FILE *out)
{
	struct strings lacking = { NULL, 0 };
	int result = 0;

	for (size_t i = 0; i < figures->n && result >= 0; i++) {
		for (size_t f = 0; f < formats->n && result >= 0; f++) {
			char *path = NULL;
			long left_out = 0;

			result = draw_figure(s, run, figures->items[i],
					     formats->items[f], dir, &path,
					     &left_out);
			if (result == 0)
				fprintf(out, "%s\n", path);
			if (result == 0 && left_out > 0)
				complain(
					"warning: %s lacks %ld panels, more "
					"than can be drawn; --format=tsv has "
					"them all",
					path, left_out);
			free(path);
		}
		if (result > 0)
			strings_add(&lacking, figures->items[i]);
	}
	if (result >= 0 && lacking.n == figures->n && lacking.n > 1)
		complain(
			"run %lld has no data for any figure; 'list runs' "
			"says how far it is",
			(long long)run);
	else
		for (size_t i = 0; i < lacking.n; i++)
			complain("run %lld has no data for the figure '%s'",
				 (long long)run, lacking.items[i]);
	strings_fini(&lacking);
	return result < 0 ? -1 : 0;
}
