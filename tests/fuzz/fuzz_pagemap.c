/* fuzz_pagemap.c - page tables, entry by entry: harness/pages.c.  Input: a line "START
 * END", in pages, then lines "ENTRY [COUNT]", the entry in hexadecimal.  What is
 * found is compared with a look at each entry by itself. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memfd.h"
#include "pages.h"

#define PAGES_MAX 20000 /* more than are read at a time, twice */

struct look {
	uint64_t entries[PAGES_MAX];
	size_t n;
	uint64_t start, end; /* pages */
	uint64_t next;	     /* page that no run has come to */
	uint64_t page_bytes;
	enum pages_kind kind;
	struct memfd_run runs[PAGES_MAX];
	size_t run_count;
};

/* Bits 63, 61 and 56 of an entry. */
static int is_wanted(const struct look *l, uint64_t page)
{
	uint64_t entry = page < l->n ? l->entries[page] : 0;
	uint64_t present = entry >> 63 & 1, file = entry >> 61 & 1;
	uint64_t exclusive = entry >> 56 & 1;

	return present &&
		(l->kind == PAGES_PRESENT ||
		 (l->kind == PAGES_OF_FILE ? file : !file && exclusive));
}

static int take(void *arg, uint64_t address, uint64_t n)
{
	struct look *l = arg;
	uint64_t first = address / l->page_bytes;

	FUZZ_REQUIRE(address % l->page_bytes == 0 && n > 0);
	FUZZ_REQUIRE(first >= l->next && n <= l->end - first);
	for (uint64_t page = l->next; page < first; page++)
		FUZZ_REQUIRE(!is_wanted(l, page));
	for (uint64_t page = first; page < first + n; page++)
		FUZZ_REQUIRE(is_wanted(l, page));
	l->next = first + n;
	l->runs[l->run_count++] = (struct memfd_run){ first, n };
	return 0;
}

/* Reads the input into `l`; a file with the entries, to close. */
static int read_input(struct look *l, const char *text)
{
	unsigned long long a, b;
	int fd = memfd_create("pagemap", MFD_CLOEXEC);

	FUZZ_REQUIRE(fd >= 0);
	l->n = 0;
	l->start = l->end = 0;
	if (sscanf(text, "%llu %llu", &a, &b) == 2) {
		l->start = a % (2 * PAGES_MAX);
		l->end = b % (2 * PAGES_MAX);
	}
	for (text = strchr(text, '\n'); text != NULL;
	     text = strchr(text + 1, '\n')) {
		int got = sscanf(text + 1, "%llx %llu", &a, &b);

		for (b = got == 2 ? b : got == 1; b > 0 && l->n < PAGES_MAX;
		     b--)
			l->entries[l->n++] = a;
	}
	FUZZ_REQUIRE(write(fd, l->entries, l->n * sizeof *l->entries) ==
		     (ssize_t)(l->n * sizeof *l->entries));
	return fd;
}

FUZZ_TARGET(pagemap)
{
	static struct look l;
	char *text = fuzz_text(data, size);
	struct pages pages;

	FUZZ_REQUIRE(pages_take(&pages, read_input(&l, text)) == 0);
	l.page_bytes = pages.page_bytes;
	for (l.kind = PAGES_PRESENT; l.kind <= PAGES_OF_FILE; l.kind++) {
		uint64_t wanted = 0;

		l.next = l.start;
		l.run_count = 0;
		FUZZ_REQUIRE(pages_each(&pages, l.start * l.page_bytes,
					l.end * l.page_bytes, l.kind, take,
					&l) == 0);
		for (uint64_t page = l.next; page < l.end; page++)
			FUZZ_REQUIRE(!is_wanted(&l, page));
		for (uint64_t page = l.start; page < l.end; page++)
			wanted += (uint64_t)is_wanted(&l, page);
		FUZZ_REQUIRE(memfd_cover(l.runs, l.run_count) == wanted);
	}
	pages_close(&pages);
	free(text);
}
