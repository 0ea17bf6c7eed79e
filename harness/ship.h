/* ship.h - brings the program to machines that lack it, for the time of a run. */
#ifndef PERMAFROST_SHIP_H
#define PERMAFROST_SHIP_H

#include <sys/types.h>

#include "sshhost.h"

struct ship {
	char *program; /* where it is on each host, as a shell reads it */
	struct shipment {
		pid_t ssh; /* holds what was shipped; -1: there is none */
		int hold;  /* its input: when that ends, all is removed */
	} * items;
	size_t n;
};

/* Copies this program, its extensions and workloads into a private folder on
 * every remote host.  What cannot take it is dropped from `hosts` with a warning.
 * 0, or an exit code after a complaint; ship_end() in both cases. */
int ship_begin(struct ship *ship, struct sshhosts *hosts);

/* Has the copies removed.  They are, too, when this process ends in any other
 * way. */
void ship_end(struct ship *ship);

#endif
