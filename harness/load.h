/* load.h - the load generator of cells on real servers: hey, a counted one. */
#ifndef PERMAFROST_LOAD_H
#define PERMAFROST_LOAD_H

#include <sys/types.h>

/* What hey reports of one batch. */
struct load_report {
	double seconds;	 /* from its first request to its last answer */
	long answers;	 /* with whatever status */
	long errors;	 /* requests that got no answer */
	char error[160]; /* why, for the first kind of them; made safe */
};

/* Reads the summary that hey prints.  0, or -EINVAL when it is none. */
int load_parse(const char *text, struct load_report *report);

/* Starts the generator: `requests` in all, a multiple of `concurrency`, each over a
 * connection of its own to 127.0.0.1:`port`, `concurrency` of them at a time; its
 * output goes to `out`.  Its pid, or -errno. */
pid_t load_start(long requests, long concurrency, int port, int out);

/* Why there is no generator; NULL when there is one.  New. */
char *load_missing(void);

#endif
