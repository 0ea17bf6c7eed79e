/* test_cow.c - copied and new pages, with known answers: harness/cow.c,
 * pages.c. */
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
#include <sys/wait.h>
#include <unistd.h>

#include "copies.h"
#include "memcheck.h"
#include "pages.h"
#include "within.h"

#define PAGES 2000

/* What a worker copies besides: its stack, the C library's data. */
#define CONSTANT 150
#define MEMCHECKS 20000 /* Valgrind has pages of its own */

struct counts {
	struct cow_counts cow;
	uint64_t differ;
};

/* Those of the worker's copies whose content differs from ours. */
static int count_changed(const struct cow_map *map, pid_t worker, uint64_t *n)
{
	const struct shm_layout unknown = { 0 };
	struct places places = { NULL, 0 };
	struct copies copies;
	int result = copies_explain(map, &places, &unknown, getpid(), worker,
				    &copies);

	*n = copies_changed(&copies);
	return result;
}

/* The worker writes `touch` pages, of which `change` end with other content than
 * they began with, reads all others, and allocates `more` new ones. */
static void live(char *pages, size_t page, size_t touch, size_t change,
		 size_t more)
{
	volatile char *p = pages;
	char *fresh = mmap(NULL, (more + 1) * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char sum = 0;

	for (size_t i = 0; i < PAGES; i++)
		sum = (char)(sum + p[i * page]);
	for (size_t i = 0; i < touch; i++) {
		char before = p[i * page];

		p[i * page] = (char)(before + 1);
		if (i >= change)
			p[i * page] = before;
	}
	memset(fresh, 1, more * page);
	(void)sum;
}

/* Forks a worker that lives as told, and counts its copies. */
static void measure(size_t touch, size_t change, size_t more,
		    struct counts *counts)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct cow_map map;
	int ready[2], go[2], result;
	char c = 0;
	pid_t pid;

	memset(pages, 7, PAGES * page);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)!read(go[0], &c, 1);
		live(pages, page, touch, change, more);
		(void)!write(ready[1], &c, 1);
		(void)!read(go[0], &c, 1);
		_exit(0);
	}
	result = cow_note(getpid(), &map);
	if (result == -ENODATA)
		skip();
	assert_int_equal(result, 0);
	(void)!write(go[1], &c, 1);
	(void)!read(ready[0], &c, 1);
	assert_int_equal(cow_count(&map, pid, &counts->cow), 0);
	assert_int_equal(count_changed(&map, pid, &counts->differ), 0);
	(void)!write(go[1], &c, 1);
	waitpid(pid, NULL, 0);
	cow_fini(&map);
	munmap(pages, PAGES * page);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
}

static void assert_about(uint64_t measured, size_t known)
{
	assert_within(measured, known,
		      known + (under_memcheck() ? MEMCHECKS : CONSTANT));
}

static void test_nothing_written(void **state)
{
	struct counts counts;

	(void)state;
	measure(0, 0, 0, &counts);
	assert_about(counts.cow.copied, 0);
}

static void test_written_pages(void **state)
{
	struct counts counts;

	(void)state;
	measure(1000, 1000, 0, &counts);
	assert_about(counts.cow.copied, 1000);
	assert_about(counts.differ, 1000);
}

static void test_content_restored(void **state)
{
	struct counts counts;

	(void)state;
	measure(1000, 10, 0, &counts);
	assert_about(counts.cow.copied, 1000);
	assert_about(counts.differ, 10);
}

static void test_new_pages_are_no_copies(void **state)
{
	struct counts counts;

	(void)state;
	measure(1, 1, 5000, &counts);
	assert_about(counts.cow.copied, 1);
	assert_about(counts.cow.fresh, 5000);
	measure(0, 0, 0, &counts);
	assert_about(counts.cow.fresh, 0);
}

/* Comparing one worker with the template must not change what another owns: a
 * page that only the template and one worker still share stays shared. */
static void test_comparing_copies_nothing(void **state)
{
	NOT_UNDER_MEMCHECK("Valgrind copies pages of its own meanwhile");
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct cow_map map;
	struct cow_counts before[2], after[2];
	uint64_t differ;
	int ready[2], go[2][2],
		result; /* a pipe each: none takes the other's go */
	pid_t pids[2];
	char c = 0;

	(void)state;
	memset(pages, 7, PAGES * page);
	assert_int_equal(pipe(ready), 0);
	for (int w = 0; w < 2; w++) {
		assert_int_equal(pipe(go[w]), 0);
		pids[w] = fork();
		assert_true(pids[w] >= 0);
		if (pids[w] == 0) {
			(void)!read(go[w][0], &c, 1);
			for (size_t i = 0; i < PAGES / 2; i++)
				pages[(i + (size_t)w * PAGES / 2) * page] = 8;
			(void)!write(ready[1], &c, 1);
			(void)!read(go[w][0], &c, 1);
			_exit(0);
		}
	}
	result = cow_note(getpid(), &map);
	if (result == -ENODATA)
		skip();
	for (int w = 0; w < 2; w++)
		(void)!write(go[w][1], &c, 1);
	for (int w = 0; w < 2; w++)
		(void)!read(ready[0], &c, 1);
	for (int w = 0; w < 2; w++)
		assert_int_equal(cow_count(&map, pids[w], &before[w]), 0);
	for (int w = 0; w < 2; w++)
		assert_int_equal(count_changed(&map, pids[w], &differ), 0);
	for (int w = 0; w < 2; w++) {
		assert_int_equal(cow_count(&map, pids[w], &after[w]), 0);
		assert_about(before[w].copied, PAGES / 2);
		assert_int_equal(after[w].copied, before[w].copied);
	}
	for (int w = 0; w < 2; w++) {
		(void)!write(go[w][1], &c, 1);
		waitpid(pids[w], NULL, 0);
	}
	cow_fini(&map);
	munmap(pages, PAGES * page);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i][0]);
		close(go[i][1]);
	}
}

