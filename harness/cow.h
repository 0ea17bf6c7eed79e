/* cow.h - which of the template's pages a worker has copied, seen from outside.
 *
 * At the fork, the template's present pages in private writable mappings are
 * noted.  Later, a page at such an address that is present in the worker,
 * anonymous, and mapped by nobody else is a copy: as long as the template stands
 * still and lives, a page that is still shared has at least two users.
 *
 * Source: Documentation/admin-guide/mm/pagemap.rst, bits 63 (present), 61 (file
 * page or shared anonymous) and 56 (exclusively mapped); no privileges needed.
 */
#ifndef PERMAFROST_COW_H
#define PERMAFROST_COW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A run of present pages. */
struct cow_range {
	uint64_t start;		/* address */
	uint64_t pages;
};

/* The pages that the template had at the fork. */
struct cow_map {
	struct cow_range *ranges;
	size_t n;
	size_t page_bytes;
};

/* Notes the pages of `pid`, which must stand still.  0 or -errno; -ENODATA when
 * this kernel does not tell which pages are exclusive.  Free with cow_fini(). */
int cow_note(pid_t pid, struct cow_map *map);
void cow_fini(struct cow_map *map);

/* Counts the pages of the map that are `worker`'s own.  It must stand still.
 * 0 or -errno. */
int cow_count(const struct cow_map *map, pid_t worker, uint64_t *copied);

/* Counts those of them whose content differs from the template's.  Both must
 * stand still.  Reads through /proc/PID/mem, which leaves pages as they are;
 * process_vm_readv pins them and so, since Linux 5.19, unshares pages that are
 * still shared.  Needs the rights of ptrace.  0 or -errno. */
int cow_compare(const struct cow_map *map, pid_t template, pid_t worker,
		uint64_t *differ);

/* Reads one line of /proc/PID/maps.  Pure.  Returns 1 and the range when it is a
 * private writable mapping, 0 when it is another, -EINVAL when malformed. */
int cow_parse_mapping(const char *line, uint64_t *start, uint64_t *end);

#endif
