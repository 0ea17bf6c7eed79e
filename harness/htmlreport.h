/* htmlreport.h - the page of `harness report`. */
#ifndef PERMAFROST_HTMLREPORT_H
#define PERMAFROST_HTMLREPORT_H

#include <jansson.h>
#include <stdint.h>

#include "store.h"

/* What the page is made from. */
struct htmlreport {
	struct store *store; /* for the figures, which are of `run` */
	int64_t run;	     /* the newest of those planned from */
	json_t *origin;	     /* {"program", "db", "run", ...}: options of the
				 * command line but for the limits, as texts */
	json_t *plan;	     /* document of `plan --format=json` */
	json_t *listed;	     /* these runs, newest first, as of
				 * store_list_runs() */
	json_t *documents;   /* store_export() of as many of them as are not
				 * too large */
};

/* Writes the page to `path`, which is replaced when the page is complete.  0, or
 * -1 after a complaint. */
int htmlreport_write(const struct htmlreport *r, const char *path);

#endif
