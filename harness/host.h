/* host.h - facts of the machine that are stored with every run. */
#ifndef PERMAFROST_HOST_H
#define PERMAFROST_HOST_H

#include <jansson.h>

/* Kernel, CPUs, memory, and the settings that change what is measured.  A new
 * object; a fact that cannot be had is null. */
json_t *host_facts(void);

/* Complains, in one line each, about what makes this host noisy now: other
 * load, transparent huge pages. */
void host_warn(void);

#endif
