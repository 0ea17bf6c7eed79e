/* procfs.c - reads and parses /proc/PID.
 *
 * smaps_rollup (Linux 4.14) is one summary of all mappings; before it, the same
 * lines stand in smaps once per mapping, so the parser simply adds up.
 * Source: proc(5) and Documentation/filesystems/proc.rst of the kernel.
 */
#define _GNU_SOURCE
#include "procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

int procfs_parse_memory(const char *text, struct procfs_memory *memory)
{
	const struct {
		const char *name;
		int64_t *sum;
	} fields[] = {
		{ "Rss:", &memory->rss },
		{ "Pss:", &memory->pss },
		{ "Pss_Anon:", &memory->pss_anon },
		{ "Pss_Shmem:", &memory->pss_shmem },
		{ "Private_Clean:", &memory->private_clean },
		{ "Private_Dirty:", &memory->private_dirty },
		{ "Swap:", &memory->swap },
	};
	int seen_rss = 0;

	memset(memory, 0, sizeof *memory);
	for (const char *line = text; *line != '\0';) {
		const char *end = strchrnul(line, '\n');

		for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
			size_t n = strlen(fields[i].name);
			char *rest;
			long long v;

			if (strncmp(line, fields[i].name, n) != 0)
				continue;
			errno = 0;
			v = strtoll(line + n, &rest, 10);
			if (errno != 0 || v < 0 || rest == line + n ||
			    rest > end || strncmp(rest, " kB", 3) != 0 ||
			    v > INT64_MAX - *fields[i].sum)
				return -EINVAL;
			*fields[i].sum += v;
			seen_rss |= i == 0;
			break;
		}
		line = *end ? end + 1 : end;
	}
	return seen_rss ? 0 : -EINVAL;
}

int procfs_parse_stat(const char *text, struct procfs_stat *stat)
{
	/* The name in parentheses may hold anything, even parentheses. */
	const char *p = strrchr(text, ')'), *name = strchr(text, '(');
	int ppid;
	unsigned long long minor, major, user = 0, system = 0;
	int status = 0;

	memset(stat, 0, sizeof *stat);
	if (p == NULL ||
	    sscanf(p + 1,
		   " %c %d %*d %*d %*d %*d %*u %llu %*u %llu %*u %llu "
		   "%llu",
		   &stat->state, &ppid, &minor, &major, &user, &system) < 4)
		return -EINVAL;
	if (name != NULL && name < p)
		snprintf(stat->name, sizeof stat->name, "%.*s",
			 (int)(p - name - 1), name + 1);
	make_text_safe(stat->name);
	/* Field 52, the last: 50 fields follow the name. */
	for (int field = 2; field < 52 && p != NULL; field++)
		p = strchr(p + 1, ' ');
	if (p != NULL && sscanf(p, " %d", &status) == 1)
		stat->exit_status = status;
	stat->ppid = ppid;
	stat->minor_faults = minor;
	stat->major_faults = major;
	stat->cpu_ticks = user + system;
	return 0;
}

int64_t procfs_parse_field(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = text; line != NULL;
	     line = text_after(line, '\n'))
		if (strncmp(line, name, n) == 0 && line[n] == ':') {
			/* strtoll() would go on to the next line. */
			const char *p = line + n + 1 +
				strspn(line + n + 1, " \t");

			return isdigit((unsigned char)*p) ?
				strtoll(p, NULL, 10) :
				-1;
		}
	return -1;
}

/* Reads a small file of /proc/PID into `buffer`.  0 or -errno. */
static int read_small(pid_t pid, const char *name, char *buffer, size_t size)
{
	char path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buffer, size - 1);
	if (n < 0)
		n = -errno;
	else
		buffer[n] = '\0';
	close(fd);
	return n < 0 ? (int)n : n == 0 ? -ESRCH : 0;
}

int procfs_read_memory(pid_t pid, struct procfs_memory *memory)
{
	char buffer[4096], path[64], *text;
	int result = read_small(pid, "smaps_rollup", buffer, sizeof buffer);

	if (result == 0)
		return procfs_parse_memory(buffer, memory);
	if (result != -ENOENT)
		return result;
	snprintf(path, sizeof path, "/proc/%d/smaps", (int)pid);
	result = read_file(path, 64u << 20, &text, NULL);
	if (result < 0)
		return result;
	result = procfs_parse_memory(text, memory);
	free(text);
	return result;
}

