/* install.h - where this program's own files are, in a build tree and when
 * installed; the interpreters and workloads found there. */
#ifndef PERMAFROST_INSTALL_H
#define PERMAFROST_INSTALL_H

#include <jansson.h>
#include <stddef.h>

#include "util.h"

/* The file by which a tree that was copied to this machine is known (ship.h). */
#define INSTALL_SHIPPED "shipped"

/* The manifest of Go, beside interpreters.json where configure has found it. */
#define INSTALL_GO "go.json"

/* This program's own path, "" when it cannot be told.  Valid for the life of the
 * program, as are the folders below. */
const char *install_program(void);

const char *install_ext_dir(void); /* interpreters.json and TAG/ */
const char *install_workloads_dir(void);
const char *install_results_dir(void); /* schema.sql and figures/ */

/* The database to use when --db is not given; static. */
const char *install_default_db(void);

/* One interpreter that configure found.  Strings belong to the list. */
struct interpreter {
	char *tag;
	char *version;
	char *executable; /* absolute; of Go the program of workloads/go */
	char *implementation;
	char *abi_flags;
	char *era;     /* of its collector; NULL: not applicable */
	char *ext_dir; /* absolute; NULL when unsupported */
	char *reason;  /* why unsupported; NULL when supported */
};

struct interpreters {
	struct interpreter *items;
	size_t n;
};

/* Adds what a manifest, as JSON, lists.  0, or -1 when an entry lacks what it needs;
 * the list is to be freed in both cases. */
int interpreters_parse(const json_t *root, struct interpreters *list);

/* Reads the manifests and looks whether the executables are still there; in a tree
 * that was shipped, another of the same version and ABI in PATH will do.  0, or
 * -1 after a complaint. */
int interpreters_load(struct interpreters *list);
void interpreters_fini(struct interpreters *list);

/* Whether `i` is a PyPy, by its tag. */
int interpreter_is_pypy(const struct interpreter *i);

/* Whether `i` is Go, by its tag: runs objectgraph with `none`, without forks, to be
 * compared with. */
int interpreter_is_go(const struct interpreter *i);

/* Whether `i` is what a --python word means: "all" (that were built, without Go), its
 * tag, its executable, a prefix of its version by whole numbers ("3.6", "2.7.18"),
 * which is CPython's, for PyPy "pypy" or "pp", with such a prefix or without
 * ("pypy3.9"), or "go". */
int interpreter_matches(const struct interpreter *i, const char *word);

/* The supported interpreter of the same version and ABI as the one at `path`,
 * or NULL with one line in *error (to free). */
const struct interpreter *
interpreter_for_executable(const struct interpreters *list, const char *path,
			   char **error);

/* Asks the interpreter about strategies (see workloads/describe.py); `specs`
 * are the stacks to be asked for.  One that cannot run all workloads adds a list of
 * those that it can, "workloads", and why not "other_workloads".  A new document, or NULL with one line in
 * *error (to free). */
json_t *interpreter_describe(const struct interpreter *i,
			     const char *executable,
			     const struct strings *specs, char **error);

/* Why a cell with the spec of this index and a workload is unsupported, by such a
 * document; NULL when it is not.  Borrowed. */
const char *interpreter_refusal(const json_t *answer, size_t spec,
				const char *workload);

/* Names of all built-in strategies, in specs' spelling. */
void install_strategies(struct strings *names);

/* A workload file.  To be freed with workload_fini(). */
struct workload {
	char *name; /* built-in name, absolute path, or the full name
				 * of an application (wsgi.h); the server is in
				 * it (server.h) */
	char *path;
	char *summary; /* first line of its docstring */
	long scale;    /* its default */
	int wsgi;      /* it is an application, which servers can serve */
	int bare;      /* run without site-packages, whose start-up code
				 * has a footprint of its own */
};

#define WORKLOAD_DEFAULT_SCALE 100000

/* Reads the workload file at `path`; without a `name` the path is its name.  0, or
 * -1 with one line in *error. */
int workload_read(const char *name, const char *path, struct workload *w,
		  char **error);

/* Whether workload_find() takes `name` for the path of a file. */
int workload_is_path(const char *name);

/* Finds a workload by name, path or application, with or without a server.  0, or
 * -1 with one line in *error. */
int workload_find(const char *name, struct workload *w, char **error);
void workload_fini(struct workload *w);
/* Names of the built-in workloads, sorted. */
void install_workloads(struct strings *names);

#endif
