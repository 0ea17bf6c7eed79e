/* cellserver.h - the phases of a cell that differ on a real server. */
#ifndef PERMAFROST_CELLSERVER_H
#define PERMAFROST_CELLSERVER_H

#include "cellstate.h"

/* Whether the cell runs on a real server. */
int cellserver_is_used(const struct cell *c);

/* Looks for the server and the generator, and keeps a port for them.  0, or -ECHILD
 * with c->family.error set. */
int cellserver_prepare(struct cell *c, const char *executable);

/* Waits until all workers are idle and have served `requests` each, on average; 0:
 * none yet.  As family_step(). */
int cellserver_settle(struct cell *c, long requests);

/* Has the generator send as many requests as take the workers from `from` to `to`
 * served each, on average, and waits until all is done.  As family_step(). */
int cellserver_serve(struct cell *c, long from, long to);

/* Tells the server to end and waits for it.  As family_step(). */
int cellserver_end(struct cell *c);

/* Requests per second as the generator saw them; NAN before the first. */
double cellserver_throughput(const struct cell *c);

void cellserver_fini(struct cell *c);

#endif
