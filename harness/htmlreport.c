/* htmlreport.c - fills the template of the report's page.
 *
 * The template and what belongs to it are files in results/report/.  It is gone
 * through once: what a part has written is not looked at again, so that no text
 * from the data can pass for a part's name.
 */
#define _GNU_SOURCE
#include "htmlreport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "htmlparts.h"
#include "install.h"
#include "util.h"

/* The text of results/report/NAME, new; or NULL after a complaint. */
static char *own_file(const char *name)
{
	char *path = xasprintf("%s/report/%s", install_results_dir(), name);
	char *text = NULL;
	int result = read_file(path, 1 << 20, &text, NULL);

	if (result < 0)
		complain("cannot read %s: %s; install the program again", path,
			 strerror(-result));
	free(path);
	return text;
}

static void write_own_file(FILE *out, const char *name)
{
	char *text = own_file(name);

	if (text != NULL)
		fputs(text, out);
	free(text);
}

static void part_css(FILE *out, const struct htmlreport *r)
{
	(void)r;
	write_own_file(out, "report.css");
}

static void part_model(FILE *out, const struct htmlreport *r)
{
	(void)r;
	write_own_file(out, "model.js");
}

static void part_settings(FILE *out, const struct htmlreport *r)
{
	(void)r;
	write_own_file(out, "settings.js");
}

static void part_js(FILE *out, const struct htmlreport *r)
{
	(void)r;
	write_own_file(out, "report.js");
}

static const struct {
	const char *name;
	html_part write;
} parts[] = {
	{ "about", html_part_about },
	{ "answer", html_part_answer },
	{ "css", part_css },
	{ "data", html_part_data },
	{ "deploy", html_part_deploy },
	{ "downloads", html_part_downloads },
	{ "figures", html_part_figures },
	{ "generator", html_part_generator },
	{ "host", html_part_host },
	{ "js", part_js },
	{ "metrics", html_part_metrics },
	{ "model", part_model },
	{ "pythons", html_part_pythons },
	{ "settings", part_settings },
	{ "summary", html_part_summary },
	{ "table", html_part_table },
	{ "title", html_part_title },
	{ "unmeasured", html_part_unmeasured },
	{ "workloads", html_part_workloads },
};
#define PARTS (sizeof parts / sizeof *parts)

/* The part whose name stands from `name` to `end`, or NULL. */
static html_part find_part(const char *name, const char *end)
{
	for (size_t i = 0; i < PARTS; i++)
		if (strlen(parts[i].name) == (size_t)(end - name) &&
		    strncmp(parts[i].name, name, (size_t)(end - name)) == 0)
			return parts[i].write;
	return NULL;
}

/* Writes the template with its parts. */
static void fill(FILE *out, const char *template, const struct htmlreport *r)
{
	for (;;) {
		const char *mark = strstr(template, "@@");
		const char *end = mark ? strstr(mark + 2, "@@") : NULL;
		html_part write = end ? find_part(mark + 2, end) : NULL;

		if (write == NULL)
			break;
		fwrite(template, 1, (size_t)(mark - template), out);
		write(out, r);
		template = end + 2;
	}
	fputs(template, out);
}

/* Gives a file the permissions that creating it in the usual way would. */
static void usual_permissions(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	fchmod(fd, 0666 & ~mask);
}

/* The file that `path` names behind symbolic links, or `path`; new.  NULL after a
 * complaint when that is there and no regular file. */
static char *target_of(const char *path)
{
	char *target = realpath(path, NULL);
	struct stat st;

	if (target == NULL)
		return xstrdup(path);
	if (stat(target, &st) == 0 && S_ISREG(st.st_mode))
		return target;
	complain(
		"cannot write %s: it is no regular file; choose another with "
		"--out",
		path);
	free(target);
	return NULL;
}

int htmlreport_write(const struct htmlreport *r, const char *path)
{
	char *template = own_file("report.html"), *target = target_of(path);
	char *temporary = target ? xasprintf("%s.XXXXXX", target) : NULL;
	char *page = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&page, &size);
	int fd = -1, result = -1;

	if (template == NULL || target == NULL || out == NULL)
		goto out;
	/* In memory first: drawing takes seconds, in which one may be stopped. */
	fill(out, template, r);
	if (fclose(out) != 0) {
		out = NULL;
		goto broken;
	}
	fd = mkstemp(temporary);
	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (out == NULL)
		goto broken;
	usual_permissions(fd);
	if (fwrite(page, 1, size, out) != size || fflush(out) != 0 ||
	    fsync(fd) < 0 || rename(temporary, target) < 0)
		goto broken;
	result = 0;
	goto out;
broken:
	complain("cannot write %s: %s; choose another file with --out", path,
		 strerror(errno));
	if (fd >= 0)
		unlink(temporary);
out:
	if (out != NULL)
		fclose(out);
	free(page);
	free(temporary);
	free(target);
	free(template);
	return result;
}
