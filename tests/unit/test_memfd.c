/* test_memfd.c - memory that no one maps, with known answers: harness/memfd.c. */
#define _GNU_SOURCE
#include "util.h" /* before cmocka.h, whose fail() is a macro */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memcheck.h"
#include "memfd.h"

#define PAGES 1000

static size_t page; /* bytes */

/* A process that does something to memory and then stands still. */
struct child {
	pid_t pid;
	int go; /* a byte into it ends the child */
};

typedef void life(int fd);

static void start(struct child *child, life *live, int fd)
{
	int ready[2], go[2];
	char byte = 0;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(go[1]);
		live(fd);
		(void)!write(ready[1], &byte, 1);
		(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	child->go = go[1];
}

static void end(struct child *child)
{
	assert_int_equal(write(child->go, "", 1), 1);
	close(child->go);
	waitpid(child->pid, NULL, 0);
}

/* `n` pages of a memfd that are allocated and mapped by none. */
static int filled_memfd(size_t n)
{
	int fd = memfd_create("test (deleted)\n", MFD_CLOEXEC);
	char *data = calloc(1, page);

	assert_true(fd >= 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(write(fd, data, page), page);
	free(data);
	return fd;
}

static char *map(int fd, size_t first, size_t pages, int flags)
{
	char *p = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, flags, fd,
		       (off_t)(first * page));

	if (p == MAP_FAILED)
		_exit(1);
	return p;
}

static void write_pages(volatile char *p, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		p[i * page] = 1;
}

static void read_pages(volatile char *p, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		(void)p[i * page];
}

/* Whether the size of what is mapped but open nowhere can be had. */
static int may_follow_map_files(void)
{
	char *p = mmap(NULL, page, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1,
		       0);
	char *path = xasprintf("/proc/self/map_files/%lx-%lx", (long)p,
			       (long)(p + page));
	struct stat s;
	int may = stat(path, &s) == 0;

	munmap(p, page);
	free(path);
	return may;
}

/* What the test program itself holds before a test does not count. */
static struct memfd_sum inherited;

static int note_inherited(void **state)
{
	pid_t self = getpid();

	(void)state;
	return memfd_sum(&self, 1, NULL, &inherited);
}

/* The pages that `children` hold unmapped, in *files files.  Ends them, and the
 * test when this host does not tell. */
static int64_t unmapped(struct child *children, size_t n,
			const struct stat *except, size_t *files)
{
	struct memfd_sum sum;
	pid_t pids[4];
	int result;

	for (size_t i = 0; i < n; i++)
		pids[i] = children[i].pid;
	result = memfd_sum(pids, n, except, &sum);
	for (size_t i = 0; i < n; i++)
		end(&children[i]);
	if (result == -EPERM && !may_follow_map_files()) {
		print_message("%s\n", sum.failed);
		skip();
	}
	assert_int_equal(result, 0);
	assert_null(sum.failed);
	if (files != NULL)
		*files = sum.files - inherited.files;
	return (sum.unmapped_kib - inherited.unmapped_kib) * 1024 /
		(int64_t)page;
}

/* One process that lives as told. */
static void assert_unmapped(life *live, size_t pages, int64_t expected)
{
	struct child child;
	size_t files;
	int fd = filled_memfd(pages);

	start(&child, live, fd);
	close(fd);
	assert_int_equal(unmapped(&child, 1, NULL, &files), expected);
	assert_int_equal(files, 1);
}

static void maps_nothing(int fd)
{
	(void)fd;
}

static void writes_400(int fd)
{
	write_pages(map(fd, 0, PAGES, MAP_SHARED), 0, 400);
}

static void writes_300_to_600(int fd)
{
	write_pages(map(fd, 0, PAGES, MAP_SHARED), 300, 600);
}

static void copies_100(int fd)
{
	char *p = map(fd, 0, PAGES, MAP_PRIVATE);

	write_pages(p, 0, 100);
	read_pages(p, 100, PAGES);
}

/* The kernel maps up to 16 pages around one that is read, in one mapping. */
static void reads_70_to_120(int fd)
{
	read_pages(map(fd, 70, 50, MAP_PRIVATE), 0, 50);
}

static void closes_and_drops_600(int fd)
{
	char *p = map(fd, 0, PAGES, MAP_SHARED);

	write_pages(p, 0, PAGES);
	madvise(p, 600 * page, MADV_DONTNEED);
	close(fd);
}

static void test_one_process(void **state)
{
	(void)state;
	assert_unmapped(maps_nothing, PAGES, PAGES);
	assert_unmapped(maps_nothing, 0, 0);
	assert_unmapped(writes_400, PAGES, 600);
	assert_unmapped(copies_100, PAGES, 100);
	assert_unmapped(reads_70_to_120, PAGES, PAGES - 50);
}

static void test_closed(void **state)
{
	(void)state;
	assert_unmapped(closes_and_drops_600, PAGES, 600);
}

static void test_several(void **state)
{
	struct child children[3];
	size_t files;
	int fd = filled_memfd(PAGES);

	(void)state;
	/* Each has the file open; it counts once. */
	for (int i = 0; i < 3; i++)
		start(&children[i], maps_nothing, fd);
	assert_int_equal(unmapped(children, 3, NULL, &files), PAGES);
	assert_int_equal(files, 1);
	start(&children[0], writes_400, fd);
	start(&children[1], maps_nothing, fd);
	start(&children[2], writes_300_to_600, fd);
	assert_int_equal(unmapped(children, 3, NULL, NULL), 400);
	start(&children[0], copies_100, fd);
	start(&children[1], reads_70_to_120, fd);
	assert_int_equal(unmapped(children, 2, NULL, NULL), 70);
	/* Open in one, mapped in the other. */
	start(&children[0], closes_and_drops_600, fd);
	start(&children[1], maps_nothing, fd);
	assert_int_equal(unmapped(children, 2, NULL, NULL), 600);
	close(fd);
}

static void test_two_files(void **state)
{
	struct child child;
	size_t files;
	int a = filled_memfd(PAGES), b = filled_memfd(10);

	(void)state;
	start(&child, writes_400, a);
	assert_int_equal(unmapped(&child, 1, NULL, &files), 610);
	assert_int_equal(files, 2);
	close(a);
	close(b);
}

static void test_except(void **state)
{
	struct child child;
	struct stat s;
	size_t files;
	int ours = filled_memfd(PAGES), fd = filled_memfd(10);

	(void)state;
	assert_int_equal(fstat(ours, &s), 0);
	start(&child, writes_400, ours);
	assert_int_equal(unmapped(&child, 1, &s, &files), 10);
	assert_int_equal(files, 1);
	close(ours);
	close(fd);
}

/* The exception may be mapped without being open in any of the processes, as the
 * cell's own file is, and no privilege is needed for it. */
static void test_except_closed(void **state)
{
	int fd = filled_memfd(PAGES), status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct memfd_sum sum;
		struct stat s;

		/* Who has changed users must say that /proc is for it. */
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(99);
		prctl(PR_SET_DUMPABLE, 1);
		pid = getpid();
		writes_400(fd);
		fstat(fd, &s);
		close(fd);
		_exit(-memfd_sum(&pid, 1, &s, &sum));
	}
	close(fd);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* 4 GiB are mapped of 1 TiB; 16 pages exist, and 4 of them are present. */
static void maps_much(int fd)
{
	size_t giga = ((size_t)1 << 30) / page;
	char *p = map(fd, 512 * giga, 4 * giga, MAP_SHARED | MAP_NORESERVE);

	for (size_t i = 0; i < 12; i++)
		if (pwrite(fd, "", 1, (off_t)(i * 80 * giga * page)) != 1)
			_exit(1);
	write_pages(p, 1, 3);
	write_pages(p, 3 * giga, 3 * giga + 2);
}

static void test_sparse(void **state)
{
	struct child child;
	int fd = memfd_create("sparse", MFD_CLOEXEC);

	(void)state;
	NOT_UNDER_MEMCHECK("it keeps account of each byte of a terabyte");
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	start(&child, maps_much, fd);
	close(fd);
	assert_int_equal(unmapped(&child, 1, NULL, NULL), 12);
}

static void shares_anonymous(int fd)
{
	char *p = map(-1, 0, PAGES, MAP_SHARED | MAP_ANONYMOUS);

	close(fd);
	write_pages(p, 0, PAGES);
	madvise(p, 200 * page, MADV_DONTNEED);
}

static void shares_sysv(int fd)
{
	int id = shmget(IPC_PRIVATE, PAGES * page, 0600);
	char *p = shmat(id, NULL, 0);

	close(fd);
	shmctl(id, IPC_RMID, NULL);
	if (id < 0 || p == (char *)-1)
		_exit(1);
	write_pages(p, 0, PAGES);
	madvise(p, 300 * page, MADV_DONTNEED);
}

static void test_other_kinds(void **state)
{
	(void)state;
	assert_unmapped(shares_anonymous, 0, 200);
	assert_unmapped(shares_sysv, 0, 300);
}

/* A deleted file counts in /dev/shm, and nowhere else. */
static void test_deleted_files(void **state)
{
	char shm[] = "/dev/shm/permafrost-test-XXXXXX";
	char disk[] = "./permafrost-test-XXXXXX";
	struct child child;
	size_t files;
	char *data = calloc(50, page);
	int a = mkstemp(shm), b = mkstemp(disk);

	(void)state;
	if (a >= 0)
		unlink(shm);
	if (b >= 0)
		unlink(disk);
	if (a < 0 || b < 0) {
		close(a);
		close(b);
		free(data);
		skip();
		return; /* for analysers: skip() does not return */
	}
	assert_int_equal(write(a, data, 50 * page), 50 * page);
	assert_int_equal(write(b, data, 50 * page), 50 * page);
	start(&child, maps_nothing, a);
	assert_int_equal(unmapped(&child, 1, NULL, &files), 50);
	assert_int_equal(files, 1);
	close(a);
	close(b);
	free(data);
}

/* Huge pages come from a pool of their own. */
static void test_hugetlb(void **state)
{
	struct child child;
	size_t files;
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);

	(void)state;
	if (fd < 0)
		skip();
	start(&child, maps_nothing, fd);
	assert_int_equal(unmapped(&child, 1, NULL, &files), 0);
	assert_int_equal(files, 0);
	close(fd);
}

