/* report.h - prints a run's document (store_export()) for people and scripts. */
#ifndef PERMAFROST_REPORT_H
#define PERMAFROST_REPORT_H

#include <jansson.h>
#include <stdio.h>

/* A table: one block per interpreter, workload, size and host, one line per stack,
 * means over repeats, ratios to the stack `baseline` (NULL: none) where it was
 * measured on the same host. */
void report_table(FILE *out, const json_t *document, const char *baseline);

/* One line per cell, all metrics, separated by `separator` (',' or '\t').  At the
 * end, if any cell has one, the host and the number of jobs; they are empty where
 * these are the run's own and 1. */
void report_rows(FILE *out, const json_t *document, char separator);

#endif
