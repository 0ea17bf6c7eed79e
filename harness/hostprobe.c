/* hostprobe.c - tries out what the kernel lets us do with a child of ours.
 *
 * Whether something is allowed depends on the kernel's version, its build,
 * system settings, security modules and containers; so nothing is concluded
 * from those, all is tried on a child, as cells do with their workers.  The
 * child shares one page with us and has copied another: a method that can tell
 * copies must see the difference.
 * Sources: Documentation/admin-guide/mm/pagemap.rst, soft-dirty.rst and
 * userfaultfd.rst; proc(5), perf_event_open(2), ioctl_userfaultfd(2), prctl(2).
 */
#define _GNU_SOURCE
#include "hostparts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs.h"
#include "pagescan.h"
#include "util.h"

#define PRESENT (UINT64_C(1) << 63)
#define EXCLUSIVE (UINT64_C(1) << 56)
#define SOFT_DIRTY (UINT64_C(1) << 55)

/* Of Linux 5.7, 5.11, 6.4 and 6.7, for the same reason. */
#define WP_FEATURE (UINT64_C(1) << 0)
#define WP_ASYNC_FEATURE (UINT64_C(1) << 15)
#define USER_MODE_ONLY 1
#define GET_MEMORY_MERGE 68

struct subject {
	pid_t pid;
	char *pages; /* one shared with the child, one it copied */
	size_t page_bytes;
};

/* "yes", or what the error means; errors are negative. */
static json_t *answer(int result)
{
	return json_string(result < 0 ? strerror(-result) : "yes");
}

