/* comparetable.h - prints a comparison (compare_make()) for people. */
#ifndef PERMAFROST_COMPARETABLE_H
#define PERMAFROST_COMPARETABLE_H

#include <jansson.h>
#include <stdio.h>

/* One table per block, with notes on what limits it. */
void comparetable_print(FILE *out, const json_t *comparison);

#endif
