/* install.c - finds the program's own files, interpreters and workloads.
 *
 * A program whose folder has ../ext/interpreters.json runs from a build tree;
 * otherwise it is installed and uses the folders configure was told.  A tree with
 * the file `shipped` (ship.h) holds the workloads, too, and lies on a machine that
 * configure has not seen.
 */
#define _GNU_SOURCE
#include "install.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server.h"
#include "wsgi.h"

const char *install_program(void)
{
	static char path[PATH_MAX];

	if (path[0] == '\0' &&
	    readlink("/proc/self/exe", path, sizeof path - 1) < 0)
		path[0] = '\0';
	return path;
}

/* The build tree this program runs from, or NULL; computed once. */
static const char *build_dir(void)
{
	static char dir[PATH_MAX];
	static int known;
	char *manifest;

	if (known)
		return dir[0] ? dir : NULL;
	known = 1;
	snprintf(dir, sizeof dir, "%s", install_program());
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(dir, '/');

		if (slash != NULL)
			*slash = '\0';
	}
	manifest = xasprintf("%s/ext/interpreters.json", dir);
	if (access(manifest, F_OK) < 0)
		dir[0] = '\0';
	free(manifest);
	return dir[0] ? dir : NULL;
}

/* Whether that tree was copied to this machine. */
static int is_shipped(void)
{
	char *mark = build_dir() == NULL ?
		NULL :
		xasprintf("%s/" INSTALL_SHIPPED, build_dir());
	int found = mark != NULL && access(mark, F_OK) == 0;

	free(mark);
	return found;
}

/* BUILD_OR_SOURCE/NAME in a build tree, else INSTALLED/NAME; computed once. */
static const char *locate(char **cache, const char *base, const char *installed,
			  const char *name)
{
	if (*cache == NULL)
		*cache = xasprintf("%s/%s", build_dir() ? base : installed,
				   name);
	return *cache;
}

const char *install_ext_dir(void)
{
	static char *cache;

	return locate(&cache, build_dir(), PKGLIBDIR, "ext");
}

const char *install_workloads_dir(void)
{
	static char *cache;

	return locate(&cache, is_shipped() ? build_dir() : SRCDIR, PKGDATADIR,
		      "workloads");
}

const char *install_results_dir(void)
{
	static char *cache;

	return locate(&cache, SRCDIR, PKGDATADIR, "results");
}

const char *install_default_db(void)
{
	static char *path;
	const char *env = getenv("PERMAFROST_DB");

	if (env != NULL && *env != '\0')
		return env;
	if (build_dir() == NULL)
		return "permafrost.db";
	return locate(&path, build_dir(), "", "permafrost.db");
}

static char *string_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? xstrdup(text) : NULL;
}

/* The tag of the interpreter at `path` as configure would give it, new; NULL with
 * one line in *error (to free) when it is none. */
static char *ask_tag(const char *path, char **error)
{
	static char script[] =
		"import sys\n"
		"sys.path = [p for p in sys.path if p]\n" /* not from here */
		"try:\n"
		"    import sysconfig\n"
		"    t = sysconfig.get_config_var('Py_GIL_DISABLED')\n"
		"except ImportError:\n"
		"    t = None\n"
		"pypy = '__pypy__' in sys.builtin_module_names\n"
		"v = sys.version_info\n"
		"level = {'alpha': 'a%d', 'beta': 'b%d', 'candidate': 'rc%d'}"
		".get(v[3], '')\n"
		"sys.stdout.write('%s%d.%d.%d%s%s%s' % (('pp' if pypy else "
		"'cp',) + tuple(v[:3]) + (level and level % v[4], 't' if t "
		"else '', 'v%d.%d.%d' % sys.pypy_version_info[:3] if pypy else "
		"'d' if hasattr(sys, 'gettotalrefcount') else '')))\n";
	char *argv[] = { (char *)path, "-c", script, NULL };
	char *out = NULL, *ignored = NULL;
	int status, result = run_program(argv, 30, &out, &ignored, &status);

	free(ignored);
	if (result == 0 && status == 0 &&
	    (strncmp(out, "cp", 2) == 0 || strncmp(out, "pp", 2) == 0))
		return out;
	free(out);
	*error = result < 0 ?
		xasprintf("cannot run %s: %s", path, strerror(-result)) :
		xasprintf("%s is not a Python interpreter: it %s", path,
			  describe_status(status));
	return NULL;
}

int interpreter_is_pypy(const struct interpreter *i)
{
	return strncmp(i->tag, "pp", 2) == 0;
}

/* Looks in PATH for pythonX.Y or pypyX.Y of the same tag, on a machine where the
 * executable may lie elsewhere.  Without success, i->executable stays. */
