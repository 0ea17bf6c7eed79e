/* giveback.c - the pass: gives back pages that are equal to the memfd's.
 *
 * Which memory is ours is read anew from /proc/self/maps in each pass, never
 * remembered: an arena may have been unmapped and something else mapped at its
 * address, where MADV_DONTNEED would destroy it; a large block may have moved.  The
 * offset in the file says which content a page began with.  Pages of the process's
 * own are those present and not of a file, as PAGEMAP_SCAN (Linux 6.7) or pagemap
 * tell (bits 63 and 61).
 *
 * A page that has been given back and is the process's own again is hot: it would be
 * copied again, too.  Only every so often is it worth a look.
 *
 * The memfd's pages are read into a small buffer rather than through the template's
 * view of them, which would cost each worker page tables.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adopt.h"
#include "pagescan.h"
#include "vmas.h"

#define PRESENT (UINT64_C(1) << 63)
#define FILE_OR_SHARED (UINT64_C(1) << 61)

#define ENTRIES 512 /* of pagemap, read at a time */
#define FOUND 128   /* runs of PAGEMAP_SCAN, likewise */
#define BUFFER (UINT64_C(64) << 10)

struct adopt_statistics adopt_statistics;

struct pass {
	size_t page;
	int pagemap, can_scan;
	char *buffer; /* BUFFER bytes in their own mapping */
	uint64_t looked_at, given_back, left_hot;
};

/* The number of a page at `offset` of the memfd among all adopted. */
static uint64_t page_number(const struct pass *p, uint64_t offset)
{
	const uint64_t slot = UINT64_C(1) << ADOPT_SLOT_BITS;

	return adopted.regions[offset >> ADOPT_SLOT_BITS].first +
		(offset & (slot - 1)) / p->page;
}

static int is_hot(const struct pass *p, uint64_t offset)
{
	uint64_t page = page_number(p, offset);

	return adopted.given[page / 64] >> page % 64 & 1;
}

static void mark_given(const struct pass *p, uint64_t offset, uint64_t bytes)
{
	uint64_t page = page_number(p, offset);

	for (uint64_t end = page + bytes / p->page; page < end; page++)
		adopted.given[page / 64] |= UINT64_C(1) << page % 64;
}

/* Compares the pages of [start, end), all the process's own, with the memfd from
 * `offset` on, and gives equal ones back.  At most BUFFER bytes.  0 or -errno. */
static int compare(struct pass *p, uint64_t start, uint64_t end,
		   uint64_t offset)
{
	ssize_t n = pread(adopted.fd, p->buffer, end - start, (off_t)offset);
	const char *template = p->buffer;
	uint64_t equal = start; /* pages from here on are */

	if (n != (ssize_t)(end - start))
		return n < 0 ? -errno : -EIO;
	for (uint64_t a = start;; a += p->page, template += p->page) {
		if (a < end &&
		    memcmp((const void *)(uintptr_t)a, template, p->page) == 0)
			continue;
		if (a > equal &&
		    madvise((void *)(uintptr_t)equal, a - equal,
			    MADV_DONTNEED) < 0)
			return -errno;
		mark_given(p, offset + equal - start, a - equal);
		p->given_back += (a - equal) / p->page;
		equal = a + p->page;
		if (a >= end)
			break;
	}
	p->looked_at += (end - start) / p->page;
	return 0;
}

/* The same for a run of any length, without its hot pages. */
static int compare_run(struct pass *p, uint64_t start, uint64_t end,
		       uint64_t offset)
{
	int result = 0;

	while (start < end && result == 0) {
		uint64_t n = 0;

		while (n < BUFFER && start + n < end && !is_hot(p, offset + n))
			n += p->page;
		if (n > 0) {
			result = compare(p, start, start + n, offset);
		} else {
			n = p->page;
			p->left_hot++;
		}
		start += n;
		offset += n;
	}
	return result;
}

