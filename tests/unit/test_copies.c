/* test_copies.c - where and why pages were copied, on an invented heap with known
 * answers: harness/places.c, causes.c, copies.c. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "copies.h"
#include "heapmarks.h"
#include "memcheck.h"

/* Objects as CPython's, with a collector's header of two words before those of
 * some types. */
struct object {
	uint64_t count;
	struct type *type;
	uint64_t value[2];
};
struct type {
	struct object base;
	uint64_t flags;
};
struct tracked {
	uint64_t next, previous;
	struct object object;
};
#define HAS_GC (UINT64_C(1) << 14)

static struct type type_type = { { 1, &type_type, { 0, 0 } }, HAS_GC };
static struct type meta = { { 1, &type_type, { 0, 0 } }, HAS_GC };
static struct type plain = { { 1, &type_type, { 0, 0 } }, 0 };
static struct type list = { { 1, &meta, { 0, 0 } }, HAS_GC };

static struct shm_layout layout(void)
{
	return (struct shm_layout){
		.type_type = (uintptr_t)&type_type,
		.has_gc_flag = HAS_GC,
		.gc_head_bytes = offsetof(struct tracked, object),
		.type_offset = offsetof(struct object, type),
		.flags_offset = offsetof(struct type, flags),
	};
}

/* One page of the invented heap. */
#define PER_PAGE 40
union page {
	struct tracked tracked[PER_PAGE];
	struct object objects[PER_PAGE];
	uint64_t words[512];
};
_Static_assert(sizeof(union page) == 4096, "a page");

enum {
	COUNT,
	COUNT_AND_HEADER,
	HEADER,
	VALUE,
	TYPE,
	FREED,
	FREED_TO_LIST,
	RESTORED,
	UNTRACKED_HEADER,
	LAST_WORD,
	UNTOUCHED,
	PAGES
};

static const enum cause expected[PAGES] = {
	[COUNT] = CAUSE_REFERENCE_COUNT,
	[COUNT_AND_HEADER] = CAUSE_REFERENCE_COUNT,
	[HEADER] = CAUSE_GC_HEADER,
	[VALUE] = CAUSE_CONTENT,
	[TYPE] = CAUSE_CONTENT,
	[FREED] = CAUSE_CONTENT,
	[FREED_TO_LIST] = CAUSE_CONTENT,
	[RESTORED] = CAUSE_NOTHING,
	[UNTRACKED_HEADER] = CAUSE_CONTENT,
	[LAST_WORD] = CAUSE_REFERENCE_COUNT,
};

static void fill(union page *pages)
{
	for (int p = 0; p < PAGES; p++)
		for (int i = 0; i < PER_PAGE; i++)
			pages[p].tracked[i] = (struct tracked){
				10, 20, { 1, &list, { 7, 7 } }
			};
	for (int i = 1; i < PER_PAGE; i++)
		pages[UNTRACKED_HEADER].objects[i] = (struct object){
			1, &plain, { 7, 7 }
		};
	/* An object whose type stands on the next page. */
	pages[LAST_WORD].words[511] = 1;
	pages[LAST_WORD + 1].words[0] = (uintptr_t)&plain;
}

static void change(volatile union page *pages)
{
	pages[COUNT].tracked[3].object.count++;
	pages[COUNT_AND_HEADER].tracked[3].object.count++;
	pages[COUNT_AND_HEADER].tracked[4].next++;
	pages[HEADER].tracked[0].next += 16;
	pages[HEADER].tracked[5].previous += 16;
	pages[VALUE].tracked[3].object.count++;
	pages[VALUE].tracked[3].object.value[0]++;
	pages[TYPE].tracked[3].object.type = &plain;
	pages[FREED].tracked[3].object.count = 0;
	pages[FREED_TO_LIST].tracked[3].object.count = (uintptr_t)pages;
	pages[RESTORED].tracked[3].object.count++;
	pages[RESTORED].tracked[3].object.count--;
	pages[UNTRACKED_HEADER].objects[2].value[1]++;
	pages[LAST_WORD].words[511]++;
}

/* Calls `look` with a forked worker that has changed the pages. */
static void with_worker(union page *pages,
			void (*look)(union page *pages, pid_t worker,
				     const struct cow_map *map))
{
	int ready[2], go[2], result;
	struct cow_map map;
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	fill(pages);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)!read(go[0], &c, 1);
		change(pages);
		(void)!write(ready[1], &c, 1);
		(void)!read(go[0], &c, 1);
		_exit(0);
	}
	result = cow_note(getpid(), &map);
	(void)!write(go[1], &c, 1);
	(void)!read(ready[0], &c, 1);
	if (result == 0)
		look(pages, pid, &map);
	(void)!write(go[1], &c, 1);
	waitpid(pid, NULL, 0);
	cow_fini(&map);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	assert_int_equal(result, 0);
}

/* Counts each page of the heap alone. */
static void look_at_causes(union page *pages, pid_t worker,
			   const struct cow_map *map)
{
	const struct shm_layout known = layout(), unknown = { 0 };
	const struct places nowhere = { NULL, 0 };
	struct copies copies;

	(void)map;
	for (int p = 0; p < PAGES; p++) {
		struct cow_range range = { (uintptr_t)&pages[p],
					   (uintptr_t)&pages[p + 1] };
		struct cow_map one = { &range, 1 };
		uint64_t *n = copies.pages[PLACE_OTHER];

		assert_int_equal(copies_explain(&one, &nowhere, &known,
						getpid(), worker, &copies),
				 0);
		for (int cause = 0; cause < CAUSES; cause++)
			assert_int_equal(
				n[cause],
				p != UNTOUCHED && cause == (int)expected[p]);
		assert_int_equal(copies_explain(&one, &nowhere, &unknown,
						getpid(), worker, &copies),
				 0);
		assert_int_equal(copies_changed(&copies),
				 p != RESTORED && p != UNTOUCHED);
	}
}

