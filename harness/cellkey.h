/* cellkey.h - the identity of a cell: interpreter x stack x workload x size x
 * repeat, and its one textual form, the KEY of `harness cell`:
 *
 *   TAG[@EXECUTABLE]/STACK/wWORKERS/nREQUESTS/cCOLLECT/sSCALE/rREPEAT/xSEED/
 *   WORKLOAD
 *
 * EXECUTABLE and WORKLOAD are percent-encoded, so that a key is one word in any
 * shell, and a path in WORKLOAD keeps its slashes.
 */
#ifndef PERMAFROST_CELLKEY_H
#define PERMAFROST_CELLKEY_H

#define CELL_MAX_WORKERS 256

struct cellkey {
	char *tag;	  /* of the built variant, e.g. cp3.6.15 */
	char *executable; /* NULL: the tag's own */
	char *stack;	  /* canonical spec */
	char *workload;	  /* name of a built-in one, a path, or the full
				 * name of an application (wsgi.h) */
	long workers;
	long requests;	 /* per worker */
	long collect_at; /* requests before a worker's first full
				 * collection; -1: it is left to chance */
	long scale;
	long repeat; /* from 1 */
	long seed;
};

/* A new string, to free. */
char *cellkey_format(const struct cellkey *key);

/* Reads a key.  0, or -EINVAL; `key` is to be freed only on success. */
int cellkey_parse(const char *text, struct cellkey *key);

/* Whether a part of the stack is the strategy `name`, whatever its arguments. */
int cellkey_uses(const struct cellkey *key, const char *name);

void cellkey_fini(struct cellkey *key);

#endif
