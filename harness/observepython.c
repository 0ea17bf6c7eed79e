/* observepython.c - finds an interpreter and how its objects lie. */
#define _GNU_SOURCE
#include "observepython.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elfimage.h"
#include "heapmarks.h"
#include "peek.h"
#include "util.h"

#define WORD sizeof(uint64_t)
#define FLAGS_OFFSET 168
#define HAS_GC (UINT64_C(1) << 14)
#define IS_TYPE (UINT64_C(1) << 31)

#define VERSION_TEXT 300 /* bytes that the interpreter keeps for it */
#define CHUNK (UINT64_C(256) << 10)	  /* of memory, read at a time */
#define LARGEST_DATA (UINT64_C(64) << 20) /* no file has more to search */

/* Of headers that were looked at, to find out how large they are. */
#define VOTES_ENOUGH 64
#define HEAP_ENOUGH (UINT64_C(64) << 20)

int observepython_parse(const char *text, char *version, size_t size)
{
	size_t n = 0;
	int dots = 0;
	const char *open = strchr(text, '(');
	const char *threads = strstr(text, "free-threading");

	if (text[0] != '2' && text[0] != '3')
		return -EINVAL;
	while (isalnum((unsigned char)text[n]) || text[n] == '.' ||
	       text[n] == '+') {
		dots += text[n] == '.';
		n++;
	}
	if (dots != 2 || text[1] != '.' || text[n] != ' ' || open == NULL ||
	    strchr(open, '[') == NULL || n + 2 > size)
		return -EINVAL;
	snprintf(version, size, "%.*s%s", (int)n, text,
		 threads != NULL && threads < open ? "t" : "");
	return 0;
}

/* Looks for the version in [start, end) of a file's writable memory. */
static int find_version(int memory, uint64_t start, uint64_t end,
			struct observe_python *python)
{
	char *buffer = xcalloc(1, CHUNK + VERSION_TEXT + 1);
	int result = -ENODATA;

	for (; start < end && result != 0; start += CHUNK) {
		size_t n = peek(memory, start, buffer, CHUNK + VERSION_TEXT);

		if (n > end - start)
			n = (size_t)(end - start);
		memset(buffer + n, 0, CHUNK + VERSION_TEXT - n);
		for (size_t i = 0; i < CHUNK && i < n && result != 0; i++)
			if (buffer[i + 1] == '.' &&
			    (i == 0 || buffer[i - 1] == '\0'))
				result = observepython_parse(
					buffer + i, python->version,
					sizeof python->version);
	}
	free(buffer);
	return result;
}

/* Whether `type` is the type `type` of an interpreter that we know. */
static int is_type_type(int memory, uint64_t type)
{
	const uint64_t wanted = HAS_GC | IS_TYPE;

	return peek_word(memory, type + WORD) == type &&
		(peek_word(memory, type + FLAGS_OFFSET) & wanted) == wanted;
}

/* Looks at one ELF file.  Whether it is the interpreter's. */
static int try_file(int memory, uint64_t base, struct observe_python *python)
{
	struct elfimage image;
	uint64_t type;

	if (elfimage_read(&image, memory, base) < 0)
		return 0;
	type = elfimage_symbol(&image, "PyType_Type");
	if (type == 0)
		return 0;
	python->implementation = "CPython";
	python->generation0 = elfimage_symbol(&image, "_PyGC_generation0");
	python->runtime = elfimage_symbol(&image, "_PyRuntime");
	for (int i = 0; i < image.n && python->version[0] == '\0'; i++) {
		const ElfW(Phdr) *s = &image.segments[i];

		if (s->p_type == PT_LOAD && (s->p_flags & PF_W) != 0 &&
		    s->p_memsz <= LARGEST_DATA)
			find_version(memory, image.bias + s->p_vaddr,
				     image.bias + s->p_vaddr + s->p_memsz,
				     python);
	}
	if (!is_type_type(memory, type)) {
		python->reason = strchr(python->version, 't') != NULL ?
			"free-threaded builds keep their objects in another "
			"way" :
			"its objects lie in a way that is not known";
		return 0;
	}
	python->layout = (struct shm_layout){
		.type_type = type,
		.has_gc_flag = HAS_GC,
		.type_offset = WORD,
		.flags_offset = FLAGS_OFFSET,
	};
	python->reason = NULL;
	return 1;
}

