/* maps.h - the mappings of a process: /proc/PID/maps. */
#ifndef PERMAFROST_MAPS_H
#define PERMAFROST_MAPS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mapping {
	uint64_t start, end; /* addresses, [start, end) */
	uint64_t offset;     /* in the file, bytes */
	uint64_t inode;	     /* 0: anonymous */
	unsigned dev_major, dev_minor;
	char permissions[5]; /* "rw-p" */
	const char *path;    /* "[heap]", "/memfd:x (deleted)", or "" */
};

struct maps {
	struct mapping *items; /* by address */
	size_t n;
	char *text; /* what the paths point into */
};

/* Reads one line, without its newline; m->path points into it.  Pure.  0 or
 * -EINVAL. */
int maps_parse_line(char *line, struct mapping *m);

/* Reads all lines of `text`, up to an empty one; takes it over and changes it.
 * 0 or -EINVAL.  Free with maps_fini() in both cases. */
int maps_parse(struct maps *maps, char *text);

/* Reads the mappings of `pid`, which should stand still.  0 or -errno.  Free
 * with maps_fini() in both cases. */
int maps_read(struct maps *maps, pid_t pid);
void maps_fini(struct maps *maps);

/* The mapping that holds `address`, or NULL. */
const struct mapping *maps_find(const struct maps *maps, uint64_t address);

/* Whether a write to it makes a copy of the page for the writer alone. */
int mapping_is_private(const struct mapping *m);

/* Whether objects of an interpreter may lie in it: memory of its own that can be
 * written to, of a memfd too, and not the stack. */
int mapping_is_heap(const struct mapping *m);

#endif
