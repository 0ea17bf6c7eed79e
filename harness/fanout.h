/* fanout.h - hands cells to GNU parallel, on this machine and over ssh.
 *
 * Every cell is one job of one `parallel`: `harness cell --job KEY` on whichever
 * host is free.  A job ends with status 0 when it has measured, whatever came
 * out; other statuses mean that this machine could not do it, and parallel tries
 * another.
 */
#ifndef PERMAFROST_FANOUT_H
#define PERMAFROST_FANOUT_H

#include <jansson.h>

#include "celllimits.h"
#include "sshhost.h"

struct fanout {
	const struct sshhosts *hosts; /* none: this machine */
	long jobs;		      /* at a time, per host */
	const struct cell_limits *limits;
	const char *remote; /* the harness on other machines, as a shell
				 * reads it; NULL: there are none */
	const char *joblog; /* parallel's account; replaced */
	/* Takes a cell's document, checked and with its host.  0, or an exit
	 * code that ends the fan-out. */
	int (*take)(void *arg, json_t *document);
	/* Called about once a second, with the number of cells that run. */
	void (*tick)(void *arg, size_t running);
	void *arg;
};

/* Whether there is a GNU parallel.  0, or an exit code after a complaint. */
int fanout_check(void);

/* Runs the cells of these keys.  0 when each has come back; EXIT_INTERRUPTED
 * after a signal; EXIT_FAULT after a complaint; else what take() said.  What
 * has come until then was taken in any case. */
int fanout_run(const struct fanout *f, const json_t *keys);

#endif
