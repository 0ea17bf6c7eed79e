/* procfs.h - what the kernel says of a process, from outside. */
#ifndef PERMAFROST_PROCFS_H
#define PERMAFROST_PROCFS_H

#include <stdint.h>
#include <sys/types.h>

/* Memory of one process in KiB; proc(5), /proc/PID/smaps_rollup. */
struct procfs_memory {
	int64_t rss;
	int64_t pss;
	int64_t pss_anon;
	int64_t pss_shmem;
	int64_t private_clean;
	int64_t private_dirty;
	int64_t swap;
};

/* Parts of /proc/PID/stat. */
struct procfs_stat {
	char name[32]; /* of the program, fit for a terminal */
	char state;    /* R, S, D, Z, T, ... */
	pid_t ppid;
	uint64_t minor_faults; /* since the process began, all its threads */
	uint64_t major_faults;
	uint64_t cpu_ticks; /* user and system, all its threads */
	int exit_status;    /* as from waitpid; of a zombie only */
};

/* Adds up all entries of an smaps or smaps_rollup text.  Pure.  0, or -EINVAL
 * when there is no Rss line or a number is malformed. */
int procfs_parse_memory(const char *text, struct procfs_memory *memory);

/* Reads a line of /proc/PID/stat.  Pure.  0 or -EINVAL. */
int procfs_parse_stat(const char *text, struct procfs_stat *stat);

/* The number behind "NAME:" in a meminfo-like text, in its unit.  Pure.
 * -1 when it is not there. */
int64_t procfs_parse_field(const char *text, const char *name);

/* The same, of a live process.  0 or -errno. */
int procfs_read_memory(pid_t pid, struct procfs_memory *memory);
/* By which file procfs_read_memory() reads here. */
const char *procfs_memory_method(void);

int procfs_read_stat(pid_t pid, struct procfs_stat *stat);

/* Memory of the page tables of `pid` in KiB (VmPTE of its status).  0, -errno, or
 * -ENODATA. */
int procfs_read_page_tables(pid_t pid, int64_t *kib);

/* The largest RSS that `pid` has had since its fork or exec, in KiB (VmHWM of its
 * status; kernel/fork.c: dup_mm() begins it anew).  The kernel counts it per CPU, so
 * that it is some pages off.  0, -errno, or -ENODATA. */
int procfs_read_peak(pid_t pid, int64_t *kib);

/* How many threads `pid` has.  0, -errno, or -ENODATA. */
int procfs_read_threads(pid_t pid, int64_t *n);

/* CPU time of all threads of `pid`, user and system, in ns.  0 or -errno. */
int procfs_read_cpu(pid_t pid, int64_t *ns);

/* All living descendants of `root`, without it.  A new array in *pids (to free),
 * *n of them.  0 or -errno. */
int procfs_descendants(pid_t root, pid_t **pids, size_t *n);

/* The kernel's own thread `name`, a child of kthreadd; -1 when there is none to
 * be seen, as in a PID namespace. */
pid_t procfs_kernel_thread(const char *name);

/* A field of /proc/meminfo in KiB, such as "MemAvailable"; -1 if unknown. */
int64_t procfs_meminfo(const char *name);

#endif
