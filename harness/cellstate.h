/* cellstate.h - what is known of a cell while it runs; shared by cell.c, which
 * runs it, and cellresult.c, which makes a document of it. */
#ifndef PERMAFROST_CELLSTATE_H
#define PERMAFROST_CELLSTATE_H

#include <jansson.h>

#include "arenas.h"
#include "cellkey.h"
#include "cgroup.h"
#include "checkpoints.h"
#include "copies.h"
#include "family.h"
#include "procfs.h"

/* One process at one checkpoint. */
struct sample {
	struct procfs_memory memory;
	int64_t page_tables; /* KiB */
	int64_t peak_rss;    /* KiB */
	uint64_t minor_faults;
	int64_t cpu_ns;
	struct cow_counts counts; /* of a worker */
	struct copies copies;	  /* of a worker at the last checkpoint */
	struct arenas arenas;	  /* likewise, and of the template */
	uint64_t exit_faults;	  /* of a worker, once it is gone */
};

struct cell {
	const struct cellkey *key;
	struct family family;
	int parallel;
	int apart; /* workers are no forks of the template (Go) */
	size_t environment_bytes; /* size of PERMAFROST_PADDING */
	long at[CHECKPOINTS_MAX]; /* requests */
	size_t checkpoints;
	size_t sampled;		      /* checkpoints done */
	struct shm_header *served;    /* copy of the shared memory at the last
					 * checkpoint: exit is not serving */
	struct cow_map cow;	      /* the template's pages at the fork */
	int cow_error;		      /* why copies are not known: -errno */
	int copies_error;	      /* why their causes are not: -errno */
	struct arenas warm;	      /* the template's before the strategies */
	int warm_error;		      /* why they are not known: -errno */
	int arenas_error;	      /* ... at the last checkpoint */
	struct cgroup cgroup;	      /* that the cell's processes are in */
	int cgroup_error;	      /* why its memory is not known: -errno */
	int64_t limit_kib;	      /* that it may hold; 0: there is none */
	struct cgroup_memory charged; /* at this checkpoint */
	int64_t others;		      /* KiB of processes that the program has
					 * started itself */
	int64_t unmapped;	      /* KiB held by files, mapped by none */
	int unmapped_error;	      /* why that is not known: -errno */
	const char *unmapped_failed;  /* ... at what; static storage */
	pid_t scanner;		      /* ksmd; 0: not looked at, -1: not seen */
	int64_t scanner_first;	      /* its CPU time when all was warm, ns */
	int64_t scanner_ns;	      /* ... used since then; -1: not known */
	int swapped;		      /* pages of the cell were swapped out */
	int exit_unknown;	      /* a worker was gone before it was read */
	char *server; /* see server.h; the next are of real ones */
	char *server_version;
	int port, port_fd;  /* where it listens; keeps the port, or -1 */
	long load_requests; /* answered so far */
	double load_s;	    /* ... in so many seconds */
	struct sample *now; /* [0] template, then workers */
	json_t *curve;
	json_t *metrics;     /* of the last checkpoint, and more */
	json_t *unavailable; /* key: reason */
};

/* The slot of process `index`, as it was at the last checkpoint once that is
 * over. */
const struct shm_process *cell_slot(const struct cell *c, long index);

/* Adds the values of this checkpoint to the curve and to the metrics. */
void cellresult_checkpoint(struct cell *c);

/* A metric's value; or null, and why. */
void cellresult_real(struct cell *c, const char *key, double value);
void cellresult_null(struct cell *c, const char *key, const char *reason);

/* Percentiles and histograms of pauses and latencies, and how many were lost, into
 * the metrics and `document`; celltimes.c. */
void celltimes_summarize(struct cell *c, json_t *document);

/* Everything that follows when all is over: metrics that are not in the curve,
 * histograms, the map of copies, values of each worker, how it was measured. */
void cellresult_summarize(struct cell *c, json_t *document);

/* Gives every metric a key: null with `reason` where nothing was measured. */
void cellresult_fill_in(struct cell *c, const char *reason);

#endif
