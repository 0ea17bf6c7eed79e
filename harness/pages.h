/* pages.h - the page table of a process that stands still, seen from outside.
 *
 * Two sources, both of /proc/PID/pagemap and both free for the owner of the
 * process: the PAGEMAP_SCAN ioctl (Linux 6.7), which skips what is not there at
 * once, and the entries themselves, one by one.  Only the entries tell whether
 * a page is mapped by this process alone, so PAGEMAP_SCAN finds where to look
 * and the entries decide; without it they are read for all of a range.
 *
 * Source: Documentation/admin-guide/mm/pagemap.rst of the kernel: bits 63
 * (present), 61 (file page or shared anonymous) and 56 (exclusively mapped,
 * since Linux 4.2).
 */
#ifndef PERMAFROST_PAGES_H
#define PERMAFROST_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pages {
	int fd; /* pagemap, or -1 */
	size_t page_bytes;
	int can_scan;	   /* PAGEMAP_SCAN works */
	uint64_t *entries; /* buffer */
};

enum pages_kind {
	PAGES_PRESENT, /* of any kind */
	PAGES_OWNED,   /* anonymous, mapped by this process alone */
	PAGES_OF_FILE, /* of a file or shared anonymous, no private copy */
};

/* Opens the page table of `pid`.  0 or -errno.  Close in both cases. */
int pages_open(struct pages *p, pid_t pid);
void pages_close(struct pages *p);

/* The same of an open file in the form of a pagemap, which it takes over; -1: it
 * could not be opened, as errno says. */
int pages_take(struct pages *p, int fd);

/* What to do with a run of `n` pages from `address` on; 0, or stops with what it
 * returns. */
typedef int pages_found(void *arg, uint64_t address, uint64_t n);

/* Calls `found` for the pages of [start, end) that are of this kind, by address,
 * in runs that need not be as long as possible.  0, -errno, or what `found`
 * returned. */
int pages_each(struct pages *p, uint64_t start, uint64_t end,
	       enum pages_kind kind, pages_found *found, void *arg);

/* Whether this kernel tells which pages are exclusive: tries it on a page of our
 * own.  0; -ENODATA if not, or -errno. */
int pages_check_exclusive(void);

/* How pages are found here: "PAGEMAP_SCAN, pagemap" or "pagemap". */
const char *pages_method(void);

#endif