static void find_elsewhere(struct interpreter *i)
{
	const char *path = getenv("PATH");
	struct strings folders = { NULL, 0 };
	int digits = (int)strcspn(i->version, ".");
	int found = 0;

	digits += i->version[digits] == '.';
	digits += (int)strspn(i->version + digits, "0123456789");
	strings_split(&folders, path != NULL ? path : "/usr/bin:/usr/local/bin",
		      ':');
	for (size_t n = 0; n < folders.n && !found; n++) {
		char *candidate = xasprintf(
			"%s/%s%.*s%s", folders.items[n],
			interpreter_is_pypy(i) ? "pypy" : "python", digits,
			i->version,
			i->abi_flags != NULL && strchr(i->abi_flags, 't') ?
				"t" :
				"");
		char *error = NULL,
		     *tag = access(candidate, X_OK) == 0 ?
			ask_tag(candidate, &error) :
			NULL;

		found = tag != NULL && strcmp(tag, i->tag) == 0;
		if (found) {
			free(i->executable);
			i->executable = xstrdup(candidate);
		}
		free(candidate);
		free(error);
		free(tag);
	}
	strings_fini(&folders);
}

/* Looks whether the executable is there, and sets i->reason if not. */
static void check_executable(struct interpreter *i)
{
	int error;

	if (access(i->executable, X_OK) == 0)
		return;
	error = errno;
	if (!is_shipped()) {
		i->reason = xasprintf(
			"%s: %s since configure; run configure "
			"and make again",
			i->executable, strerror(error));
		return;
	}
	find_elsewhere(i);
	if (access(i->executable, X_OK) < 0)
		i->reason = xasprintf("there is neither %s nor %s in PATH",
				      i->executable, i->tag);
}

int interpreters_parse(const json_t *root, struct interpreters *list)
{
	json_t *item;
	size_t index;

	if (!json_is_array(json_object_get(root, "interpreters")))
		return -1;
	json_array_foreach(json_object_get(root, "interpreters"), index, item) {
		struct interpreter *i;
		const char *ext;

		list->items = xrealloc(list->items, list->n + 1,
				       sizeof *list->items);
		i = &list->items[list->n++];
		*i = (struct interpreter){
			.tag = string_of(item, "tag"),
			.version = string_of(item, "version"),
			.executable = string_of(item, "executable"),
			.implementation = string_of(item, "implementation"),
			.abi_flags = string_of(item, "abi_flags"),
			.era = string_of(item, "era"),
			.reason = string_of(item, "reason"),
		};
		if (i->tag == NULL || i->version == NULL ||
		    i->executable == NULL)
			return -1;
		ext = json_string_value(json_object_get(item, "ext_dir"));
		if (ext != NULL)
			i->ext_dir = xasprintf("%s/%s", install_ext_dir(), ext);
		if (i->ext_dir != NULL && i->executable[0] != '/') {
			char *inside = i->executable; /* ours: Go's */

			i->executable = xasprintf("%s/%s", i->ext_dir, inside);
			free(inside);
		}
		if (i->reason == NULL)
			check_executable(i);
	}
	return 0;
}

/* Adds what one manifest lists.  0, or -1 after a complaint. */
static int load_manifest(const char *path, struct interpreters *list)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error);
	int result = -1;

	if (root == NULL)
		complain("cannot read %s: %s; run configure and make again",
			 path, error.text);
	else if ((result = interpreters_parse(root, list)) < 0)
		complain(
			"%s lacks a tag, a version or an executable; run "
			"configure and make again",
			path);
	json_decref(root);
	return result;
}

int interpreters_load(struct interpreters *list)
{
	char *pythons = xasprintf("%s/interpreters.json", install_ext_dir());
	char *go = xasprintf("%s/" INSTALL_GO, install_ext_dir());
	int result;

	*list = (struct interpreters){ NULL, 0 };
	result = load_manifest(pythons, list);
	if (result == 0 && access(go, F_OK) == 0)
		result = load_manifest(go, list);
	free(pythons);
	free(go);
	return result;
}

void interpreters_fini(struct interpreters *list)
{
	for (size_t n = 0; n < list->n; n++) {
		struct interpreter *i = &list->items[n];

		free(i->tag);
		free(i->version);
		free(i->executable);
		free(i->implementation);
		free(i->abi_flags);
		free(i->era);
		free(i->ext_dir);
		free(i->reason);
	}
	free(list->items);
}

int interpreter_is_go(const struct interpreter *i)
{
	return strncmp(i->tag, "go", 2) == 0 &&
		isdigit((unsigned char)i->tag[2]);
}

