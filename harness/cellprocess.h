/* cellprocess.h - runs a cell in a process of its own, so that it can never take
 * others with it. */
#ifndef PERMAFROST_CELLPROCESS_H
#define PERMAFROST_CELLPROCESS_H

#include <jansson.h>

#include "cell.h"

/* Runs the cell of this key.  A new document, also of a cell that failed; NULL
 * when it was interrupted. */
json_t *cellprocess_run(const char *key, const struct cell_limits *limits);

#endif
