/* family.h - the processes of one cell: a template and its workers, how they
 * are started, told to go on, watched and, in any case, ended.
 *
 * Each process talks over its own stream socket: "at NAME" means it stands
 * still until told "go"; "error TEXT" says why the cell fails; "exited I S" is
 * the template's word on worker I.  See strategies/probe.c for the other side.
 */
#ifndef PERMAFROST_FAMILY_H
#define PERMAFROST_FAMILY_H

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "shm.h"

#define FAMILY_LINE 512
#define FAMILY_STDERR (64u << 10) /* so much of the last output is kept */

struct family_member {
	pid_t pid;   /* 0: not yet known */
	int channel; /* -1: closed */
	char at[64]; /* barrier it stands at, "" when running */
	int gone;    /* no longer alive (perhaps a zombie) */
	int status;  /* as from waitpid, once gone */
	size_t used; /* of `line` */
	char line[FAMILY_LINE];
};

struct family {
	struct family_member *members; /* [0] is the template */
	int count;		       /* members, 1 + workers */
	struct shm_header *shared;
	size_t shared_bytes;
	int shm_fd;
	int first_child_fd; /* of the channels' ends in the template */
	int output;	    /* stdout and stderr of all, or -1 */
	char *tail;	    /* the last of that output, NUL-ended */
	size_t tail_used;
	int64_t deadline;     /* CLOCK_MONOTONIC, ns */
	int64_t min_free_kib; /* end the cell when less memory is available */
	char *error;	      /* first reason why the cell fails, or NULL */
	int64_t looked;	      /* when deaths were last looked for, ns */
	struct rlimit nofile; /* the limit that the template gets */
	const char *server; /* that forks and reaps the workers and puts others
			       * in the place of dead ones; NULL: none does */
	int watch;	    /* another descriptor whose input or end ends a
			       * step; -1: none */
	int hurry;	    /* steps look for deaths every few ms */
	int cgroup_procs;   /* of the cgroup to start in (cgroup.h); -1: none */
	int cgroup_error;   /* the template is not in it: -errno */
};

/* Sets up channels and shared memory for `workers`.  0 or -errno; call
 * family_fini() in both cases. */
int family_init(struct family *f, int workers, int64_t timeout_s,
		int64_t min_free_kib);

/* Starts the template: argv gets "SHM_FD FIRST_CHANNEL_FD" inserted at
 * argv[fds_at] and argv[fds_at + 1].  When f->cgroup_procs is set, all that it
 * touches is charged there, unless f->cgroup_error says why not: no reason to
 * fail.  0 or -errno. */
int family_start(struct family *f, char **argv, int fds_at);

/* Waits for something to happen and takes it in.  0; -ETIMEDOUT after the
 * deadline, -ENOMEM when the host runs short of memory, -EINTR after a signal,
 * -ECHILD when a member failed: then f->error says why. */
int family_step(struct family *f);

/* Waits until member `index` stands at barrier `name`.  As family_step(). */
int family_wait(struct family *f, int index, const char *name);

/* Takes the pid of a worker that stands at its first barrier from its slot.  0; or
 * -ECHILD when that is no child of the template: then f->error says so. */
int family_know(struct family *f, int index);

/* Lets member `index` go on. */
void family_go(struct family *f, int index);

/* Waits until member `index` is a zombie.  As family_step(). */
int family_wait_gone(struct family *f, int index);

/* To be called when member `index` was seen to be no more: says in f->error how it
 * ended.  -ECHILD, or as family_step(). */
int family_lost(struct family *f, int index);

/* Kills what is left of the family, strays included, and frees everything. */
void family_fini(struct family *f);

/* The last line of output that is not blank, or "". */
const char *family_last_words(struct family *f);

/* To be called once per program: strays of a family become our children, so
 * that they can be found and ended. */
void family_adopt_strays(void);

/* Kills all children of this process, and theirs as they come to us. */
void family_end_strays(void);

/* The same, but asks them to end first (SIGTERM) and waits for it, 5 s at most. */
void family_dismiss_strays(void);

#endif