int interpreter_matches(const struct interpreter *i, const char *word)
{
	static const char *const pypy[] = { "pypy", "pp" };
	int wants_pypy = 0;
	size_t n;

	if (strcmp(word, "all") == 0)
		return i->ext_dir != NULL && !interpreter_is_go(i);
	if (strcmp(word, "go") == 0 && interpreter_is_go(i))
		return 1;
	if (strcmp(i->tag, word) == 0 || strcmp(i->executable, word) == 0)
		return 1;
	for (size_t k = 0; k < 2 && !wants_pypy; k++)
		if (strncmp(word, pypy[k], strlen(pypy[k])) == 0) {
			word += strlen(pypy[k]);
			wants_pypy = 1;
		}
	n = strlen(word);
	return interpreter_is_pypy(i) == wants_pypy &&
		((wants_pypy && n == 0) ||
		 (strncmp(i->version, word, n) == 0 &&
		  (i->version[n] == '\0' || i->version[n] == '.')));
}

const struct interpreter *
interpreter_for_executable(const struct interpreters *list, const char *path,
			   char **error)
{
	const struct interpreter *found = NULL;
	char *tag = ask_tag(path, error);

	if (tag == NULL)
		return NULL;
	for (size_t n = 0; n < list->n && found == NULL; n++)
		if (list->items[n].ext_dir != NULL &&
		    strcmp(list->items[n].tag, tag) == 0)
			found = &list->items[n];
	if (found == NULL)
		*error = xasprintf(
			"%s is %s, for which nothing was built; run "
			"configure --with-pythons=auto,%s and make",
			path, tag, path);
	free(tag);
	return found;
}

void install_strategies(struct strings *names)
{
	strings_split(names, STRATEGIES, ' ');
	for (size_t i = 0; i < names->n; i++)
		for (char *p = names->items[i]; *p != '\0'; p++)
			if (*p == '_')
				*p = '-';
}

json_t *interpreter_describe(const struct interpreter *i,
			     const char *executable,
			     const struct strings *specs, char **error)
{
	char *script = xasprintf("%s/describe.py", install_workloads_dir());
	char *names, *out = NULL, *err = NULL;
	char **argv = xcalloc(specs->n + 7, sizeof *argv);
	const char *program = executable ? executable : i->executable;
	struct strings strategies = { NULL, 0 };
	json_t *document = NULL;
	json_error_t json_error;
	int status, result;

	install_strategies(&strategies);
	names = xstrdup("");
	for (size_t n = 0; n < strategies.n; n++) {
		char *longer = xasprintf("%s %s", names, strategies.items[n]);

		free(names);
		names = longer;
	}
	strings_fini(&strategies);
	argv[0] = (char *)program;
	argv[1] = "-B";
	argv[2] = script;
	argv[3] = i->ext_dir;
	argv[4] = names;
	for (size_t n = 0; n < specs->n; n++)
		argv[5 + n] = specs->items[n];
	result = run_program(argv, 60, &out, &err, &status);
	if (result == -EMFILE || result == -EAGAIN || result == -ENOMEM)
		*error = xasprintf("cannot run %s: %s", program,
				   strerror(-result));
	else if (result < 0)
		*error = xasprintf(
			"cannot run %s: %s; run configure and make "
			"again",
			program, strerror(-result));
	else if (status != 0)
		*error = xasprintf("%s %s%s%s", program,
				   describe_status(status),
				   *last_line(err) ? ": " : "", last_line(err));
	else if ((document = json_loads(out, 0, &json_error)) == NULL)
		*error = xasprintf("%s did not answer with JSON: %s", program,
				   json_error.text);
	free(names);
	free(script);
	free(argv);
	free(out);
	free(err);
	return document;
}

const char *interpreter_refusal(const json_t *answer, size_t spec,
				const char *workload)
{
	const json_t *workloads = json_object_get(answer, "workloads");
	const json_t *stack = json_array_get(json_object_get(answer, "stacks"),
					     spec);
	const char *reason = json_string_value(
		json_object_get(stack, "reason"));
	const json_t *name;
	size_t index;

	if (reason != NULL || workloads == NULL)
		return reason;
	json_array_foreach(workloads, index, name)
		if (strcmp(json_string_value(name), workload) == 0)
			return NULL;
	return json_string_value(json_object_get(answer, "other_workloads"));
}

/* The first line of the docstring at the top of a Python source, or "". */
static char *docstring_line(const char *source)
{
	const char *quote = strstr(source, "\"\"\"");
	const char *end;

	if (quote == NULL)
		return xstrdup("");
	quote += 3;
	while (isspace((unsigned char)*quote))
		quote++;
	end = quote + strcspn(quote, "\n");
	if (strstr(quote, "\"\"\"") != NULL && strstr(quote, "\"\"\"") < end)
		end = strstr(quote, "\"\"\"");
	return xasprintf("%.*s", (int)(end - quote), quote);
}

