/* fuzz_causes.c - why a page differs, from its content and from what the template says
 * of its objects: harness/causes.c, strategies/heapmarks.h.  Input: lines "WHERE
 * INDEX VALUE" that set 64-bit words of the layout (l), the page before (b) and
 * after (a), and the template's memory (m); all else is 0. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "causes.h"
#include "heapmarks.h"

#define PAGE 4096
#define WORDS ((PAGE + CAUSES_MARGIN) / 8)
#define LAYOUT_WORDS 5

static void set_layout(struct shm_layout *layout, const uint64_t *words)
{
	*layout = (struct shm_layout){
		.type_type = words[0],
		.has_gc_flag = words[1],
		.gc_head_bytes = (uint32_t)words[2],
		.type_offset = (uint32_t)words[3],
		.flags_offset = (uint32_t)words[4],
	};
}

FUZZ_TARGET(causes)
{
	char *text = fuzz_text(data, size);
	const char *next = text;
	uint64_t *before = xcalloc(WORDS, 8), *after = xcalloc(WORDS, 8);
	uint64_t *memory = xcalloc(WORDS, 8), words[LAYOUT_WORDS] = { 0 };
	int fd = memfd_create("memory", MFD_CLOEXEC);
	struct shm_layout layout;
	struct causes causes;
	struct fuzz_word w;
	enum cause cause;

	while (fuzz_next_word(&next, &w))
		switch (w.where) {
		case 'l':
			words[w.index % LAYOUT_WORDS] = w.value;
			break;
		case 'b':
			before[w.index % WORDS] = w.value;
			break;
		case 'a':
			after[w.index % WORDS] = w.value;
			break;
		case 'm':
			memory[w.index % WORDS] = w.value;
			break;
		}
	set_layout(&layout, words);
	FUZZ_REQUIRE(write(fd, memory, WORDS * 8) == WORDS * 8);
	causes_init(&causes, &layout, fd);
	cause = causes_of(&causes, 0x7f0000000000, before, after, PAGE);
	FUZZ_REQUIRE((cause == CAUSE_NOTHING) ==
		     (memcmp(before, after, PAGE) == 0));
	FUZZ_REQUIRE((unsigned)cause < CAUSES);
	if (words[0] == 0)
		FUZZ_REQUIRE(cause == CAUSE_CONTENT || cause == CAUSE_NOTHING);
	causes_fini(&causes);
	heapmarks_is_pool(before, PAGE);
	heapmarks_is_pool(before, 4 * PAGE);
	FUZZ_REQUIRE(heapmarks_mapped_chunk(before, PAGE, words[1]) <=
		     words[1]);
	close(fd);
	free(before);
	free(after);
	free(memory);
	free(text);
}
