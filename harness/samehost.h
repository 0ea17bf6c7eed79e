/* samehost.h - whether runs come from one host. */
#ifndef PERMAFROST_SAMEHOST_H
#define PERMAFROST_SAMEHOST_H

#include <jansson.h>

/* Says in which way two hosts (host_facts()) differ, as "kernel: A and B", to
 * free; NULL when they are the same one. */
char *samehost_difference(const json_t *a, const json_t *b);

#endif