/* The number in a line "SCALE = N", or the default. */
static long source_scale(const char *source)
{
	for (const char *line = source; line != NULL;
	     line = text_after(line, '\n')) {
		long scale;

		if (sscanf(line, "SCALE = %ld", &scale) == 1 && scale > 0)
			return scale;
	}
	return WORKLOAD_DEFAULT_SCALE;
}

/* Whether there is a line "WSGI = True". */
static int source_is_wsgi(const char *source)
{
	for (const char *line = source; line != NULL;
	     line = text_after(line, '\n'))
		if (strncmp(line, "WSGI = True\n", 12) == 0)
			return 1;
	return 0;
}

/* Files beside the workloads that are none. */
static int is_workload_file(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && strcmp(name + n - 3, ".py") == 0 &&
		strcmp(name, "driver.py") != 0 &&
		strcmp(name, "describe.py") != 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void install_workloads(struct strings *names)
{
	DIR *dir = opendir(install_workloads_dir());
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!is_workload_file(entry->d_name))
			continue;
		entry->d_name[strlen(entry->d_name) - 3] = '\0';
		strings_add(names, entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	if (names->n > 1)
		qsort(names->items, names->n, sizeof *names->items,
		      compare_names);
}

int workload_read(const char *name, const char *path, struct workload *w,
		  char **error)
{
	char *source = NULL, *real;
	int result = read_file(path, 1 << 20, &source, NULL);

	real = result < 0 ? NULL : realpath(path, NULL);
	if (real == NULL) {
		*error = xasprintf("cannot read the workload %s: %s", path,
				   strerror(result < 0 ? -result : errno));
		free(source);
		return -1;
	}
	*w = (struct workload){
		.name = xstrdup(name != NULL ? name : real),
		.path = real,
		.summary = docstring_line(source),
		.scale = source_scale(source),
		.wsgi = source_is_wsgi(source),
	};
	make_text_safe(w->summary);
	free(source);
	return 0;
}

/* workload_find() for a name without a path. */
static int find_built_in(const char *name, struct workload *w, char **error)
{
	struct strings names = { NULL, 0 };
	int result = -1;

	install_workloads(&names);
	if (strings_has(&names, name)) {
		char *path = xasprintf("%s/%s.py", install_workloads_dir(),
				       name);

		result = workload_read(name, path, w, error);
		free(path);
	} else {
		const char *near = nearest(
			name, (const char *const *)names.items, names.n);

		*error = xasprintf(
			"unknown workload '%s'%s%s%s; see 'list "
			"workloads', or give a path to a .py file, "
			"or wsgi:MODULE:APP",
			name, near ? ", did you mean '" : "", near ? near : "",
			near ? "'?" : "");
	}
	strings_fini(&names);
	return result;
}

int workload_is_path(const char *name)
{
	size_t n = strlen(name);

	return !wsgi_is(name) &&
		(strchr(name, '/') != NULL ||
		 (n > 3 && strcmp(name + n - 3, ".py") == 0));
}

/* workload_find() for a name without a server. */
static int find_plain(const char *name, struct workload *w, char **error)
{
	if (wsgi_is(name))
		return wsgi_find(name, w, error);
	if (workload_is_path(name))
		return workload_read(NULL, name, w, error);
	return find_built_in(name, w, error);
}

/* Puts the server behind the name of a workload that was found.  0, or -1 with one
 * line in *error, when it can serve no other. */
static int add_server(struct workload *w, const char *server, char **error)
{
	char *name;

	if (strcmp(server, SERVER_NONE) == 0)
		return 0;
	if (!w->wsgi) {
		*error = xasprintf(
			"%s is no WSGI application, so no server "
			"serves it; --server takes webapp, or "
			"wsgi:MODULE:APP",
			w->name);
		workload_fini(w);
		return -1;
	}
	name = server_add(w->name, server);
	free(w->name);
	w->name = name;
	return 0;
}

int workload_find(const char *name, struct workload *w, char **error)
{
	char *server, *plain;
	int result = -1;

	if (!is_utf8(name)) {
		*error = xasprintf("the workload '%s' is not a path in UTF-8",
				   name);
		return -1;
	}
	server = server_of(name);
	plain = server_strip(name);
	if (!server_is_known(server))
		*error = xasprintf("unknown server '%s'; it is " SERVER_NAMES,
				   server);
	else if (find_plain(plain, w, error) == 0)
		result = add_server(w, server, error);
	free(server);
	free(plain);
	return result;
}

void workload_fini(struct workload *w)
{
	free(w->name);
	free(w->path);
	free(w->summary);
}
