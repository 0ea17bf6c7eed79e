/* pages.c - reads page tables by PAGEMAP_SCAN and pagemap. */
#define _GNU_SOURCE
#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pagescan.h"
#include "util.h"

#define PRESENT (UINT64_C(1) << 63)
#define FILE_OR_SHARED (UINT64_C(1) << 61)
#define EXCLUSIVE (UINT64_C(1) << 56)

#define ENTRIES 8192 /* of pagemap, read at a time */
#define REGIONS 512  /* of PAGEMAP_SCAN, likewise */

/* Whether the kernel knows PAGEMAP_SCAN: an empty range is scanned. */
static int probe_scan(int fd)
{
	struct scan_arg arg = { .size = sizeof arg };

	return ioctl(fd, SCAN_IOCTL, &arg) == 0;
}

int pages_open(struct pages *p, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
	return pages_take(p, open(path, O_RDONLY | O_CLOEXEC));
}

int pages_take(struct pages *p, int fd)
{
	int error = errno;

	*p = (struct pages){
		.fd = fd,
		.page_bytes = (size_t)sysconf(_SC_PAGESIZE),
	};
	if (fd < 0)
		return -error;
	p->can_scan = probe_scan(fd);
	p->entries = xcalloc(ENTRIES, sizeof *p->entries);
	return 0;
}

void pages_close(struct pages *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p->entries);
	*p = (struct pages){ .fd = -1 };
}

/* Reads the entries of `n` pages from `address` on; those that the file does not
 * have are 0.  0 or -errno. */
static int read_entries(struct pages *p, uint64_t address, size_t n)
{
	size_t bytes = n * sizeof *p->entries;
	ssize_t got = pread(
		p->fd, p->entries, bytes,
		(off_t)(address / p->page_bytes * sizeof *p->entries));

	if (got < 0)
		return -errno;
	memset((char *)p->entries + got, 0, bytes - (size_t)got);
	return 0;
}

static int is_kind(uint64_t entry, enum pages_kind kind)
{
	if (kind == PAGES_PRESENT)
		return (entry & PRESENT) != 0;
	if (kind == PAGES_OF_FILE)
		return (entry & (PRESENT | FILE_OR_SHARED)) ==
			(PRESENT | FILE_OR_SHARED);
	return (entry & (PRESENT | FILE_OR_SHARED | EXCLUSIVE)) ==
		(PRESENT | EXCLUSIVE);
}

/* As pages_each(), by the entries alone. */
static int each_by_entries(struct pages *p, uint64_t start, uint64_t end,
			   enum pages_kind kind, pages_found *found, void *arg)
{
	while (start < end) {
		uint64_t left = (end - start) / p->page_bytes;
		size_t n = left < ENTRIES ? (size_t)left : ENTRIES, i = 0;
		int result = n > 0 ? read_entries(p, start, n) : -EINVAL;

		if (result < 0)
			return result;
		while (i < n) {
			size_t first = i;

			while (i < n && is_kind(p->entries[i], kind))
				i++;
			if (i > first)
				result = found(arg,
					       start + first * p->page_bytes,
					       i - first);
			if (result != 0)
				return result;
			i += i == first;
		}
		start += n * p->page_bytes;
	}
	return 0;
}

int pages_each(struct pages *p, uint64_t start, uint64_t end,
	       enum pages_kind kind, pages_found *found, void *arg)
{
	struct scan_region regions[REGIONS];
	struct scan_arg scan = {
		.size = sizeof scan,
		.start = start,
		.end = end,
		.vec = (uintptr_t)regions,
		.vec_len = REGIONS,
		.category_inverted = kind == PAGES_OWNED ? SCAN_FILE : 0,
		.category_mask = kind == PAGES_PRESENT ?
			SCAN_PRESENT :
			SCAN_PRESENT | SCAN_FILE,
		.return_mask = SCAN_PRESENT,
	};

	if (!p->can_scan)
		return each_by_entries(p, start, end, kind, found, arg);
	while (scan.start < end) {
		int n = ioctl(p->fd, SCAN_IOCTL, &scan), result = 0;

		if (n < 0)
			return -errno;
		for (int i = 0; i < n && result == 0; i++)
			if (kind == PAGES_OWNED)
				result = each_by_entries(p, regions[i].start,
							 regions[i].end, kind,
							 found, arg);
			else
				result = found(
					arg, regions[i].start,
					(regions[i].end - regions[i].start) /
						p->page_bytes);
		if (result != 0)
			return result;
		scan.start = scan.walk_end;
	}
	return 0;
}

static int count(void *arg, uint64_t address, uint64_t n)
{
	(void)address;
	*(uint64_t *)arg += n;
	return 0;
}

int pages_check_exclusive(void)
{
	struct pages p;
	uint64_t n = 0;
	volatile char *page = MAP_FAILED;
	int result = pages_open(&p, getpid());

	if (result == 0) {
		page = mmap(NULL, p.page_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		result = page == MAP_FAILED ? -errno : 0;
	}
	if (result == 0) {
		page[0] = 1;
		result = pages_each(&p, (uintptr_t)page,
				    (uintptr_t)page + p.page_bytes, PAGES_OWNED,
				    count, &n);
		munmap((void *)page, p.page_bytes);
	}
	pages_close(&p);
	return result < 0 ? result : n == 1 ? 0 : -ENODATA;
}

const char *pages_method(void)
{
	struct pages p;
	const char *method = pages_open(&p, getpid()) == 0 && p.can_scan ?
		"PAGEMAP_SCAN, pagemap" :
		"pagemap";

	pages_close(&p);
	return method;
}
