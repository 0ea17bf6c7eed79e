/* cgroup.c - makes, reads and removes a memory cgroup, v1 or v2.
 *
 * How exact the figures are (mm/memcontrol.c of Linux 6.x): processes are charged
 * 64 pages at a time and per CPU (MEMCG_CHARGE_BATCH, 32 on older kernels), so
 * `usage` may be that much too high per CPU, for as long as the cgroup lives.
 * memory.stat is summed up when it is read, if more than 64 pages per CPU have
 * changed since it last was, and every 2 s in any case: at a barrier it is off by
 * at most 64 pages per CPU, and exact after standing still for 2 s.  Nothing one
 * can read forces the sum.  So it is the parts that one should compare with: on 64
 * CPUs, `usage` may be 16 MiB too high.
 *
 * A page is charged to the cgroup whose process first touched it, and stays there:
 * libraries that were in the page cache before are not charged, and a file that
 * the cell is the first to read is, also without being mapped.
 *
 * On v2 a cgroup has memory figures only if its parent's cgroup.subtree_control
 * names memory, and a parent with processes of its own cannot name it: hence the
 * search among the ancestors.
 */
#define _GNU_SOURCE
#include "cgroup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgrouppath.h"
#include "procfs.h"
#include "util.h"

#define PREFIX "permafrost-" /* and the maker's process id */

#define REMOVE_TRIES 200 /* of 5 ms: the dead leave a little later */

/* No host has so many bytes, and some such figures can be added up. */
#define FIGURE_MAX (INT64_MAX / 16)

/* The number that `text` begins with, or -1. */
static int64_t number(const char *text)
{
	int64_t v = isdigit((unsigned char)*text) ? strtoll(text, NULL, 10) :
						    -1;

	return v > FIGURE_MAX ? -1 : v;
}

/* The number behind "NAME " at the start of a line, or -1. */
static int64_t stat_value(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = text; line != NULL;
	     line = text_after(line, '\n'))
		if (strncmp(line, name, n) == 0 && line[n] == ' ')
			return number(line + n + 1);
	return -1;
}

/* What v2 charges to the kernel, in bytes: `kernel` (Linux 5.18), or its parts
 * before; sockets are beside it.  -1 when neither is told. */
static int64_t kernel_bytes(const char *text)
{
	static const char *const parts[] = { "kernel_stack", "pagetables",
					     "percpu", "vmalloc", "slab" };
	int64_t sum = stat_value(text, "kernel");
	int64_t sockets = stat_value(text, "sock");

	if (sum < 0)
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
			int64_t part = stat_value(text, parts[i]);

			if (part >= 0)
				sum = sum < 0 ? part : sum + part;
		}
	return sum < 0 || sockets < 0 ? sum : sum + sockets;
}

int cgroup_parse_stat(const char *text, int version, struct cgroup_memory *m)
{
	/* v1's plain names leave out descendants, total_ ones hold them. */
	int64_t anon = stat_value(text, version == 2 ? "anon" : "total_rss");
	int64_t file = stat_value(text, version == 2 ? "file" : "total_cache");
	int64_t shmem = stat_value(text,
				   version == 2 ? "shmem" : "total_shmem");
	int64_t kernel = version == 2 ? kernel_bytes(text) : 0;

	if (anon < 0 || file < 0 || shmem < 0)
		return -EINVAL;
	m->anon = anon / 1024;
	m->shmem = shmem / 1024;
	/* Both hierarchies count shmem among the page cache.  The two are not
	 * summed up in one moment. */
	m->file = file > shmem ? (file - shmem) / 1024 : 0;
	if (version == 2)
		m->kernel = kernel < 0 ? -1 : kernel / 1024;
	return 0;
}

long cgroup_maker(const char *name)
{
	long pid;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
	    parse_long(name + strlen(PREFIX), 1, INT_MAX, &pid) < 0)
		return 0;
	return pid;
}

/* Reads DIRECTORY/NAME into *text, to free.  0 or -errno. */
static int read_entry(const char *directory, const char *name, char **text)
{
	char *path = xasprintf("%s/%s", directory, name);
	int result = read_file(path, 1u << 20, text, NULL);

	free(path);
	return result;
}

/* Reads a file of one number of bytes, as KiB.  0 or -errno. */
static int read_kib(const char *directory, const char *name, int64_t *kib)
{
	char *text;
	int result = read_entry(directory, name, &text);

	if (result < 0)
		return result;
	*kib = number(text);
	free(text);
	if (*kib < 0)
		return -EINVAL;
	*kib /= 1024;
	return 0;
}

