/* host.h - facts of the machine that are stored with every run. */
#ifndef PERMAFROST_HOST_H
#define PERMAFROST_HOST_H

#include <jansson.h>

/* Kernel, CPUs, memory, the settings that change what is measured, what the
 * kernel lets us do (tried out), and how busy it is right now; takes 0.3 s.  A
 * new object of flat keys; a fact that cannot be had is null, and so is a limit
 * that is not set.  What was tried is "yes", or says why not. */
json_t *host_facts(void);

#endif