/* The pages of [start, start + n * page) of this kind, as a string of 0 and 1. */
struct picture {
	uint64_t start;
	size_t page_bytes;
	char text[32];
};

static int paint(void *arg, uint64_t address, uint64_t n)
{
	struct picture *p = arg;

	while (n-- > 0)
		p->text[(address - p->start) / p->page_bytes + n] = '1';
	return 0;
}

/* Both sources, and ranges that begin and end anywhere, give the same pages. */
static void test_sources_agree(void **state)
{
	struct pages p;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *memory = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t start = (uintptr_t)memory;

	(void)state;
	if (pages_check_exclusive() == -ENODATA)
		skip();
	memory[1 * page] = memory[2 * page] = memory[6 * page] = 1;
	(void)memory[4 * page]; /* the page of zeros is present, not own */
	assert_int_equal(pages_open(&p, getpid()), 0);
	for (int can_scan = p.can_scan; can_scan >= 0; can_scan--) {
		struct picture own = { start, page, "00000000" };
		struct picture present = own, part = own;

		p.can_scan = can_scan;
		assert_int_equal(pages_each(&p, start, start + 8 * page,
					    PAGES_OWNED, paint, &own),
				 0);
		assert_string_equal(own.text, "01100010");
		assert_int_equal(pages_each(&p, start, start + 8 * page,
					    PAGES_PRESENT, paint, &present),
				 0);
		assert_string_equal(present.text, "01101010");
		assert_int_equal(
			pages_each(&p, start + 2 * page, start + 6 * page,
				   PAGES_OWNED, paint, &part),
			0);
		assert_string_equal(part.text, "00100000");
	}
	pages_close(&p);
	munmap((void *)memory, 8 * page);
}

static int halt(void *arg, uint64_t address, uint64_t n)
{
	(void)address;
	(void)n;
	++*(int *)arg;
	return 7;
}

static void test_stops_when_told(void **state)
{
	struct pages p;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *memory = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int calls = 0;

	(void)state;
	for (size_t i = 0; i < 8; i += 2)
		memory[i * page] = 1;
	assert_int_equal(pages_open(&p, getpid()), 0);
	assert_int_equal(
		pages_each(&p, (uintptr_t)memory, (uintptr_t)memory + 8 * page,
			   PAGES_PRESENT, halt, &calls),
		7);
	assert_int_equal(calls, 1);
	pages_close(&p);
	munmap((void *)memory, 8 * page);
	assert_int_equal(pages_open(&p, -1), -ENOENT);
	pages_close(&p);
}

/* A heap in a memfd, which the template does not touch after it has put it
 * there. */
/* Pages that are present count, those never touched do not. */
static void test_noted_pages(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct cow_map before, after;
	char *pages;

	(void)state;
	if (cow_note(getpid(), &before) == -ENODATA)
		skip();
	pages = mmap(NULL, 2 * PAGES * page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(pages, 7, PAGES * page);
	assert_int_equal(cow_note(getpid(), &after), 0);
	assert_about(cow_noted(&after), cow_noted(&before) + PAGES);
	cow_fini(&before);
	cow_fini(&after);
	munmap(pages, 2 * PAGES * page);
}

static void test_heap_in_a_memfd(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create("heap", MFD_CLOEXEC), ready[2], go[2];
	char *pages, *content = malloc(PAGES * page), c = 0;
	struct cow_counts counts;
	struct cow_map map;
	uint64_t changed;
	pid_t pid;

	(void)state;
	memset(content, 7, PAGES * page);
	assert_int_equal(write(fd, content, PAGES * page), PAGES * page);
	free(content);
	pages = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		     fd, 0);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		(void)!read(go[0], &c, 1);
		for (size_t i = 0; i < 1000; i++)
			pages[i * page] = i < 300 ? 8 : 7;
		(void)!write(ready[1], &c, 1);
		(void)!read(go[0], &c, 1);
		_exit(0);
	}
	if (cow_note(getpid(), &map) == -ENODATA)
		skip();
	(void)!write(go[1], &c, 1);
	(void)!read(ready[0], &c, 1);
	assert_int_equal(cow_count(&map, pid, &counts), 0);
	assert_about(counts.copied, 1000);
	assert_about(counts.fresh, 0);
	assert_int_equal(count_changed(&map, pid, &changed), 0);
	assert_about(changed, 300);
	(void)!write(go[1], &c, 1);
	waitpid(pid, NULL, 0);
	cow_fini(&map);
	munmap(pages, PAGES * page);
	close(fd);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
}

int main(void)
{
	alarm(under_memcheck() ?
		      600 :
		      60); /* a worker that never answers ends the test */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_written),
		cmocka_unit_test(test_written_pages),
		cmocka_unit_test(test_content_restored),
		cmocka_unit_test(test_new_pages_are_no_copies),
		cmocka_unit_test(test_comparing_copies_nothing),
		cmocka_unit_test(test_noted_pages),
		cmocka_unit_test(test_heap_in_a_memfd),
		cmocka_unit_test(test_sources_agree),
		cmocka_unit_test(test_stops_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