static const char *usage_file(int version)
{
	return version == 2 ? "memory.current" : "memory.usage_in_bytes";
}

int cgroup_read(const struct cgroup *c, struct cgroup_memory *m)
{
	char *text;
	int result;

	if (c->path == NULL)
		return -ENOENT;
	/* First, since reading is what brings it up to date. */
	result = read_entry(c->path, "memory.stat", &text);
	if (result < 0)
		return result;
	result = cgroup_parse_stat(text, c->version, m);
	free(text);
	if (result == 0 && c->version == 1 &&
	    read_kib(c->path, "memory.kmem.usage_in_bytes", &m->kernel) < 0)
		m->kernel = -1;
	if (result == 0)
		result = read_kib(c->path, usage_file(c->version), &m->usage);
	return result;
}

/* Writes a number into DIRECTORY/NAME.  0 or -errno. */
static int write_number(const char *directory, const char *name, int64_t value)
{
	char *path = xasprintf("%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC), result = 0;

	if (fd < 0 || dprintf(fd, "%lld", (long long)value) < 0)
		result = -errno;
	if (fd >= 0)
		close(fd);
	free(path);
	return result;
}

int cgroup_limit(const struct cgroup *c, int64_t kib)
{
	int result;

	if (c->path == NULL)
		return -ENOENT;
	result = write_number(
		c->path,
		c->version == 2 ? "memory.max" : "memory.limit_in_bytes",
		kib * 1024);
	if (result < 0)
		return result;
	/* Kernels without swap accounting lack these. */
	result = c->version == 2 ?
		write_number(c->path, "memory.swap.max", 0) :
		write_number(c->path, "memory.memsw.limit_in_bytes",
			     kib * 1024);
	return result == -ENOENT ? 0 : result;
}

int cgroup_unlimit(const struct cgroup *c)
{
	int result;

	if (c->path == NULL)
		return -ENOENT;
	if (c->version == 2)
		return write_number(c->path, "memory.max", INT64_MAX);
	/* It may not be below the other one. */
	result = write_number(c->path, "memory.memsw.limit_in_bytes", -1);
	if (result < 0 && result != -ENOENT)
		return result;
	return write_number(c->path, "memory.limit_in_bytes", -1);
}

int64_t cgroup_oom_kills(const struct cgroup *c)
{
	char *text;
	int64_t n;
	int result;

	if (c->path == NULL)
		return -ENOENT;
	result = read_entry(
		c->path,
		c->version == 2 ? "memory.events" : "memory.oom_control",
		&text);
	if (result < 0)
		return result;
	n = stat_value(text, "oom_kill");
	free(text);
	return n < 0 ? -EINVAL : n;
}

int cgroup_enter(int procs)
{
	return write(procs, "0", 1) == 1 ? 0 : -errno;
}

/* Whether the rights suffice to move a process there: moves one that ends at
 * once.  0 or -errno. */
static int try_to_enter(int procs)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(-cgroup_enter(procs)); /* error numbers fit */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

/* Whether a process of this number runs; one that nobody has waited for does not. */
static int is_running(pid_t pid)
{
	struct procfs_stat stat;

	if (kill(pid, 0) < 0 && errno == ESRCH)
		return 0;
	return procfs_read_stat(pid, &stat) < 0 || stat.state != 'Z';
}

/* Removes what dead harness processes left below `parent`.  A number that is in
 * use again keeps its leftover until that process ends, too. */
static void remove_leftovers(const char *parent)
{
	DIR *directory = opendir(parent);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		long pid = cgroup_maker(entry->d_name);

		/* The kernel refuses one with processes or children. */
		if (pid > 0 && !is_running((pid_t)pid))
			(void)!unlinkat(dirfd(directory), entry->d_name,
					AT_REMOVEDIR);
	}
	if (directory != NULL)
		closedir(directory);
}

/* Whether children of `parent` have memory figures. */
static int gives_memory(const char *parent, int version)
{
	char *text;
	int result = read_entry(
		parent, version == 2 ? "cgroup.subtree_control" : usage_file(1),
		&text);

	if (result < 0)
		return 0;
	result = version == 1 || cgroup_has_word(text, "memory", ' ');
	free(text);
	return result;
}

/* Makes a directory, in place of a leftover of the same name. */
static int make_directory(const char *path)
{
	if (mkdir(path, 0755) == 0 ||
	    (errno == EEXIST && rmdir(path) == 0 && mkdir(path, 0755) == 0))
		return 0;
	return -errno;
}

static int open_procs(const char *path)
{
	char *name = xasprintf("%s/cgroup.procs", path);
	int fd = open(name, O_WRONLY | O_CLOEXEC), error = errno;

	free(name);
	return fd < 0 ? -error : fd;
}

