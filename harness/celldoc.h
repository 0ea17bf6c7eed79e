/* celldoc.h - questions to the JSON document of a cell, see cell_document(), or of
 * a plan. */
#ifndef PERMAFROST_CELLDOC_H
#define PERMAFROST_CELLDOC_H

#include <jansson.h>

/* A text of the document; "" when it is null or not there. */
const char *celldoc_text(const json_t *cell, const char *key);

/* A number of the document; NAN when it is null or not there. */
double celldoc_number(const json_t *cell, const char *key);

/* Whether two cells differ in nothing but stack and repeat: the same
 * interpreter, workload and size, and the same executable where one was given
 * by its path. */
int celldoc_same_block(const json_t *a, const json_t *b);

#endif