static void test_gone(void **state)
{
	struct memfd_sum sum;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	assert_int_equal(memfd_sum(&pid, 1, NULL, &sum), -ENOENT);
	assert_non_null(sum.failed);
	assert_int_equal(memfd_sum(&pid, 0, NULL, &sum), 0);
	assert_int_equal(sum.files, 0);
}

static void test_nameless(void **state)
{
	static const char *const yes[] = {
		"/memfd:x (deleted)",	   "/memfd: (deleted)",
		"/SYSV00000000 (deleted)", "/dev/zero (deleted)",
		"/dev/shm/a b (deleted)",  "[anon_shmem:heap]",
	};
	static const char *const no[] = {
		"",
		"/memfd:x",
		"/tmp/memfd:x (deleted)",
		"/dev/zero",
		" (deleted)",
		"/dev/shm/x",
		"/usr/lib/libc.so.6 (deleted)",
		"[anon:heap]",
		"socket:[1]",
		"/dev/zero/x (deleted)",
	};

	(void)state;
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		if (!memfd_is_nameless(yes[i]))
			fail_msg("refused: %s", yes[i]);
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		if (memfd_is_nameless(no[i]))
			fail_msg("taken: %s", no[i]);
}

static void test_cover(void **state)
{
	struct memfd_run apart[] = { { 10, 5 }, { 0, 5 }, { 20, 1 } };
	struct memfd_run nested[] = {
		{ 4, 2 }, { 0, 100 }, { 50, 60 }, { 0, 3 }
	};
	struct memfd_run same[] = { { 7, 3 }, { 7, 3 }, { 10, 1 } };

	(void)state;
	assert_int_equal(memfd_cover(NULL, 0), 0);
	assert_int_equal(memfd_cover(apart, 3), 11);
	assert_int_equal(memfd_cover(nested, 4), 110);
	assert_int_equal(memfd_cover(same, 3), 4);
}

