/* observefamily.c - finds the processes of a live server and reads what the kernel
 * says of them. */
#define _GNU_SOURCE
#include "observefamily.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

#define AUXV_MAX 4096 /* bytes; some 350 in fact */
#define STATUS_MAX 65536

/* Reads a file of /proc/PID; see read_file(). */
static int read_of(pid_t pid, const char *name, size_t limit, char **text,
		   size_t *length)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return read_file(path, limit, text, length);
}

/* The command line with spaces between its words, or, of a kernel thread or a
 * zombie, what is in comm. */
static void read_name(pid_t pid, char name[OBSERVE_NAME])
{
	char *text = NULL;
	size_t length = 0;

	name[0] = '\0';
	if (read_of(pid, "cmdline", OBSERVE_NAME, &text, &length) < 0)
		return;
	if (length >= OBSERVE_NAME)
		length = OBSERVE_NAME - 1;
	for (size_t i = 0; i < length; i++)
		name[i] = text[i] == '\0' ? ' ' : text[i];
	while (length > 0 && name[length - 1] == ' ')
		length--;
	name[length] = '\0';
	free(text);
	if (length == 0 && read_of(pid, "comm", 64, &text, NULL) == 0) {
		snprintf(name, OBSERVE_NAME, "%.*s", (int)strcspn(text, "\n"),
			 text);
		free(text);
	}
	make_text_safe(name);
}

/* Reads what stands in files that everybody may read, and the memory, which takes
 * rights.  0 or -errno. */
static int read_process(pid_t pid, struct observe_process *p)
{
	struct procfs_stat stat;
	int result = procfs_read_stat(pid, &stat);

	*p = (struct observe_process){ .pid = pid };
	if (result == 0 && (stat.state == 'Z' || stat.state == 'X'))
		result = -ESRCH;
	if (result == 0)
		result = procfs_read_memory(pid, &p->memory);
	if (result == 0)
		result = procfs_read_page_tables(pid, &p->page_tables);
	if (result == 0)
		result = procfs_read_threads(pid, &p->threads);
	if (result < 0)
		return result;
	p->parent = stat.ppid;
	p->minor_faults = stat.minor_faults;
	p->at = now_ns();
	read_name(pid, p->name);
	return 0;
}

/* Whether both have the same auxiliary vector: 1, 0 or -errno. */
static int same_program(pid_t a, pid_t b)
{
	char *first = NULL, *second = NULL;
	size_t n = 0, m = 0;
	int result = read_of(a, "auxv", AUXV_MAX, &first, &n);

	if (result == 0)
		result = read_of(b, "auxv", AUXV_MAX, &second, &m);
	if (result == 0 && (n == 0 || m == 0))
		result = -ESRCH;
	if (result == 0)
		result = n == m && memcmp(first, second, n) == 0;
	free(first);
	free(second);
	return result;
}