/* Any process of a cell can write over it. */
static void test_layouts(void **state)
{
	static const uint32_t offsets[] = { 0, 1, 7, 12, 60, 64, 0xfffffff8 };
	static const uint32_t heads[] = { 1, 17, 72, 0xfffffff8 };
	struct shm_layout l = layout();

	(void)state;
	assert_true(causes_knows(&l));
	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		l.type_offset = offsets[i];
		assert_false(causes_knows(&l));
	}
	l = layout();
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		l.gc_head_bytes = heads[i];
		assert_false(causes_knows(&l));
	}
	l = layout();
	l.type_type = 0;
	assert_false(causes_knows(&l));
}

static void test_causes(void **state)
{
	union page *pages = mmap(NULL, PAGES * sizeof *pages,
				 PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	NOT_UNDER_MEMCHECK(
		"memory is below 4 GiB there, where an address looks "
		"like a count");
	with_worker(pages, look_at_causes);
	munmap(pages, PAGES * sizeof *pages);
}

/* Known memory of this program, one of each kind. */
static char in_data[8192] = { 1 };
static char in_bss[8192];

static void test_places(void **state)
{
	NOT_UNDER_MEMCHECK(
		"its malloc has neither a brk range nor mapped blocks");
	char on_stack[8192], *small = malloc(64), *big = malloc(1 << 20);
	char *mapped = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* The page after the first, since the first has the block's header. */
	const struct {
		char *address;
		enum place place;
	} known[] = {
		{ in_data + 4096, PLACE_LIBRARY },
		{ in_bss + 4096, PLACE_LIBRARY },
		{ (char *)&_r_debug, PLACE_LIBRARY },
		{ on_stack + 4096, PLACE_STACK },
		{ small, PLACE_MALLOC },
		{ big, PLACE_MALLOC },
		{ big + (1 << 19), PLACE_MALLOC },
		{ big + (1 << 20) - 1, PLACE_MALLOC },
		{ mapped, PLACE_OTHER },
	};
	struct cow_map map;
	struct places places;

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		*(volatile char *)known[i].address = 1;
	assert_int_equal(cow_note(getpid(), &map), 0);
	assert_int_equal(places_find(&map, getpid(), &places), 0);
	for (size_t i = 1; i < places.n; i++)
		assert_true(places.runs[i - 1].end <= places.runs[i].start);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		assert_int_equal(
			places_at(&places, (uintptr_t)known[i].address),
			known[i].place);
	assert_int_equal(places_at(&places, 1), PLACE_OTHER);
	places_fini(&places);
	cow_fini(&map);
	munmap(mapped, 8192);
	free(small);
	free(big);
}

struct pool {
	uint32_t used, padding;
	uint64_t free_block, next, previous;
	uint32_t arena, size_class, next_offset, last_offset;
};

static void test_pool_headers(void **state)
{
	/* 64-byte blocks: class 7 by 8, class 3 by 16. */
	struct pool good = { 3, 0, 0, 0, 0, 1, 7, 48 + 3 * 64, 4096 - 64 };
	struct pool bad;

	(void)state;
	assert_true(heapmarks_is_pool(&good, 4096));
	assert_false(heapmarks_is_pool(&good, 16384));
	good.size_class = 3;
	assert_true(heapmarks_is_pool(&good, 4096));
	good.last_offset = 16384 - 64;
	assert_true(heapmarks_is_pool(&good, 16384));
	good.last_offset = 4096 - 64;
	bad = good, bad.size_class = 5;
	assert_false(heapmarks_is_pool(&bad, 4096));
	bad = good, bad.used = 64;
	assert_false(heapmarks_is_pool(&bad, 4096));
	bad = good, bad.next_offset = 47;
	assert_false(heapmarks_is_pool(&bad, 4096));
	bad = good, bad.next_offset = 4097;
	assert_false(heapmarks_is_pool(&bad, 4096));
	memset(&bad, 0, sizeof bad);
	assert_false(heapmarks_is_pool(&bad, 4096));
}

static void test_mapped_chunks(void **state)
{
	const struct {
		uint64_t head[2], room, size;
	} cases[] = {
		{ { 0, 0x101002 }, 0x101000, 0x101000 },
		{ { 0, 0x100ff2 }, 0x101000, 0x101000 }, /* 2.43 */
		{ { 0, 0x100ff2 }, 0x100ff0, 0 },
		{ { 0, 0x101002 }, 0x100000, 0 }, /* larger than what is there */
		{ { 0, 0x101000 }, 0x101000, 0 }, /* flag missing */
		{ { 0, 0x101003 }, 0x101000, 0 }, /* another flag */
		{ { 0, 0x101012 }, 0x102000, 0 }, /* no whole pages */
		{ { 1, 0x101002 }, 0x101000, 0 },
		{ { 0, 2 }, 0x101000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(heapmarks_mapped_chunk(cases[i].head, 4096,
							cases[i].room),
				 cases[i].size);
}

int main(void)
{
	alarm(under_memcheck() ?
		      600 :
		      60); /* a worker that never answers ends the test */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_pool_headers),
		cmocka_unit_test(test_mapped_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
