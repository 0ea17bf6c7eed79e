/* test_maps.c - /proc/PID/maps: harness/maps.c. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "maps.h"

static int parse(const char *text, struct mapping *m)
{
	static char line[256];

	snprintf(line, sizeof line, "%s", text);
	return maps_parse_line(line, m);
}

static void test_lines(void **state)
{
	struct mapping m;

	(void)state;
	assert_int_equal(parse("7f00-8f00 rw-p 00000000 00:00 0 ", &m), 0);
	assert_int_equal(m.start, 0x7f00);
	assert_int_equal(m.end, 0x8f00);
	assert_int_equal(m.inode, 0);
	assert_string_equal(m.path, "");
	assert_true(mapping_is_private(&m));
	assert_int_equal(parse("7f1c2b6f4000-7f1c2b6f5000 rw-s 0001f000 fe:01 "
			       "393288        /memfd:a b (deleted)",
			       &m),
			 0);
	assert_int_equal(m.start, 0x7f1c2b6f4000);
	assert_int_equal(m.offset, 0x1f000);
	assert_int_equal(m.dev_major, 0xfe);
	assert_int_equal(m.dev_minor, 1);
	assert_int_equal(m.inode, 393288);
	assert_string_equal(m.path, "/memfd:a b (deleted)");
	assert_false(mapping_is_private(&m));
}

static void test_malformed_lines(void **state)
{
	static const char *const bad[] = {
		"",
		"7f00",
		"7f00-8f00 rw",
		"7f00-8f00 rw-p 0 00:00",
		"8f00-7f00 rw-p 0 00:00 0",
		"7f00-8f00 rw 0 00:00 0",
		"x-8f00 rw-p 0 00:00 0",
	};
	struct mapping m;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse(bad[i], &m), -EINVAL);
}

static void test_texts(void **state)
{
	struct maps maps;

	(void)state;
	assert_int_equal(
		maps_parse(
			&maps,
			strdup("1000-2000 rw-p 0 00:00 0 a\n"
			       "3000-4000 r--p 0 00:00 0 b c\n\n5000-6000 x")),
		0);
	assert_int_equal(maps.n, 2);
	assert_string_equal(maps.items[0].path, "a");
	assert_string_equal(maps.items[1].path, "b c");
	assert_ptr_equal(maps_find(&maps, 0x3000), &maps.items[1]);
	assert_null(maps_find(&maps, 0x2000));
	maps_fini(&maps);
	assert_int_equal(maps_parse(&maps,
				    strdup("1000-2000 rw-p 0 00:00 0\n"
					   "3000-4000 r--p 0 00:00")),
			 -EINVAL);
	assert_int_equal(maps.n, 1);
	maps_fini(&maps);
	assert_int_equal(maps_parse(&maps, strdup("")), 0);
	assert_int_equal(maps.n, 0);
	maps_fini(&maps);
}

static void test_own(void **state)
{
	struct maps maps;
	static int here;
	const struct mapping *m;

	(void)state;
	assert_int_equal(maps_read(&maps, getpid()), 0);
	for (size_t i = 1; i < maps.n; i++)
		assert_true(maps.items[i - 1].end <= maps.items[i].start);
	for (size_t i = 0; i < maps.n; i++) {
		assert_ptr_equal(maps_find(&maps, maps.items[i].start),
				 &maps.items[i]);
		assert_ptr_equal(maps_find(&maps, maps.items[i].end - 1),
				 &maps.items[i]);
	}
	m = maps_find(&maps, (uintptr_t)&here);
	assert_non_null(m);
	assert_true(m->permissions[1] == 'w');
	assert_null(maps_find(&maps, 0));
	assert_null(maps_find(&maps, UINT64_MAX));
	maps_fini(&maps);
	assert_int_equal(maps_read(&maps, -1), -ENOENT);
	maps_fini(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_malformed_lines),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
