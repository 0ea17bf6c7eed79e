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
#include <unistd.h>

#include "util.h"

#define PRESENT (UINT64_C(1) << 63)
#define FILE_OR_SHARED (UINT64_C(1) << 61)
#define EXCLUSIVE (UINT64_C(1) << 56)

#define CHUNK 8192		/* pagemap entries read at a time */

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
	*map = (struct cow_map){ NULL, 0, 0 };
}

/* What to do with a page that the worker owns. */
typedef int copy_found(void *arg, uint64_t address);

/* Calls `found` for each page of the map that is the worker's own. */
static int each_copy(const struct cow_map *map, pid_t worker, copy_found *found,
		     void *arg)
{
	static uint64_t entries[CHUNK];
	int fd = open_pagemap(worker), result = fd < 0 ? fd : 0;

	for (size_t r = 0; r < map->n && result == 0; r++) {
		uint64_t address = map->ranges[r].start;
		uint64_t left = map->ranges[r].pages;

		while (left > 0 && result == 0) {
			size_t n = left < CHUNK ? (size_t)left : CHUNK;

			result = read_entries(fd, address, map->page_bytes,
					      entries, n);
			for (size_t i = 0; i < n && result == 0; i++)
				if ((entries[i] & (PRESENT | FILE_OR_SHARED |
						   EXCLUSIVE)) ==
				    (PRESENT | EXCLUSIVE))
					result = found(arg, address +
						       i * map->page_bytes);
			address += n * map->page_bytes;
			left -= n;
		}
	}
	if (fd >= 0)
		close(fd);
	return result;
}

static int count_one(void *arg, uint64_t address)
{
	(void)address;
	++*(uint64_t *)arg;
	return 0;
}

int cow_count(const struct cow_map *map, pid_t worker, uint64_t *copied)
{
	*copied = 0;
	return each_copy(map, worker, count_one, copied);
}

struct comparison {
	int template, worker;	/* descriptors of /proc/PID/mem */
	char *ours, *theirs;	/* a page each */
	size_t page_bytes;
	uint64_t differ;
};

static int compare_one(void *arg, uint64_t address)
{
	struct comparison *c = arg;
	ssize_t a = pread(c->template, c->theirs, c->page_bytes, (off_t)address);
	ssize_t b = pread(c->worker, c->ours, c->page_bytes, (off_t)address);

	if (a < 0 || b < 0)
		return -errno;
	if (a != b || memcmp(c->ours, c->theirs, (size_t)a) != 0)
		c->differ++;
	return 0;
}

static int open_memory(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cow_compare(const struct cow_map *map, pid_t template, pid_t worker,
		uint64_t *differ)
{
	struct comparison c = {
		.template = open_memory(template),
		.worker = open_memory(worker),
		.ours = xcalloc(1, map->page_bytes),
		.theirs = xcalloc(1, map->page_bytes),
		.page_bytes = map->page_bytes,
	};
	int result = c.template < 0 ? c.template : c.worker < 0 ? c.worker :
		each_copy(map, worker, compare_one, &c);

	*differ = c.differ;
	if (c.template >= 0)
		close(c.template);
	if (c.worker >= 0)
		close(c.worker);
	free(c.ours);
	free(c.theirs);
	return result;
}
