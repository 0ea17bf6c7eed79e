/* shm.h - what the measured processes leave behind for the harness.
 *
 * The harness makes one memfd per cell and hands it to the template; workers
 * inherit the mapping.  Each process writes only its own slot, so nothing needs
 * a lock, and a slot outlives a process that crashes.  Slot 0 is the template.
 *
 * Both sides are compiled from this file on the same host; `magic` and `size`
 * tell apart a probe that was built from another one.  workloads/go/probe.go repeats
 * it: whoever changes an order here changes it there.
 */
#ifndef PERMAFROST_SHM_H
#define PERMAFROST_SHM_H

#include "hdr.h"

#include <stdint.h>

#define SHM_MAGIC UINT64_C(0x3374736f72666d70) /* "pmfrost3" */
#define SHM_GENERATIONS 3

/* How collections were seen. */
enum shm_gc_source {
	SHM_GC_NONE,	    /* not at all */
	SHM_GC_CALLBACKS,   /* gc.callbacks, 3.3 on */
	SHM_GC_DEBUG_STATS, /* DEBUG_STATS messages, before 3.3 */
	SHM_GC_HOOKS,	    /* gc.hooks of PyPy, once a collection is over */
	SHM_GC_GO,	    /* debug.ReadGCStats, workloads/go/probe.go */
};

/* What a strategy that gives memory back has done in this process, by its own
 * account. */
struct shm_passes {
	uint64_t known; /* 1: the stack has such a strategy */
	uint64_t passes;
	uint64_t pages_looked_at, pages_given_back, pages_left_hot;
	uint64_t ns; /* CPU time */
	uint64_t skipped_threads, skipped_lost, skipped_error;
	uint64_t waited_for_cpu;
};

/* One process.  Times are nanoseconds of CLOCK_MONOTONIC. */
struct shm_process {
	int32_t pid;
	uint32_t gc_source;	 /* enum shm_gc_source */
	uint64_t requests;	 /* requests served so far */
	int64_t objects;	 /* tracked objects, or -1: not known */
	int64_t frozen;		 /* objects the stack holds away, or -1 */
	uint64_t before_fork_ns; /* all before_fork hooks; template only */
	uint64_t fork_ns;	 /* the fork() that made this worker */
	uint64_t collections[SHM_GENERATIONS];
	uint64_t gc_ns[SHM_GENERATIONS];
	uint64_t gc_max_ns[SHM_GENERATIONS];
	uint64_t gc_faults;    /* minor faults inside collections */
	uint64_t gc_overflow;  /* pauses too long for a bucket */
	uint64_t gc_unmatched; /* collections not, or half seen */
	uint64_t request_overflow;
	uint64_t lost; /* 1: its channel was no channel any more */
	struct shm_passes passes;
	uint64_t pauses[SHM_GENERATIONS][HDR_BUCKETS];
	uint64_t latencies[HDR_BUCKETS];
};

/* How objects lie in this interpreter's memory, for harness/causes.c and
 * arenas.c.  The template fills it in; all 0: not known. */
struct shm_layout {
	uint64_t type_type;	/* address of the type `type` */
	uint64_t has_gc_flag;	/* bit of a type's flags: objects have a
					 * collector's header before them */
	uint32_t gc_head_bytes; /* of that header */
	uint32_t type_offset;	/* of the type in an object; what comes
					 * before it is reference counts */
	uint32_t flags_offset;	/* of the flags in a type */
	uint32_t pool_bytes;	/* of the allocator's pools, 64 to an arena */
};

struct shm_header {
	uint64_t magic;
	uint64_t size;	    /* sizeof(struct shm_process) */
	uint64_t processes; /* slots that follow */
	struct shm_layout layout;
	uint64_t collections_due; /* 1: workers of a server, which do not stop
				   * for it, have their first full collection
				   * with their next request; the harness's */
};

/* Bytes of the whole area with `processes` slots. */
static inline uint64_t shm_bytes(uint64_t processes)
{
	return sizeof(struct shm_header) +
		processes * sizeof(struct shm_process);
}

static inline struct shm_process *shm_slot(struct shm_header *header,
					   uint64_t index)
{
	return (struct shm_process *)(header + 1) + index;
}

#endif
