/* test_arenas.c - arenas that were made by hand are found and added up:
 * harness/arenas.c. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arenas.h"
#include "heapmarks.h"

#define ARENA_POOLS 64

/* Memory for `n` arenas that begins with a pool; *whole is to be unmapped. */
struct memory {
	char *whole, *arenas;
	size_t bytes;
};

static struct memory map_arenas(size_t n, size_t pool)
{
	size_t bytes = (n * ARENA_POOLS + 1) * pool;
	char *whole = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (whole == MAP_FAILED || whole == NULL)
		abort();
	return (struct memory){ whole,
				whole + (pool - (uintptr_t)whole % pool) % pool,
				bytes };
}

static void put_pool(char *address, size_t pool, uint32_t arena, size_t block,
		     uint32_t used)
{
	const struct pool_header h = {
		.used = used,
		.arena = arena,
		.size_class = (uint32_t)(block / 16 - 1),
		.next_offset = POOL_HEADER_BYTES,
		.last_offset = (uint32_t)(pool - block),
	};

	memcpy(address, &h, sizeof h);
}

static void test_sums(void **state)
{
	static const size_t sizes[] = { 4096, 16384 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t pool = sizes[i], arena = ARENA_POOLS * pool;
		struct memory m = map_arenas(3, pool);
		struct arenas a;

		/* Two arenas next to each other, the first of which does not
		 * begin with a pool, and behind a gap one whose index is taken:
		 * another interpreter's in the same process. */
		put_pool(m.arenas + pool, pool, 7, 64, 10);
		put_pool(m.arenas + 63 * pool, pool, 7, 512, 3);
		put_pool(m.arenas + arena, pool, 6, 16, 100);
		put_pool(m.arenas + 5 * pool, pool, 7, 32, 0);
		put_pool(m.arenas + 2 * arena + 10 * pool, pool, 6, 48, 1);
		/* No pools: more blocks than there is room for; not the
		 * beginning of one. */
		put_pool(m.arenas + 2 * arena + 11 * pool, pool, 5, 512,
			 (uint32_t)(pool / 512));
		put_pool(m.arenas + 2 * arena + 12 * pool + 256, pool, 5, 64,
			 1);

		assert_int_equal(arenas_read(getpid(), (uint32_t)pool, &a), 0);
		assert_int_equal(a.n, 3);
		assert_int_equal(a.bytes, 3 * arena);
		assert_int_equal(a.used, 10 * 64 + 3 * 512 + 100 * 16 + 0 + 48);
		assert_true(arenas_share(&a) ==
			    (double)a.used / (double)(3 * arena));
		munmap(m.whole, m.bytes);
	}
}

/* Pages that were never touched stay untouched. */
static void test_disturbs_nothing(void **state)
{
	const size_t pool = 4096;
	struct memory m = map_arenas(1, pool);
	unsigned char present[ARENA_POOLS];
	struct arenas a;
	size_t n = 0;

	(void)state;
	put_pool(m.arenas, pool, 0, 64, 10);
	assert_int_equal(arenas_read(getpid(), (uint32_t)pool, &a), 0);
	assert_int_equal(mincore(m.arenas, ARENA_POOLS * pool, present), 0);
	for (size_t i = 0; i < ARENA_POOLS; i++)
		n += present[i] & 1;
	assert_int_equal(n, 1);
	munmap(m.whole, m.bytes);
}

/* What a strategy has put into a memfd is found, its views are not counted. */
static void test_memfd(void **state)
{
	const size_t pool = 4096, arena = ARENA_POOLS * pool;
	struct memory m = map_arenas(1, pool);
	int fd = memfd_create("heap", 0);
	struct arenas a;
	void *view;

	(void)state;
	put_pool(m.arenas, pool, 0, 64, 10);
	assert_int_equal(write(fd, m.arenas, arena), arena);
	view = mmap(NULL, arena, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(view != MAP_FAILED);
	assert_true(mmap(m.arenas, arena, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED, fd, 0) == m.arenas);
	assert_int_equal(arenas_read(getpid(), (uint32_t)pool, &a), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.used, 640);
	munmap(view, arena);
	munmap(m.whole, m.bytes);
	close(fd);
}

static void test_none(void **state)
{
	/* Whatever a process may have written. */
	static const uint32_t unknown[] = { 0, 1, 4095, 8192, UINT32_MAX };
	struct memory m = map_arenas(1, 8192);
	struct arenas a;

	(void)state;
	put_pool(m.arenas, 8192, 0, 64, 10);
	assert_int_equal(arenas_read(getpid(), 4096, &a), -ENODATA);
	assert_int_equal(a.n, 0);
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		assert_int_equal(arenas_read(getpid(), unknown[i], &a),
				 -ENODATA);
	assert_int_equal(arenas_read(-1, 4096, &a), -ENOENT);
	munmap(m.whole, m.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_disturbs_nothing),
		cmocka_unit_test(test_memfd),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
