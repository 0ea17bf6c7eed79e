/* capacityverify.h - tries a plan out: starts the recommended number of workers,
 * and some more than fit, and compares. */
#ifndef PERMAFROST_CAPACITYVERIFY_H
#define PERMAFROST_CAPACITYVERIFY_H

#include <jansson.h>

#include "cell.h"

/* A prediction is good if what was measured lies in its interval, or is off by
 * no more per cent. */
#define VERIFY_TOLERANCE 5.0

/* Runs the recommended plan of a document of capacity_plan(), and adds what came
 * of it as "verify".  EXIT_OK when all was as predicted; EXIT_UNTRUSTED when not;
 * else another exit code after a complaint. */
int capacity_verify(json_t *document, const struct cell_limits *limits);

#endif
