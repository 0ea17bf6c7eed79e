/* metrics.c - the table of metrics.  Each definition stands here and nowhere
 * else; cellresult.c fills the values in under these keys. */
#include "metrics.h"

#include <string.h>

/* Most are costs: the lower the better. */
#define CELL METRIC_CELL, METRIC_LOWER
#define BOTH METRIC_CELL | METRIC_CURVE, METRIC_LOWER
#define CELL_TIME METRIC_CELL | METRIC_TIME, METRIC_LOWER
#define BOTH_TIME METRIC_CELL | METRIC_CURVE | METRIC_TIME, METRIC_LOWER
#define CELL_RATE METRIC_CELL | METRIC_TIME, METRIC_HIGHER
#define CELL_NEITHER METRIC_CELL, METRIC_NEITHER
#define BOTH_NEITHER METRIC_CELL | METRIC_CURVE, METRIC_NEITHER

const struct metric metrics[] = {
	{ "template_rss_kib", "KiB", "template RSS",
	  "Rss of the template at the last checkpoint (smaps_rollup)", BOTH },
	{ "template_pss_kib", "KiB", "template PSS",
	  "Pss of the template at the last checkpoint (smaps_rollup)", BOTH },
	{ "worker_rss_kib", "KiB", "RSS per worker",
	  "Rss, mean over workers at the last checkpoint (smaps_rollup)",
	  BOTH },
	{ "worker_peak_rss_kib", "KiB", "peak RSS per worker",
	  "largest Rss since the fork, between checkpoints too, mean over "
	  "workers (VmHWM of status)",
	  BOTH },
	{ "worker_pss_kib", "KiB", "PSS per worker",
	  "Pss, mean over workers at the last checkpoint (smaps_rollup)",
	  BOTH },
	{ "worker_private_kib", "KiB", "private memory per worker",
	  "Private_Clean + Private_Dirty, mean over workers at the last "
	  "checkpoint (smaps_rollup)",
	  BOTH },
	{ "total_kib", "KiB", "total memory",
	  "what template and workers occupy at the last checkpoint: sum of Pss "
	  "(smaps_rollup), page_tables_kib, others_kib and unmapped_kib",
	  BOTH },
	{ "page_tables_kib", "KiB", "page tables",
	  "VmPTE of template and workers (status)", BOTH },
	{ "others_kib", "KiB", "processes started by the program",
	  "Pss and page tables of all that template and workers have started "
	  "themselves",
	  BOTH },
	{ "unmapped_kib", "KiB", "shared memory mapped by none",
	  "pages of memfds and other nameless shared memory that are allocated "
	  "but in no process's page table",
	  BOTH },
	{ "cgroup_kib", "KiB", "memory charged by the kernel",
	  "check of total_kib: anonymous, shared and kernel memory charged to "
	  "the cell's cgroup, plus mapped file pages by their Pss",
	  BOTH },
	{ "worker_minor_faults", "faults", "minor faults per worker",
	  "minor faults since the fork, mean over workers (stat)", BOTH },
	{ "worker_cow_pages", "pages", "copied pages per worker",
	  "pages present in the template at the fork of which the worker has "
	  "its own copy, mean over workers (pagemap)",
	  BOTH },
	{ "worker_new_pages", "pages", "new pages per worker",
	  "pages of the worker's own that the template had not at the fork, "
	  "mean over workers (pagemap); with worker_cow_pages its private "
	  "memory",
	  BOTH },
	{ "worker_floor_pages", "pages", "changed pages per worker",
	  "of the copied pages, those whose content differs from the "
	  "template's at the last checkpoint, mean over workers",
	  CELL },
	{ "warm_arena_share", "share", "arenas in use, warm template",
	  "bytes of blocks in use per byte of arenas of the interpreter's "
	  "allocator, in the template before the before_fork hooks (pool "
	  "headers)",
	  CELL_NEITHER },
	{ "template_arena_share", "share", "arenas in use, template",
	  "the same after these hooks, at the fork", CELL_NEITHER },
	{ "worker_arena_share", "share", "arenas in use, workers",
	  "the same at the last checkpoint, mean over workers", CELL_NEITHER },
	{ "gc_collections", "collections", "collections per worker",
	  "[g0,g1,g2] collections since the fork, mean over workers; on PyPy "
	  "minor collections, steps of major ones, and major ones",
	  BOTH_NEITHER },
	{ "gc_pause_p50_us", "us", "collection pause, median",
	  "collections in all workers, HDR histogram", CELL_TIME },
	{ "gc_pause_p99_us", "us", "collection pause, 99th percentile",
	  "collections in all workers, HDR histogram; the longest if there were "
	  "fewer than 100",
	  CELL_TIME },
	{ "gc_pause_p999_us", "us", "collection pause, 99.9th percentile",
	  "collections in all workers, HDR histogram; the longest if there were "
	  "fewer than 1000",
	  CELL_TIME },
	{ "gc_pause_max_us", "us", "longest collection pause",
	  "longest collection in any worker, exact", CELL_TIME },
	{ "gc_generation_pause_p50_us", "us", "median pause by generation",
	  "[g0,g1,g2] as gc_pause_p50_us; null for a generation without a "
	  "collection; on PyPy minor collections alone, steps of major ones with "
	  "the minor one before, and gc.collect() as a whole",
	  CELL_TIME },
	{ "gc_generation_pause_p99_us", "us", "99th percentile by generation",
	  "[g0,g1,g2] as gc_pause_p99_us", CELL_TIME },
	{ "gc_generation_pause_p999_us", "us",
	  "99.9th percentile by generation", "[g0,g1,g2] as gc_pause_p999_us",
	  CELL_TIME },
	{ "gc_generation_pause_max_us", "us", "longest pause by generation",
	  "[g0,g1,g2] as gc_pause_max_us", CELL_TIME },
	{ "gc_time_us", "us", "time in collections per worker",
	  "sum of pauses since the fork, mean over workers", BOTH_TIME },
	{ "gc_faults", "faults", "minor faults inside collections per worker",
	  "minor faults of the collecting thread between a collection's start "
	  "and end, mean over workers (getrusage)",
	  BOTH },
	{ "app_faults", "faults", "minor faults outside collections per worker",
	  "worker_minor_faults less gc_faults: what the application itself "
	  "takes",
	  BOTH },
	{ "freeze_us", "us", "time of the before_fork hooks",
	  "all before_fork hooks of the stack, in the template", CELL_TIME },
	{ "fork_us", "us", "time of one fork",
	  "os.fork() as the template sees it, mean over workers", CELL_TIME },
	{ "request_p50_us", "us", "request latency, median",
	  "requests of all workers, HDR histogram", CELL_TIME },
	{ "request_p99_us", "us", "request latency, 99th percentile",
	  "requests of all workers, HDR histogram", CELL_TIME },
	{ "request_p999_us", "us", "request latency, 99.9th percentile",
	  "requests of all workers, HDR histogram", CELL_TIME },
	{ "throughput_rps", "requests/s", "throughput",
	  "requests answered per second by all workers together, as the load "
	  "generator of --server sees it, over all its batches",
	  CELL_RATE },
	{ "worker_cpu_ms", "ms", "CPU time per worker",
	  "user and system time since the fork, mean over workers (the "
	  "process's CPU clock)",
	  BOTH_TIME },
	{ "ksm_cpu_ms", "ms", "CPU time of the same-page scanner",
	  "CPU time of the kernel's thread ksmd from before the before_fork "
	  "hooks to the last checkpoint, for stacks with ksm; it serves all "
	  "programs of the host",
	  BOTH_TIME },
	{ "reshare_passes", "passes", "passes per worker",
	  "passes of reshare since the fork, mean over workers; these and the "
	  "following by its own account",
	  BOTH_NEITHER },
	{ "reshare_looked_pages", "pages", "pages compared per worker",
	  "pages of the worker's own that passes compared with the template's, "
	  "mean over workers",
	  BOTH_NEITHER },
	{ "reshare_given_pages", "pages", "pages given back per worker",
	  "of these, pages that were equal and given back", BOTH_NEITHER },
	{ "reshare_hot_pages", "pages", "hot pages left alone per worker",
	  "pages that passes left alone, as they had been given back and copied "
	  "again, mean over workers",
	  BOTH_NEITHER },
	{ "reshare_skipped", "passes", "passes skipped per worker",
	  "[threads, lost, error] passes not made: there was another thread; "
	  "the program has closed the memfd; a system call failed; mean over "
	  "workers",
	  BOTH },
	{ "reshare_waited", "passes", "passes put off per worker",
	  "passes that were due but had to wait for their share of CPU time, "
	  "mean over workers",
	  BOTH },
	{ "reshare_us", "us", "time in passes per worker",
	  "CPU time of passes since the fork, mean over workers", BOTH_TIME },
	{ "exit_faults", "faults", "minor faults at exit per worker",
	  "minor faults between the last checkpoint and death, mean over "
	  "workers (stat of the zombie)",
	  CELL },
	{ "leak_kib_per_1k", "KiB", "growth per 1000 requests",
	  "slope of worker_private_kib over the second half of the requests "
	  "(least squares)",
	  CELL },
	{ "template_pages", "pages", "pages of the template",
	  "pages of the template's private mappings at the fork, of which a "
	  "worker can have copies (pagemap)",
	  CELL_NEITHER },
	{ "template_objects", "objects", "tracked objects in the template",
	  "objects on the collector's lists after before_fork, the permanent "
	  "generation included",
	  CELL_NEITHER },
	{ "frozen_objects", "objects", "objects held away from the collector",
	  "what the stack's count hooks say after before_fork", CELL_NEITHER },
};

const size_t metrics_count = sizeof metrics / sizeof *metrics;

const struct metric *metric_find(const char *key)
{
	for (size_t i = 0; i < metrics_count; i++)
		if (strcmp(metrics[i].key, key) == 0)
			return &metrics[i];
	return NULL;
}
