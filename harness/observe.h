/* observe.h - watches a live pre-fork server from outside, without touching it.
 *
 * Two readings of different cost.  observe_refresh() asks the kernel for numbers
 * and page tables.  observe_read_contents() reads the workers' copies and their
 * master's pages, so it is made rarely, and of a large server it reads a sample:
 * see the limits below.  Reading changes no page of the server: see peek.h.
 */
#ifndef PERMAFROST_OBSERVE_H
#define PERMAFROST_OBSERVE_H

#include <jansson.h>
#include <stdio.h>

#include "observefamily.h"
#include "observemodel.h"

/* One worker's pages. */
struct observe_worker {
	pid_t pid;
	int cow_error, contents_error; /* 0 or -errno of the last reading */
	struct cow_counts counts;
	int has_contents;
	struct observe_pages pages;
};

struct observe {
	pid_t master;
	struct observe_family now, before; /* before: n is 0 at first */
	struct observe_worker *workers;	   /* as now.workers */
	struct observe_python python;
	int is_reshared;
	int64_t contents_at, contents_ns, contents_cpu_ns;
	uint64_t contents_bytes, contents_step;
	int contents_error;   /* 0, or -errno of reading the master's */
	int contents_off;     /* not wanted */
	int64_t unmapped_kib; /* memory that no process maps; -1: not known */
	int64_t began, cpu_began;
};

/* Starts watching; reads nothing yet.  observe_end() frees what it holds. */
void observe_begin(struct observe *o, pid_t master, int without_contents);
void observe_end(struct observe *o);

/* Reads the processes and their page tables.  0, or -errno of the master. */
int observe_refresh(struct observe *o);

/* Reads and compares contents, of at most OBSERVE_READ_BYTES, of the workers last
 * refreshed.  What fails is kept for the document. */
void observe_read_contents(struct observe *o);
#define OBSERVE_READ_BYTES (UINT64_C(2) << 30)

/* When contents may be read again, ns of CLOCK_MONOTONIC: not before 10 s, and so
 * that it takes no more than 2 % of a CPU. */
int64_t observe_contents_due(const struct observe *o);

/* What is known, as one JSON document.  New. */
json_t *observe_document(const struct observe *o);

/* The same as a table, with at most `rows` workers. */
void observe_print(FILE *out, const json_t *document, size_t rows);

#endif
