/* progress.h - tells a person at a terminal how far a run is.  Without a
 * terminal only cells that failed are told. */
#ifndef PERMAFROST_PROGRESS_H
#define PERMAFROST_PROGRESS_H

#include <jansson.h>
#include <stdint.h>

struct progress {
	size_t total, done;
	int64_t began;		/* CLOCK_MONOTONIC, ns */
	int terminal;
};

void progress_begin(struct progress *p, size_t total);
/* The cell with this key begins. */
void progress_show(struct progress *p, const char *key);
/* It has ended with this document. */
void progress_done(struct progress *p, const json_t *document);
void progress_end(struct progress *p);

#endif