static int each_by_scan(struct pass *p, uint64_t start, uint64_t end,
			uint64_t offset)
{
	struct scan_region found[FOUND];
	struct scan_arg scan = {
		.size = sizeof scan,
		.start = start,
		.end = end,
		.vec = (uintptr_t)found,
		.vec_len = FOUND,
		.category_inverted = SCAN_FILE,
		.category_mask = SCAN_PRESENT | SCAN_FILE,
		.return_mask = SCAN_PRESENT,
	};
	int result = 0;

	while (scan.start < end && result == 0) {
		int n = ioctl(p->pagemap, SCAN_IOCTL, &scan);

		if (n < 0)
			return -errno;
		for (int i = 0; i < n && result == 0; i++)
			result = compare_run(p, found[i].start, found[i].end,
					     offset + found[i].start - start);
		scan.start = scan.walk_end;
	}
	return result;
}

static int each_by_entries(struct pass *p, uint64_t start, uint64_t end,
			   uint64_t offset)
{
	uint64_t entries[ENTRIES];
	int result = 0;

	while (start < end && result == 0) {
		uint64_t left = (end - start) / p->page;
		uint64_t n = left < ENTRIES ? left : ENTRIES;
		ssize_t got = pread(p->pagemap, entries, n * sizeof *entries,
				    (off_t)(start / p->page * sizeof *entries));

		if (got != (ssize_t)(n * sizeof *entries))
			return got < 0 ? -errno : -EIO;
		for (uint64_t i = 0; i < n && result == 0;) {
			uint64_t first = i;

			while (i < n &&
			       (entries[i] & (PRESENT | FILE_OR_SHARED)) ==
				       PRESENT)
				i++;
			if (i > first)
				result = compare_run(p, start + first * p->page,
						     start + i * p->page,
						     offset + first * p->page);
			else
				i++;
		}
		start += n * p->page;
		offset += n * p->page;
	}
	return result;
}

static int look_at(void *arg, const struct vma *v)
{
	const uint64_t slot = UINT64_C(1) << ADOPT_SLOT_BITS;
	struct pass *p = arg;
	uint64_t index = v->offset >> ADOPT_SLOT_BITS;
	uint64_t within = v->offset & (slot - 1), bytes = v->end - v->start;
	uint64_t frame = (uintptr_t)__builtin_frame_address(0);

	if (v->device != adopted.device || v->inode != adopted.inode ||
	    strcmp(v->access, "rw-p") != 0 || index >= adopted.n)
		return 0;
	/* The stack this runs on is written while it is compared. */
	if (v->start <= frame && frame < v->end)
		return 0;
	/* What a block has grown by began as zeroes: nothing to share. */
	if (within >= adopted.regions[index].bytes)
		return 0;
	if (bytes > adopted.regions[index].bytes - within) {
		bytes = adopted.regions[index].bytes - within;
		/* A write there has made a page of zeroes in the file first,
		 * to copy it; the copy remains. */
		if (fallocate(adopted.fd,
			      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      (off_t)(v->offset + bytes),
			      (off_t)(v->end - v->start - bytes)) < 0)
			return -errno;
	}
	return (p->can_scan ? each_by_scan : each_by_entries)(
		p, v->start, v->start + bytes, v->offset);
}

static int run(struct pass *p)
{
	struct scan_arg empty = { .size = sizeof empty };
	int result;

	p->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (p->pagemap < 0)
		return -errno;
	p->buffer = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	result = p->buffer == MAP_FAILED ? -errno : 0;
	if (result == 0) {
		p->can_scan = ioctl(p->pagemap, SCAN_IOCTL, &empty) == 0;
		result = vmas_each(0, look_at, p);
		munmap(p->buffer, BUFFER);
	}
	close(p->pagemap);
	return result;
}

int64_t adopt_pass(int all)
{
	struct adopt_statistics *s = &adopt_statistics;
	struct pass p = { .page = (size_t)sysconf(_SC_PAGESIZE) };
	sigset_t signals, before;

	if (!adopted.is_active)
		return 0;
	/* Another thread could write between compare and give-back. */
	if (adopt_threads() != 1) {
		s->skipped_threads++;
		return 0;
	}
	if (!adopt_has_memfd()) {
		s->skipped_lost++;
		return 0;
	}
	if (all)
		memset(adopted.given, 0, adopted.given_bytes);
	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, &before);
	if (run(&p) < 0)
		s->skipped_error++;
	sigprocmask(SIG_SETMASK, &before, NULL);
	s->passes++;
	s->pages_looked_at += p.looked_at;
	s->pages_given_back += p.given_back;
	s->pages_left_hot += p.left_hot;
	return (int64_t)p.given_back;
}