/* With huge pages, more is allocated and present than is touched. */
static int huge_pages(void)
{
	char *text;
	int huge;

	if (read_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled", 4096,
		      &text, NULL) < 0)
		return 0;
	huge = strstr(text, "[never]") == NULL &&
		strstr(text, "[deny]") == NULL &&
		strstr(text, "[advise]") == NULL;
	free(text);
	return huge;
}

#define counted(test) cmocka_unit_test_setup(test, note_inherited)

int main(void)
{
	alarm(under_memcheck() ?
		      600 :
		      60); /* a child that never answers ends the test */
	const struct CMUnitTest pure[] = {
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_cover),
		cmocka_unit_test(test_gone),
	};
	const struct CMUnitTest counts[] = {
		counted(test_one_process),   counted(test_closed),
		counted(test_several),	     counted(test_two_files),
		counted(test_except),	     counted(test_except_closed),
		counted(test_sparse),	     counted(test_other_kinds),
		counted(test_deleted_files), counted(test_hugetlb),
	};
	int failed = cmocka_run_group_tests(pure, NULL, NULL);

	page = (size_t)sysconf(_SC_PAGESIZE);
	if (note_inherited(NULL) < 0 || huge_pages())
		puts("shared memory is huge here, or its pages cannot be read");
	else
		failed += cmocka_run_group_tests(counts, NULL, NULL);
	return failed;
}
