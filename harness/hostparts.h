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

/* What they are made of, for tests.  Pure. */

/* Clock ticks of all CPUs since the host was started. */
struct cpu_ticks {
	unsigned long long all, idle, steal;
};

/* hostload.c: reads the beginning of /proc/stat.  0 or -1. */
int hostload_parse_cpu(const char *text, struct cpu_ticks *ticks);

/* hostcgroup.c: the first two numbers of a text; "max" and what is not there is
 * -1. */
void hostcgroup_parse_numbers(const char *text, long long v[2]);

/* host.c: adds what /proc/cpuinfo tells; `text` is changed, and may be NULL. */
void host_parse_cpuinfo(char *text, json_t *facts);

#endif
