/* cow.c - finds copied pages through pagemap. */
#define _GNU_SOURCE
#include "cow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "util.h"

#define PRESENT (UINT64_C(1) << 63)
#define FILE_OR_SHARED (UINT64_C(1) << 61)
#define EXCLUSIVE (UINT64_C(1) << 56)

#define CHUNK 8192		/* pagemap entries read at a time */
#define COMPARE 64		/* pages compared at a time */

int cow_parse_mapping(const char *line, uint64_t *start, uint64_t *end)
{
	char permissions[5];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", start, end,
		   permissions) != 3 || *start > *end ||
	    strlen(permissions) != 4)
		return -EINVAL;
	return permissions[1] == 'w' && permissions[3] == 'p';
}

static int open_pagemap(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Reads entries of `n` pages from `address` on; those that the file does not
 * have are 0.  0 or -errno. */
static int read_entries(int fd, uint64_t address, size_t page_bytes,
			uint64_t *entries, size_t n)
{
	ssize_t got = pread(fd, entries, n * sizeof *entries,
			    (off_t)(address / page_bytes * sizeof *entries));

	if (got < 0)
		return -errno;
	memset((char *)entries + got, 0, n * sizeof *entries - (size_t)got);
	return 0;
}

/* Whether this kernel sets bit 56 (Linux 4.2): a
 * page that we have just written is nobody else's. */
static int tells_exclusive(size_t page_bytes)
{
	volatile char *page = mmap(NULL, page_bytes, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t entry = 0;
	int fd = open_pagemap(getpid());

	if (page != MAP_FAILED && fd >= 0) {
		page[0] = 1;
		if (read_entries(fd, (uint64_t)(uintptr_t)page, page_bytes,
				 &entry, 1) < 0)
			entry = 0;
	}
	if (page != MAP_FAILED)
		munmap((void *)page, page_bytes);
	if (fd >= 0)
		close(fd);
	return (entry & (PRESENT | EXCLUSIVE)) == (PRESENT | EXCLUSIVE);
}

static void add_page(struct cow_map *map, uint64_t address)
{
	struct cow_range *last = map->n ? &map->ranges[map->n - 1] : NULL;

	map->pages++;
	if (last != NULL &&
	    last->start + last->pages * map->page_bytes == address) {
		last->pages++;
		return;
	}
	if ((map->n & (map->n - 1)) == 0)	/* grow at powers of two */
		map->ranges = xrealloc(map->ranges, map->n ? 2 * map->n : 1,
				       sizeof *map->ranges);
	map->ranges[map->n++] = (struct cow_range){ address, 1 };
}

/* Adds the present pages of [start, end). */
static int note_mapping(struct cow_map *map, int fd, uint64_t start,
			uint64_t end)
{
	static uint64_t entries[CHUNK];

	while (start < end) {
		uint64_t left = (end - start) / map->page_bytes;
		size_t n = left < CHUNK ? (size_t)left : CHUNK;
		int result = read_entries(fd, start, map->page_bytes, entries, n);

		if (result < 0)
			return result;
		for (size_t i = 0; i < n; i++)
			if (entries[i] & PRESENT)
				add_page(map, start + i * map->page_bytes);
		start += n * map->page_bytes;
	}
	return 0;
}

int cow_note(pid_t pid, struct cow_map *map)
{
	char path[64], *text, *line, *rest;
	int fd, result;

	*map = (struct cow_map){ .page_bytes = (size_t)sysconf(_SC_PAGESIZE) };
	if (!tells_exclusive(map->page_bytes))
		return -ENODATA;
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	result = read_file(path, 64u << 20, &text, NULL);
	if (result < 0)
		return result;
	fd = open_pagemap(pid);
	result = fd < 0 ? fd : 0;
	rest = text;
	while (result == 0 && (line = strsep(&rest, "\n")) != NULL &&
	       *line != '\0') {
		uint64_t start, end;

		result = cow_parse_mapping(line, &start, &end);
		if (result > 0)
			result = note_mapping(map, fd, start, end);
	}
	free(text);
	if (fd >= 0)
		close(fd);
	return result;
}

void cow_fini(struct cow_map *map)
{
	free(map->ranges);
	*map = (struct cow_map){ NULL, 0, 0, 0 };
}

/* Copies found but not yet compared. */
struct pending {
	struct iovec iov[COMPARE];
	size_t n;
	char *ours, *theirs;	/* room for COMPARE pages each */
};

/* Compares what is pending.  0 or -errno. */
static int flush_pending(struct pending *p, size_t page_bytes, pid_t template,
			 pid_t worker, struct cow_counts *counts)
{
	struct iovec ours = { p->ours, p->n * page_bytes };
	struct iovec theirs = { p->theirs, p->n * page_bytes };
	ssize_t all = (ssize_t)(p->n * page_bytes);
	ssize_t a, b;

	if (p->n == 0)
		return 0;
	a = process_vm_readv(worker, &ours, 1, p->iov, p->n, 0);
	b = a < 0 ? a : process_vm_readv(template, &theirs, 1, p->iov, p->n, 0);
	if (a != all || b != all)
		return a < 0 || b < 0 ? -errno : -EFAULT;
	for (size_t i = 0; i < p->n; i++)
		counts->differ += memcmp(p->ours + i * page_bytes,
					 p->theirs + i * page_bytes,
					 page_bytes) != 0;
	p->n = 0;
	return 0;
}

static int count_range(const struct cow_map *map, const struct cow_range *range,
		       int fd, struct pending *pending, pid_t template,
		       pid_t worker, struct cow_counts *counts)
{
	static uint64_t entries[CHUNK];
	uint64_t done = 0;

	while (done < range->pages) {
		uint64_t left = range->pages - done;
		size_t n = left < CHUNK ? (size_t)left : CHUNK;
		uint64_t address = range->start + done * map->page_bytes;
		int result = read_entries(fd, address, map->page_bytes, entries,
					  n);

		for (size_t i = 0; i < n && result == 0; i++) {
			if ((entries[i] & (PRESENT | FILE_OR_SHARED |
					   EXCLUSIVE)) != (PRESENT | EXCLUSIVE))
				continue;
			counts->copied++;
			if (pending == NULL)
				continue;
			pending->iov[pending->n++] = (struct iovec){
				(void *)(uintptr_t)(address +
						    i * map->page_bytes),
				map->page_bytes };
			if (pending->n == COMPARE)
				result = flush_pending(pending, map->page_bytes,
						       template, worker, counts);
		}
		if (result < 0)
			return result;
		done += n;
	}
	return 0;
}

int cow_count(const struct cow_map *map, pid_t template, pid_t worker,
	      int compare, struct cow_counts *counts)
{
	struct pending pending = { .n = 0 };
	int fd = open_pagemap(worker), result = fd < 0 ? fd : 0;

	*counts = (struct cow_counts){ 0, 0 };
	if (compare) {
		pending.ours = xcalloc(COMPARE, map->page_bytes);
		pending.theirs = xcalloc(COMPARE, map->page_bytes);
	}
	for (size_t i = 0; i < map->n && result == 0; i++)
		result = count_range(map, &map->ranges[i], fd,
				     compare ? &pending : NULL, template,
				     worker, counts);
	if (result == 0)
		result = flush_pending(&pending, map->page_bytes, template,
				       worker, counts);
	free(pending.ours);
	free(pending.theirs);
	if (fd >= 0)
		close(fd);
	return result;
}
