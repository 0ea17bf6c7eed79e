/* causes.h - why a page was copied, as far as its content still tells.
 *
 * The words in which a worker's copy differs from the template's page are looked
 * at one by one.  A word is a reference count when an object begins there, and a
 * part of a collector's header when an object with one follows; an object is
 * known by its type, which is itself an object whose type is `type` or a
 * metaclass.  The first that applies is the cause of the page:
 *
 *   content          some word that is neither differs: the program's own doing,
 *                    objects made and freed included
 *   reference_count  counts differ (collector's headers perhaps too)
 *   gc_header        only collector's headers differ
 *   nothing          the page is as it was: counts went up and down again, the
 *                    collector restored what it wrote
 *
 * So gc_header and a part of nothing are what freezing saves.
 */
#ifndef PERMAFROST_CAUSES_H
#define PERMAFROST_CAUSES_H

#include <stddef.h>
#include <stdint.h>

#include "shm.h"

enum cause {
	CAUSE_GC_HEADER,
	CAUSE_REFERENCE_COUNT,
	CAUSE_CONTENT,
	CAUSE_NOTHING,
	CAUSES
};

extern const char *const cause_names[CAUSES];

/* Knows the types of one template. */
struct causes {
	struct shm_layout layout; /* all 0: not known */
	int memory;		  /* of the template; see peek.h */
	struct known_type *types; /* hash table */
	size_t n, room;
};

/* Whether a layout is known and can be one: any process of a cell may have written
 * over it. */
int causes_knows(const struct shm_layout *layout);

/* Free with causes_fini(), which leaves `memory`. */
void causes_init(struct causes *c, const struct shm_layout *layout, int memory);
void causes_fini(struct causes *c);

/* Bytes that must be readable behind a page that is asked about: objects begin
 * on one page and have their type on the next. */
#define CAUSES_MARGIN 64

/* Whether an object begins at `offset` of a page, behind which CAUSES_MARGIN bytes
 * follow: 0 no, 1 yes, 2 yes, and with a collector's header before it. */
int causes_object_at(struct causes *c, const void *page, size_t bytes,
		     size_t offset);

/* The cause of the copy of the page at `address`: `before` is the template's,
 * `after` the worker's, both of `bytes` + CAUSES_MARGIN.  With an unknown layout,
 * every difference is content. */
enum cause causes_of(struct causes *c, uint64_t address, const void *before,
		     const void *after, size_t bytes);

#endif