static int open_of(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Forks the child and waits until it has copied its page.  0 or -errno; to be
 * ended with end_subject() in either case. */
static int begin_subject(struct subject *s)
{
	int ready[2];
	int result = 0, fork_error;
	char byte;

	*s = (struct subject){ .page_bytes = (size_t)sysconf(_SC_PAGESIZE) };
	s->pages = mmap(NULL, 2 * s->page_bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->pages == MAP_FAILED) {
		s->pages = NULL;
		return -errno;
	}
	/* No two pages alike, lest they be merged. */
	snprintf(s->pages, s->page_bytes, "shared %lld", (long long)now_ns());
	snprintf(s->pages + s->page_bytes, s->page_bytes, "before");
	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	s->pid = fork();
	fork_error = errno;
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(s->pages + s->page_bytes, s->page_bytes, "copied %d",
			 (int)getpid());
		close(ready[0]);
		if (write(ready[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(0);
	}
	close(ready[1]);
	if (s->pid < 0)
		result = -fork_error;
	else if (TEMP_FAILURE_RETRY(read(ready[0], &byte, 1)) != 1)
		result = -ECHILD;
	close(ready[0]);
	return result;
}

static void end_subject(struct subject *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	if (s->pages != NULL)
		munmap(s->pages, 2 * s->page_bytes);
}

static int scan(const struct subject *s, int pagemap)
{
	struct scan_region regions[4];
	struct scan_arg arg = {
		.size = sizeof arg,
		.start = (uintptr_t)s->pages,
		.end = (uintptr_t)s->pages + 2 * s->page_bytes,
		.vec = (uintptr_t)regions,
		.vec_len = sizeof regions / sizeof *regions,
		.category_mask = SCAN_PRESENT,
		.return_mask = SCAN_PRESENT,
	};
	int n = ioctl(pagemap, SCAN_IOCTL, &arg);

	return n < 0 ? -errno : n == 1 ? 0 : -EINVAL;
}

static void add_pagemap(json_t *facts, const struct subject *s)
{
	uint64_t entries[2] = { 0, 0 };
	int fd = open_of(s->pid, "pagemap"), result = fd < 0 ? fd : 0;
	off_t offset = (off_t)((uintptr_t)s->pages / s->page_bytes *
			       sizeof *entries);

	if (fd >= 0) {
		ssize_t n = pread(fd, entries, sizeof entries, offset);

		result = n < 0 ? -errno :
			n < (ssize_t)sizeof entries ||
				!(entries[0] & entries[1] & PRESENT) ?
				 -ENODATA :
				 0;
	}
	json_object_set_new(facts, "pagemap", answer(result));
	json_object_set_new(
		facts, "pagemap_exclusive",
		result < 0 ?
			json_null() :
			json_string(
				!(entries[1] & EXCLUSIVE) ?
					"a page of its own is not marked" :
					entries[0] & EXCLUSIVE ?
					"a shared page is marked as its own" :
					"yes"));
	json_object_set_new(
		facts, "soft_dirty",
		result < 0 ? json_null() :
			     json_string(entries[1] & SOFT_DIRTY ?
						 "yes" :
						 "not built into this kernel"));
	json_object_set_new(facts, "pagemap_scan",
			    result < 0 ? json_null() : answer(scan(s, fd)));
	if (fd >= 0)
		close(fd);
}

static void add_memory(json_t *facts, const struct subject *s)
{
	char text[64] = "", wanted[64];
	char *page = s->pages + s->page_bytes;
	struct iovec local = { text, sizeof text };
	struct iovec remote = { page, sizeof text };
	int fd = open_of(s->pid, "mem"), result = fd < 0 ? fd : 0;

	snprintf(wanted, sizeof wanted, "copied %d", (int)s->pid);
	if (fd >= 0) {
		if (pread(fd, text, sizeof text, (off_t)(uintptr_t)page) < 0)
			result = -errno;
		else if (strcmp(text, wanted) != 0)
			result = -EIO;
		close(fd);
	}
	json_object_set_new(facts, "child_memory", answer(result));
	result = process_vm_readv(s->pid, &local, 1, &remote, 1, 0) < 0 ?
		-errno :
		strcmp(text, wanted) != 0 ? -EIO :
					    0;
	json_object_set_new(facts, "process_vm_readv", answer(result));
}

/* "yes", "smaps" when only the long form is there, or why not. */
static void add_smaps(json_t *facts, const struct subject *s)
{
	char *path = xasprintf("/proc/%d/smaps_rollup", (int)s->pid), *text;
	int result = read_file(path, 1u << 20, &text, NULL), rollup = 1;

	if (result == -ENOENT) {
		rollup = 0;
		path[strlen(path) - strlen("_rollup")] = '\0';
		result = read_file(path, 16u << 20, &text, NULL);
	}
	json_object_set_new(
		facts, "smaps_rollup",
		result == 0 && !rollup ? json_string("smaps") : answer(result));
	json_object_set_new(
		facts, "pss_parts",
		result < 0 ?
			json_null() :
			json_string(
				rollup && strstr(text, "\nPss_Anon:") != NULL ?
					"yes" :
					"not told by this kernel"));
	if (result == 0)
		free(text);
	free(path);
}

/* Opens one counter of this process. */
static json_t *perf(uint32_t type, uint64_t config)
{
	struct perf_event_attr attr = {
		.type = type,
		.size = sizeof attr,
		.config = config,
		.disabled = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			      PERF_FLAG_FD_CLOEXEC);
	json_t *value = answer(fd < 0 ? -errno : 0);

	if (fd >= 0)
		close(fd);
	return value;
}

static void add_userfaultfd(json_t *facts)
{
	struct uffdio_api api = { .api = UFFD_API };
	int result = 0;
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | USER_MODE_ONLY);

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0)
		result = -errno;
	else if (!(api.features & WP_FEATURE))
		result = -EOPNOTSUPP;
	json_object_set_new(facts, "userfaultfd_wp", answer(result));
	json_object_set_new(
		facts, "userfaultfd_wp_async",
		result < 0 ?
			json_null() :
			answer(api.features & WP_ASYNC_FEATURE ? 0 :
								 -EOPNOTSUPP));
	if (fd >= 0)
		close(fd);
}

void hostprobe_add(json_t *facts)
{
	static const char *const of_child[] = {
		"pagemap",	"pagemap_exclusive", "pagemap_scan",
		"soft_dirty",	"child_memory",	     "process_vm_readv",
		"smaps_rollup", "pss_parts",	     "stat",
	};
	struct procfs_stat stat;
	struct subject s;
	int result = begin_subject(&s), merge;

	json_object_set_new(facts, "fork", answer(result));
	if (result == 0) {
		add_pagemap(facts, &s);
		add_memory(facts, &s);
		add_smaps(facts, &s);
		json_object_set_new(facts, "stat",
				    answer(procfs_read_stat(s.pid, &stat)));
	} else {
		for (size_t i = 0; i < sizeof of_child / sizeof *of_child; i++)
			json_object_set_new(facts, of_child[i], json_null());
	}
	end_subject(&s);
	json_object_set_new(
		facts, "perf_software",
		perf(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN));
	json_object_set_new(
		facts, "perf_hardware",
		perf(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS));
	add_userfaultfd(facts);
	merge = prctl(GET_MEMORY_MERGE, 0, 0, 0, 0);
	json_object_set_new(facts, "ksm_merge_any",
			    merge < 0 ? json_null() : json_boolean(merge));
}
