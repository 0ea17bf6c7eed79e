/* causes.c - tells reference counts and collector's headers from the rest. */
#define _GNU_SOURCE
#include "causes.h"

#include <stdlib.h>
#include <string.h>

#include "peek.h"
#include "util.h"

const char *const cause_names[CAUSES] = {
	[CAUSE_GC_HEADER] = "gc_header",
	[CAUSE_REFERENCE_COUNT] = "reference_count",
	[CAUSE_CONTENT] = "content",
	[CAUSE_NOTHING] = "nothing",
};

#define WORD sizeof(uint64_t)

enum kind { NO_TYPE, PLAIN_TYPE, GC_TYPE };

/* An address that was looked at as a type. */
struct known_type {
	uint64_t address; /* 0: empty */
	enum kind kind;
};

int causes_knows(const struct shm_layout *l)
{
	/* What is behind a page is seen as far as the margin goes. */
	return l->type_type != 0 && l->type_offset >= WORD &&
		l->type_offset <= CAUSES_MARGIN - WORD &&
		l->type_offset % WORD == 0 &&
		l->gc_head_bytes <= CAUSES_MARGIN &&
		l->gc_head_bytes % WORD == 0;
}

void causes_init(struct causes *c, const struct shm_layout *layout, int memory)
{
	*c = (struct causes){ .layout = *layout, .memory = memory };
	if (!causes_knows(&c->layout))
		c->layout = (struct shm_layout){ 0 };
}

void causes_fini(struct causes *c)
{
	free(c->types);
	*c = (struct causes){ .memory = -1 };
}

/* Looks at the template's memory to find out. */
static enum kind kind_of(const struct causes *c, uint64_t address)
{
	const struct shm_layout *l = &c->layout;
	uint64_t meta = peek_word(c->memory, address + l->type_offset);

	if (meta != l->type_type &&
	    (meta == 0 || meta % WORD != 0 ||
	     peek_word(c->memory, meta + l->type_offset) != l->type_type))
		return NO_TYPE;
	return peek_word(c->memory, address + l->flags_offset) &
			l->has_gc_flag ?
		GC_TYPE :
		PLAIN_TYPE;
}

/* The entry of `address`, or the empty one where it belongs. */
static struct known_type *find_type(const struct causes *c, uint64_t address)
{
	size_t i = (size_t)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >>
			    20);

	for (;; i++) {
		struct known_type *t = &c->types[i & (c->room - 1)];

		if (t->address == address || t->address == 0)
			return t;
	}
}

static void grow(struct causes *c)
{
	struct causes old = *c;

	c->room = old.room ? 2 * old.room : 1024;
	c->types = xcalloc(c->room, sizeof *c->types);
	for (size_t i = 0; i < old.room; i++)
		if (old.types[i].address != 0)
			*find_type(c, old.types[i].address) = old.types[i];
	free(old.types);
}

static enum kind look_up(struct causes *c, uint64_t address)
{
	struct known_type *t;

	if (address == 0 || address % WORD != 0)
		return NO_TYPE;
	if (2 * c->n >= c->room)
		grow(c);
	t = find_type(c, address);
	if (t->address == 0) {
		*t = (struct known_type){ address, kind_of(c, address) };
		c->n++;
	}
	return t->kind;
}

/* A page in both processes. */
struct page {
	uint64_t address;
	const char *before, *after;
	size_t bytes;
};

static uint64_t word_at(const char *page, size_t offset)
{
	uint64_t word;

	memcpy(&word, page + offset, sizeof word);
	return word;
}

/* Reference counts use 32 bits, above which 3.14 keeps flags in the topmost 16.
 * 0 is an object that was freed. */
static int is_count(uint64_t word)
{
	return (word & 0xffffffff) != 0 && (word >> 32 & 0xffff) == 0;
}

/* The kind of the type of the object at `offset`, in both processes the same and
 * alive; NO_TYPE when there is none, or when it is out of sight. */
static enum kind object_at(struct causes *c, const struct page *p,
			   size_t offset)
{
	size_t type = offset + c->layout.type_offset;
	uint64_t word;

	if (type + WORD > p->bytes + CAUSES_MARGIN)
		return NO_TYPE;
	word = word_at(p->before, type);
	return word == word_at(p->after, type) &&
			is_count(word_at(p->before, type - WORD)) &&
			is_count(word_at(p->after, type - WORD)) ?
		look_up(c, word) :
		NO_TYPE;
}

int causes_object_at(struct causes *c, const void *page, size_t bytes,
		     size_t offset)
{
	const struct page p = { 0, page, page, bytes };

	return (int)object_at(c, &p, offset);
}

/* The cause of one word that differs. */
static enum cause cause_of_word(struct causes *c, const struct page *p,
				size_t offset)
{
	for (size_t back = 0; back < c->layout.type_offset && back <= offset;
	     back += WORD)
		if (object_at(c, p, offset - back) != NO_TYPE)
			return CAUSE_REFERENCE_COUNT;
	for (size_t ahead = WORD; ahead <= c->layout.gc_head_bytes;
	     ahead += WORD)
		if (object_at(c, p, offset + ahead) == GC_TYPE)
			return CAUSE_GC_HEADER;
	return CAUSE_CONTENT;
}

enum cause causes_of(struct causes *c, uint64_t address, const void *before,
		     const void *after, size_t bytes)
{
	struct page p = { address, before, after, bytes };
	enum cause cause = CAUSE_NOTHING;

	if (memcmp(before, after, bytes) == 0)
		return CAUSE_NOTHING;
	if (c->layout.type_type == 0)
		return CAUSE_CONTENT;
	for (size_t offset = 0; offset < bytes; offset += WORD) {
		enum cause word;

		if (word_at(before, offset) == word_at(after, offset))
			continue;
		word = cause_of_word(c, &p, offset);
		if (word == CAUSE_CONTENT)
			return CAUSE_CONTENT;
		if (cause != CAUSE_REFERENCE_COUNT)
			cause = word;
	}
	return cause;
}
