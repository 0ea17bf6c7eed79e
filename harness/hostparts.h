/* hostparts.h - the parts of host_facts(), one file each.  Each adds its facts
 * to the object; one that cannot be had is null. */
#ifndef PERMAFROST_HOSTPARTS_H
#define PERMAFROST_HOSTPARTS_H

#include <jansson.h>

/* hostprobe.c: what the kernel lets us do with a child of ours. */
void hostprobe_add(json_t *facts);

/* hostcgroup.c: the control group that we are in, and its limits. */
void hostcgroup_add(json_t *facts);

/* hostload.c: how busy the CPUs are, over 0.3 s of doing nothing. */
void hostload_add(json_t *facts);

#endif
