/* calibrate.h - measures what has a known answer, through the very cells that
 * measure everything else: workloads/calibrate/. */
#ifndef PERMAFROST_CALIBRATE_H
#define PERMAFROST_CALIBRATE_H

#include <jansson.h>

#include "cell.h"

/* Runs all of them on `interpreter`.  A new array with one object per known
 * answer: "tag", "check" (in words), "metric", "measured" (null: not measured),
 * "low" and "high" (it must lie between these), "ok" (true, false; null when it
 * was not measured) and "reason" (or null).  NULL with one line in *error (to
 * free) when the harness itself could not go on, or was interrupted. */
json_t *calibrate(const struct interpreter *interpreter,
		  const struct cell_limits *limits, char **error);

#endif
