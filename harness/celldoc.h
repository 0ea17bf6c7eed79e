/* celldoc.h - questions to the JSON document of a cell, see cell_document(), or of
 * a plan. */
#ifndef PERMAFROST_CELLDOC_H
#define PERMAFROST_CELLDOC_H

#include <jansson.h>

/* A text of the document; "" when it is null or not there. */
const char *celldoc_text(const json_t *cell, const char *key);

/* A number of the document; NAN when it is null or not there. */
double celldoc_number(const json_t *cell, const char *key);

/* The path by which the cell's interpreter was named, or ""; see cellkey.h. */
const char *celldoc_given_path(const json_t *cell);

/* Whether a host had to do with a cell: it is neither pending nor unsupported. */
int celldoc_was_tried(const json_t *cell);

/* Whether two cells are of the same interpreter, workload and size, and of the
 * same executable where one was given by its path. */
int celldoc_same_task(const json_t *a, const json_t *b);

/* Whether two cells of a run differ in nothing but stack and repeat: the same
 * task, on the same host. */
int celldoc_same_block(const json_t *a, const json_t *b);

/* A text that cells have in common exactly when they are of the same task.  To
 * free. */
char *celldoc_task(const json_t *cell);

#endif
