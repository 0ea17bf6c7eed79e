/* vmas.h - this process's own mappings, told one by one without allocating.
 *
 * For code that must not disturb the heap it looks at: neither malloc() nor stdio
 * is used, only a buffer on the stack.  Formats: proc(5), maps and smaps.
 */
#ifndef PERMAFROST_VMAS_H
#define PERMAFROST_VMAS_H

#include <stdint.h>
#include <sys/types.h>

struct vma {
	uint64_t start, end, offset;
	dev_t device;
	ino_t inode;
	char access[5]; /* as in "rw-p" */
	char path[40];	/* its beginning; "" without one */
	int fixed;	/* smaps only: locked, huge, not for children... */
};

/* Called for each mapping in their order; not 0 ends the walk. */
typedef int vma_seen(void *arg, const struct vma *v);

/* Tells all mappings, with `flags` from smaps, which takes far longer, as the
 * kernel then walks all page tables.  0, what `seen` returned, or -errno. */
int vmas_each(int flags, vma_seen *seen, void *arg);

#endif
