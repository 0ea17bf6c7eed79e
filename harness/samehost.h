/* samehost.h - on which machine cells were measured, and whether two are one.
 *
 * A host is the object of host_facts().  One that a run has sent cells to has a
 * "name", too, by which it was reached; a run's own host has none.
 */
#ifndef PERMAFROST_SAMEHOST_H
#define PERMAFROST_SAMEHOST_H

#include <jansson.h>

/* Says in which way two hosts differ, as "kernel: A and B", to free; NULL when
 * they are the same one.  Machines of the same facts under different names are
 * two; a machine that was started again is the same. */
char *samehost_difference(const json_t *a, const json_t *b);

/* The host of a cell in a run's document (store_export()): the one of "hosts"
 * that its "host" names, or the run's own.  Borrowed. */
const json_t *samehost_of_cell(const json_t *document, const json_t *cell);

/* What people call the cell's host: its name, or "the host of run 3".  To
 * free. */
char *samehost_label(const json_t *document, const json_t *cell);

#endif