const char *procfs_memory_method(void)
{
	return access("/proc/self/smaps_rollup", F_OK) == 0 ? "smaps_rollup" :
							      "smaps";
}

int procfs_read_stat(pid_t pid, struct procfs_stat *stat)
{
	char buffer[2048];
	int result = read_small(pid, "stat", buffer, sizeof buffer);

	return result < 0 ? result : procfs_parse_stat(buffer, stat);
}

/* A number of /proc/PID/status.  0, -errno, or -ENODATA when it has none. */
static int read_status(pid_t pid, const char *name, int64_t *value)
{
	char buffer[4096];
	int result = read_small(pid, "status", buffer, sizeof buffer);

	if (result < 0)
		return result;
	*value = procfs_parse_field(buffer, name);
	return *value < 0 ? -ENODATA : 0;
}

int procfs_read_page_tables(pid_t pid, int64_t *kib)
{
	return read_status(pid, "VmPTE", kib);
}

int procfs_read_peak(pid_t pid, int64_t *kib)
{
	return read_status(pid, "VmHWM", kib);
}

int procfs_read_threads(pid_t pid, int64_t *n)
{
	return read_status(pid, "Threads", n);
}

int procfs_read_cpu(pid_t pid, int64_t *ns)
{
	struct timespec t;
	clockid_t clock;
	int error = clock_getcpuclockid(pid, &clock);

	if (error != 0)
		return -error;
	if (clock_gettime(clock, &t) < 0)
		return -errno;
	*ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	return 0;
}

struct parentage {
	pid_t pid, parent;
	int wanted;
};

/* Every process of the host with its parent. */
static int read_parentage(struct parentage **list, size_t *n)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	*list = NULL;
	*n = 0;
	if (proc == NULL)
		return -errno;
	while ((entry = readdir(proc)) != NULL) {
		struct procfs_stat stat;
		long pid;

		if (parse_long(entry->d_name, 1, INT_MAX, &pid) < 0 ||
		    procfs_read_stat((pid_t)pid, &stat) < 0 ||
		    stat.state == 'Z' || stat.state == 'X')
			continue;
		if ((*n & (*n - 1)) == 0) /* grow at powers of two */
			*list = xrealloc(*list, *n ? 2 * *n : 1, sizeof **list);
		(*list)[(*n)++] = (struct parentage){ (pid_t)pid, stat.ppid,
						      0 };
	}
	closedir(proc);
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	const struct parentage *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* `list` is in the order of pids. */
static int is_descendant(const struct parentage *list, size_t n, pid_t pid,
			 pid_t root)
{
	const struct parentage like = { .pid = pid }, *found;

	if (pid == root)
		return 1;
	found = bsearch(&like, list, n, sizeof *list, compare_pids);
	return found != NULL && found->wanted;
}

int procfs_descendants(pid_t root, pid_t **pids, size_t *n)
{
	struct parentage *list;
	size_t all, found;
	int result = read_parentage(&list, &all);

	*pids = NULL;
	*n = 0;
	if (all > 1)
		qsort(list, all, sizeof *list, compare_pids);
	do { /* a generation per round, or more */
		found = 0;
		for (size_t i = 0; i < all; i++)
			if (!list[i].wanted && list[i].pid != root &&
			    is_descendant(list, all, list[i].parent, root))
				found += (size_t)(list[i].wanted = 1);
		*n += found;
	} while (found > 0);
	*pids = xcalloc(*n + 1, sizeof **pids);
	for (size_t i = 0, k = 0; i < all; i++)
		if (list[i].wanted)
			(*pids)[k++] = list[i].pid;
	free(list);
	return result;
}

pid_t procfs_kernel_thread(const char *name)
{
	const pid_t kthreadd = 2; /* init/main.c: rest_init() */
	struct parentage *list;
	pid_t found = -1;
	char comm[64];
	size_t n;

	if (read_parentage(&list, &n) < 0)
		return -1;
	for (size_t i = 0; i < n && found < 0; i++) {
		if (list[i].parent != kthreadd ||
		    read_small(list[i].pid, "comm", comm, sizeof comm) < 0)
			continue;
		comm[strcspn(comm, "\n")] = '\0';
		if (strcmp(comm, name) == 0)
			found = list[i].pid;
	}
	free(list);
	return found;
}

int64_t procfs_meminfo(const char *name)
{
	char *text;
	int64_t value;

	if (read_file("/proc/meminfo", 65536, &text, NULL) < 0)
		return -1;
	value = procfs_parse_field(text, name);
	free(text);
	return value;
}
