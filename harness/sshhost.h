/* sshhost.h - the machines that a run uses, as --sshlogin names them, and how
 * they are asked something. */
#ifndef PERMAFROST_SSHHOST_H
#define PERMAFROST_SSHHOST_H

#include <jansson.h>

#include "util.h"

struct sshhost {
	char *login;   /* [USER@]HOST[:PORT], or ":" for this machine */
	int local;     /* it is ":" */
	json_t *facts; /* of the machine, with its "name"; NULL: not asked, or
			 * local */
};

struct sshhosts {
	struct sshhost *items;
	size_t n;
};

/* Adds one login; one that is there already is not added again.  0, or -1 when
 * it is none. */
int sshhosts_add(struct sshhosts *hosts, const char *login);
/* Removes hosts->items[i]. */
void sshhosts_drop(struct sshhosts *hosts, size_t i);
void sshhosts_fini(struct sshhosts *hosts);

/* How many are not this machine. */
size_t sshhosts_remote(const struct sshhosts *hosts);

/* How ssh is called, as a shell reads it: $PARALLEL_SSH, or with options that
 * never ask for a password and notice within a minute that a host is gone. */
const char *sshhost_ssh(void);

/* Starts ssh to a remote host, where /bin/sh runs `script`; streams are as for
 * start_program().  The pid of ssh, or -errno. */
pid_t sshhost_start(const struct sshhost *host, const char *script, int in,
		    int out, int err);

/* What a host has answered. */
struct sshanswer {
	int asked;  /* 0: it is local, or was not reached in time */
	int status; /* as from waitpid */
	char *out;  /* at most 64 MiB */
	char *err;
};

/* Runs `script` on all remote hosts at once, and waits for them at most
 * `timeout_s`.  An array of hosts->n answers, to be freed with
 * sshanswers_free(). */
struct sshanswer *sshhosts_ask(const struct sshhosts *hosts, const char *script,
			       long timeout_s);
void sshanswers_free(struct sshanswer *answers, size_t n);

/* Why a host has not answered well, in a few words; static storage. */
const char *sshanswer_problem(struct sshanswer *answer);

#endif