static int by_pid(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void add_stranger(struct observe_family *f, pid_t pid,
			 const char *reason)
{
	struct observe_stranger *s = &f->strangers[f->n_strangers++];

	s->pid = pid;
	s->reason = reason;
	read_name(pid, s->name);
}

/* Takes a descendant as a worker, as a stranger, or, if it is gone, not at all. */
static void take(struct observe_family *f, pid_t pid)
{
	int same = same_program(f->master.pid, pid), result;

	if (same == 0) {
		add_stranger(f, pid, "runs another program (exec)");
		return;
	}
	result = same < 0 ? same : read_process(pid, &f->workers[f->n]);
	if (result == 0)
		f->n++;
	else if (result == -EACCES || result == -EPERM)
		add_stranger(f, pid, "may not be read");
}

int observefamily_read(struct observe_family *f, pid_t master)
{
	pid_t *pids = NULL;
	size_t n = 0;
	int result;

	*f = (struct observe_family){ .n = 0 };
	result = read_process(master, &f->master);
	if (result == 0)
		result = procfs_descendants(master, &pids, &n);
	if (result == 0) {
		qsort(pids, n, sizeof *pids, by_pid);
		f->workers = xcalloc(n, sizeof *f->workers);
		f->strangers = xcalloc(n, sizeof *f->strangers);
		for (size_t i = 0; i < n; i++)
			if (pids[i] != getpid())
				take(f, pids[i]);
	}
	free(pids);
	return result;
}

void observefamily_fini(struct observe_family *f)
{
	free(f->workers);
	free(f->strangers);
	*f = (struct observe_family){ .n = 0 };
}

/* A child of `f`'s master that runs another program and has forked children of its
 * own; 0 if there is none. */
static pid_t other_master(const struct observe_family *f)
{
	for (size_t i = 0; i < f->n_strangers; i++)
		for (size_t k = 0; k < f->n_strangers; k++) {
			struct procfs_stat stat;
			pid_t child = f->strangers[k].pid;

			if (procfs_read_stat(child, &stat) == 0 &&
			    stat.ppid == f->strangers[i].pid &&
			    same_program(child, stat.ppid) == 1)
				return stat.ppid;
		}
	return 0;
}

char *observefamily_why_none(const struct observe_family *f)
{
	pid_t pid = f->master.pid, parent = f->master.parent;
	pid_t other = other_master(f);

	if (other > 0)
		return xasprintf(
			"process %d has no forked workers, but its "
			"descendant %d has: try --pid=%d",
			(int)pid, (int)other, (int)other);
	if (parent > 1 && same_program(pid, parent) == 1)
		return xasprintf(
			"process %d has no workers, it is one: try its "
			"parent, --pid=%d",
			(int)pid, (int)parent);
	if (f->n_strangers > 0)
		return xasprintf(
			"process %d has no forked workers: of its %zu "
			"descendants, %d (%.40s) %s",
			(int)pid, f->n_strangers, (int)f->strangers[0].pid,
			f->strangers[0].name, f->strangers[0].reason);
	return xasprintf(
		"process %d (%.40s) has no children: --pid takes the "
		"master of a pre-fork server",
		(int)pid, f->master.name);
}

/* Who `pid` belongs to; -1 when that cannot be told. */
static long owner(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	return stat(path, &st) == 0 ? (long)st.st_uid : -1;
}

/* Whether this process may look into those of others, within its user namespace. */
static int has_ptrace_capability(void)
{
	char *status = NULL, *line;
	unsigned long long effective = 0;

	if (read_file("/proc/self/status", STATUS_MAX, &status, NULL) < 0)
		return 0;
	line = strstr(status, "\nCapEff:");
	if (line != NULL)
		effective = strtoull(line + strlen("\nCapEff:"), NULL, 16);
	free(status);
	return (effective >> CAP_SYS_PTRACE & 1) != 0;
}

/* What keeps root from reading process `pid`; to free. */
static char *why_not_as_root(pid_t pid)
{
	if (!has_ptrace_capability())
		return xasprintf(
			"process %d may not be read: this is root without "
			"CAP_SYS_PTRACE, as in containers; give it that "
			"capability (--cap-add=SYS_PTRACE) or run this outside",
			(int)pid);
	return xasprintf(
		"process %d may not be read, not even by root with "
		"CAP_SYS_PTRACE: it belongs to another user namespace, or a "
		"security policy of this host forbids it (SELinux, AppArmor, "
		"kernel.yama.ptrace_scope=3)",
		(int)pid);
}

char *observefamily_why_unreadable(pid_t pid, int error)
{
	char *scope = NULL, *text;
	long uid = owner(pid);

	if (error != -EACCES && error != -EPERM)
		return xasprintf("process %d: %s", (int)pid, strerror(-error));
	if (geteuid() == 0)
		return why_not_as_root(pid);
	if (uid >= 0 && uid != (long)geteuid())
		return xasprintf(
			"process %d belongs to user %ld: run this as "
			"that user or as root",
			(int)pid, uid);
	if (read_file("/proc/sys/kernel/yama/ptrace_scope", 16, &scope, NULL) ==
		    0 &&
	    scope[0] != '0')
		text = xasprintf(
			"memory of process %d may not be read: "
			"kernel.yama.ptrace_scope is %.1s; run this as "
			"root, or set it to 0",
			(int)pid, scope);
	else
		text = xasprintf(
			"process %d may not be read, although it is of "
			"the same user: it may have changed its user or "
			"be set not to dump core; run this as root",
			(int)pid);
	free(scope);
	return text;
}
