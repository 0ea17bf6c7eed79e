/* wsgi.c - names of a user's own WSGI applications; what runs them and reads the
 * file of requests is workloads/servers/wsgi.py.
 */
#include "wsgi.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PREFIX "wsgi:"

int wsgi_is(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0;
}

/* The length of a dotted name of Python at the start of `text`; 0: there is none.
 * Names that are not ASCII are none, so that a key is read on every host. */
static size_t dotted_name(const char *text)
{
	size_t n = 0;

	for (;;) {
		if (!isalpha((unsigned char)text[n]) && text[n] != '_')
			return 0;
		while (isalnum((unsigned char)text[n]) || text[n] == '_')
			n++;
		if (text[n] != '.')
			return n;
		n++;
	}
}

/* MODULE:APP of the name, new; *end gets what follows.  NULL: it is none. */
static char *application(const char *name, const char **end)
{
	const char *module = name + strlen(PREFIX), *app;
	size_t length = dotted_name(module), n;

	*end = module + length;
	if (length == 0)
		return NULL;
	if (**end != ':')
		return xasprintf("%.*s:application", (int)length, module);
	app = *end + 1;
	n = dotted_name(app);
	*end = app + n;
	if (n > 0 && strncmp(*end, "()", 2) == 0)
		*end += 2;
	return n == 0 ? NULL : xasprintf("%.*s", (int)(*end - module), module);
}

/* Checks one of the paths of a full name: it is canonical, and a folder or a file
 * as the case may be.  0, or -1 with *error. */
static int check_path(const char *path, int folder, char **error)
{
	char *real = realpath(path, NULL);
	struct stat st;
	int result = -1;

	if (real == NULL)
		*error = xasprintf("cannot find %s: %s", path, strerror(errno));
	else if (strcmp(real, path) != 0)
		*error = xasprintf("%s is a link to %s; name that", path, real);
	else if (stat(path, &st) < 0)
		*error = xasprintf("cannot read %s: %s", path, strerror(errno));
	else if (folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		*error = xasprintf("%s is no %s", path,
				   folder ? "folder" : "file");
	else if (!is_utf8(path) || strchr(path, ',') != NULL)
		*error = xasprintf(
			"the path %s has a comma or is not UTF-8, "
			"which no workload's name can have",
			path);
	else
		result = 0;
	free(real);
	return result;
}

/* Checks what follows MODULE:APP/ in a full name.  0, or -1 with *error. */
static int check_paths(const char *paths, char **error)
{
	const char *second = strstr(paths + 1, "//");
	char *folder = xasprintf(
		"%.*s", second != NULL ? (int)(second - paths) : INT_MAX,
		paths);
	int result = check_path(folder, 1, error);

	if (result == 0 && second != NULL)
		result = check_path(second + 1, 0, error);
	free(folder);
	return result;
}

/* The full name of an application in the current folder.  As wsgi_full_name(). */
static char *add_paths(const char *app, const char *urls, char **error)
{
	char *folder = realpath(".", NULL);
	char *file = urls != NULL ? realpath(urls, NULL) : NULL;
	char *name = NULL;

	if (folder == NULL)
		*error = xasprintf("the current folder is gone: %s",
				   strerror(errno));
	else if (urls != NULL && file == NULL)
		*error = xasprintf("cannot read --urls=%s: %s", urls,
				   strerror(errno));
	else
		name = xasprintf(PREFIX "%s/%s%s%s", app, folder,
				 file != NULL ? "/" : "",
				 file != NULL ? file : "");
	free(folder);
	free(file);
	return name;
}

char *wsgi_full_name(const char *name, const char *urls, char **error)
{
	const char *rest;
	char *app = application(name, &rest), *full = NULL;

	if (app == NULL || (*rest != '\0' && strncmp(rest, "//", 2) != 0))
		*error = xasprintf(
			"'%s' is no application; as for gunicorn, "
			"say wsgi:MODULE:APP, where APP is a name "
			"or a factory, NAME()",
			name);
	else if (*rest == '\0')
		full = add_paths(app, urls, error);
	else if (urls != NULL)
		*error = xasprintf("'%s' has its requests; leave --urls out",
				   name);
	else
		full = xstrdup(name);
	if (full != NULL && check_paths(strstr(full, "//") + 1, error) < 0) {
		free(full);
		full = NULL;
	}
	free(app);
	return full;
}

/* The workload of this name, full or a placeholder.  As workload_find(). */
static int read_runner(const char *name, struct workload *w, char **error)
{
	char *path = xasprintf("%s/servers/wsgi.py", install_workloads_dir());
	int result = workload_read(name, path, w, error);

	free(path);
	return result;
}

int wsgi_find(const char *name, struct workload *w, char **error)
{
	char *full = wsgi_full_name(name, NULL, error);
	int result = full != NULL ? read_runner(full, w, error) : -1;

	free(full);
	return result;
}

int wsgi_describe(struct workload *w, char **error)
{
	return read_runner(PREFIX "MODULE:APP", w, error);
}

int wsgi_check(const struct workload *w, const char *executable, char **error)
{
	const char *folder = strstr(w->name, "//") + 1;
	const char *file = strstr(folder + 1, "//");
	char *argv[] = { (char *)executable, "-B", w->path, NULL, NULL };
	char *out = NULL, *err = NULL;
	int status = 0, result;

	if (file == NULL)
		return 0;
	argv[3] = (char *)file + 1;
	result = run_program(argv, 60, &out, &err, &status);
	if (result < 0)
		*error = xasprintf("cannot run %s: %s", executable,
				   strerror(-result));
	else if (status != 0)
		*error = xasprintf("--urls: %s",
				   *last_line(err) ? last_line(err) :
						     describe_status(status));
	free(out);
	free(err);
	return result < 0 || status != 0 ? -1 : 0;
}