/* Sizes that a header has had; the largest have a double or long double in them. */
static const uint32_t head_bytes[] = { 16, 24, 32 };
#define HEADS (sizeof head_bytes / sizeof *head_bytes)

/* Asks the objects of one page of the heap how large their headers are: one that
 * is followed by an object whose link is answered. */
static void count_votes(struct causes *c, uint64_t address, const char *page,
			size_t bytes, int votes[HEADS])
{
	for (size_t offset = 32; offset < bytes; offset += WORD) {
		if (causes_object_at(c, page, bytes, offset) != 2)
			continue;
		for (size_t i = 0; i < HEADS; i++) {
			uint64_t me = address + offset - head_bytes[i], next;

			memcpy(&next, page + offset - head_bytes[i], WORD);
			next &= ~UINT64_C(3);
			if (next != 0 && next != me &&
			    (peek_word(c->memory, next + WORD) &
			     ~UINT64_C(3)) == me)
				votes[i]++;
		}
	}
}

/* How large headers are; 0: not to be found out. */
static uint32_t find_head_bytes(const struct maps *maps, int memory,
				const struct shm_layout *layout)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *buffer = xcalloc(1, page + CAUSES_MARGIN);
	int votes[HEADS] = { 0 };
	uint64_t looked = 0;
	size_t best = 0;
	struct causes c;

	causes_init(&c, layout, memory);
	for (size_t i = 0; i < maps->n; i++) {
		const struct mapping *m = &maps->items[i];

		for (uint64_t a = m->start; mapping_is_heap(m) && a < m->end &&
		     looked < HEAP_ENOUGH && votes[best] < VOTES_ENOUGH;
		     a += page, looked += page) {
			/* Pools alone: they begin on each page or each fourth,
			 * and a few of them are enough. */
			if (peek(memory, a, buffer, POOL_HEADER_BYTES) <
				    POOL_HEADER_BYTES ||
			    (!heapmarks_is_pool(buffer, page) &&
			     !heapmarks_is_pool(buffer, 4 * page)))
				continue;
			peek(memory, a, buffer, page);
			count_votes(&c, a, buffer, page, votes);
			for (size_t k = 0; k < HEADS; k++)
				if (votes[k] > votes[best])
					best = k;
		}
	}
	causes_fini(&c);
	free(buffer);
	return votes[best] >= VOTES_ENOUGH ? head_bytes[best] : 0;
}

void observepython_find(const struct maps *maps, int memory,
			struct observe_python *python)
{
	int found = 0;

	*python = (struct observe_python){
		.reason = "no CPython was found in it"
	};
	for (size_t i = 0; i < maps->n && !found; i++) {
		const struct mapping *m = &maps->items[i];

		if (strstr(m->path, "libpypy") != NULL) {
			python->implementation = "PyPy";
			python->reason = "PyPy's objects lie in another way";
		}
		if (m->inode != 0 && m->offset == 0)
			found = try_file(memory, m->start, python);
	}
	if (!found)
		return;
	python->layout.gc_head_bytes = find_head_bytes(maps, memory,
						       &python->layout);
	if (python->layout.gc_head_bytes == 0) {
		python->layout = (struct shm_layout){ 0 };
		python->reason = "the collector's lists were not found";
	}
}

/* Objects that are not tracked have no link, or, up to 3.7, -2 in the word behind
 * the links (Include/objimpl.h), from 3.4 on above a flag bit and hence -4.  Tracked
 * ones have -3 there, or -6. */
static int is_tracked(const char *head, uint32_t bytes)
{
	int64_t state = 0;
	uint64_t next;

	memcpy(&next, head, WORD);
	if (bytes > 16)
		memcpy(&state, head + 2 * WORD, WORD);
	return next != 0 && state != -2 && state != -4;
}

int observepython_has_header(struct causes *causes, const void *page,
			     size_t bytes)
{
	const uint32_t head = causes->layout.gc_head_bytes;
	const char *p = page;

	for (size_t offset = WORD; offset < bytes + head; offset += WORD) {
		if (offset + 2 * WORD > bytes + CAUSES_MARGIN)
			break;
		if (causes_object_at(causes, page, bytes, offset) != 2)
			continue;
		/* What lies before the page is taken for tracked. */
		if (offset < head || is_tracked(p + offset - head, head))
			return 1;
	}
	return 0;
}
