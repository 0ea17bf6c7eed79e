/* capacitytable.h - prints a capacity plan for people. */
#ifndef PERMAFROST_CAPACITYTABLE_H
#define PERMAFROST_CAPACITYTABLE_H

#include <jansson.h>
#include <stdio.h>

/* Prints the document of capacity_plan(). */
void capacitytable_print(FILE *out, const json_t *document);

#endif