/* Removes and forgets what was made.  0 or -errno. */
static int undo(struct cgroup *c)
{
	int result = 0;

	if (c->procs >= 0)
		close(c->procs);
	c->procs = -1;
	for (int i = 0; c->path != NULL && i < REMOVE_TRIES; i++) {
		result = rmdir(c->path) == 0 || errno == ENOENT ? 0 : -errno;
		if (result != -EBUSY)
			break;
		usleep(5000);
	}
	free(c->path);
	c->path = NULL;
	return result;
}

/* Makes the cgroup below `parent`.  0, or -errno and c->reason, which is kept from
 * the first parent that refused. */
static int make_below(struct cgroup *c, const char *parent, int version)
{
	const char *what = "no right to create a cgroup under";
	struct cgroup_memory m;
	int result;

	if (!gives_memory(parent, version))
		return -ENODEV;
	c->version = version;
	c->path = xasprintf("%s/" PREFIX "%d", parent, (int)getpid());
	result = make_directory(c->path);
	if (result < 0) {
		free(c->path); /* not ours: never remove it */
		c->path = NULL;
		goto refused;
	}
	what = "no right to move a process into a cgroup under";
	result = open_procs(c->path);
	if (result >= 0) {
		c->procs = result;
		result = try_to_enter(c->procs);
	}
	if (result == 0) {
		what = "no memory figures in a cgroup under";
		result = cgroup_read(c, &m);
	}
	if (result == 0)
		return 0;
	undo(c);
refused:
	if (c->reason == NULL)
		c->reason = xasprintf("%s %s: %s", what, parent,
				      strerror(-result));
	return result;
}

/* Goes from `directory` up to the mount point.  Shortens it. */
static void clean_upwards(char *directory, size_t mount_length)
{
	for (;;) {
		char *slash = strrchr(directory, '/');

		remove_leftovers(directory);
		if (strlen(directory) <= mount_length || slash == NULL)
			return;
		*slash = '\0';
	}
}

void cgroup_clean(void)
{
	char *mountinfo = NULL, *self = NULL;

	if (read_file("/proc/self/mountinfo", 16u << 20, &mountinfo, NULL) <
		    0 ||
	    read_file("/proc/self/cgroup", 1u << 20, &self, NULL) < 0)
		goto out;
	for (int version = 2; version >= 1; version--) {
		size_t mount_length;
		char *directory = cgroup_locate(mountinfo, self, "memory",
						version, &mount_length);

		if (directory != NULL)
			clean_upwards(directory, mount_length);
		free(directory);
	}
out:
	free(mountinfo);
	free(self);
}

/* Makes the cgroup below `directory`, or the next of its ancestors up to the mount
 * point that allows it.  Shortens `directory`. */
static int make_upwards(struct cgroup *c, char *directory, size_t mount_length,
			int version)
{
	int result = -ENODEV, first = 0;

	for (;;) {
		char *slash = strrchr(directory, '/');

		remove_leftovers(directory);
		if (c->path == NULL) {
			result = make_below(c, directory, version);
			if (first == 0)
				first = result == -ENODEV ? 0 : result;
		}
		if (strlen(directory) <= mount_length || slash == NULL)
			break;
		*slash = '\0';
	}
	return c->path != NULL ? 0 : first != 0 ? first : result;
}

int cgroup_make(struct cgroup *c)
{
	char *mountinfo = NULL, *self = NULL;
	int result;

	*c = (struct cgroup){ .procs = -1 };
	result = read_file("/proc/self/mountinfo", 16u << 20, &mountinfo, NULL);
	if (result == 0)
		result = read_file("/proc/self/cgroup", 1u << 20, &self, NULL);
	if (result < 0) {
		c->reason = xasprintf("this kernel tells of no cgroups: %s",
				      strerror(-result));
		goto out;
	}
	result = -ENODEV;
	for (int version = 2; version >= 1 && c->path == NULL; version--) {
		size_t mount_length;
		char *directory = cgroup_locate(mountinfo, self, "memory",
						version, &mount_length);

		if (directory == NULL)
			continue;
		result = make_upwards(c, directory, mount_length, version);
		free(directory);
	}
	if (result < 0 && c->reason == NULL)
		c->reason = xstrdup("no cgroup here has the memory controller");
	if (result == 0) {
		free(c->reason);
		c->reason = NULL;
	}
out:
	free(mountinfo);
	free(self);
	return result;
}

int cgroup_fini(struct cgroup *c)
{
	int result = undo(c);

	free(c->reason);
	c->reason = NULL;
	return result;
}
