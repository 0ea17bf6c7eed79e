/* test_adopt.c - the heap on a memfd, without an interpreter: strategies/adopt.c,
 * giveback.c and vmas.c.  Hazards that Python code cannot make at will. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "adopt.h"
#include "heapmarks.h"
#include "memcheck.h"
#include "vmas.h"

#define PAGE ((size_t)4096)
#define POOL PAGE
#define ARENA (64 * PAGE)
#define LARGE ((size_t)1 << 20) /* glibc maps such blocks */

static int adopt(void)
{
	return adopt_heap(POOL, ARENA);
}

/* What is asked about an address. */
struct question {
	uint64_t address;
	int is_ours;
};

static int answer(void *arg, const struct vma *v)
{
	struct question *q = arg;

	if (v->start <= q->address && q->address < v->end)
		q->is_ours = v->inode == adopted.inode &&
			v->device == adopted.device;
	return 0;
}

static int is_adopted(const void *p)
{
	struct question q = { (uintptr_t)p, 0 };

	assert_int_equal(vmas_each(0, answer, &q), 0);
	return adopted.is_active && q.is_ours;
}

static void make_pool(char *page)
{
	struct pool_header h = { .size_class = 3, .next_offset = 48 };

	h.last_offset = (uint32_t)(POOL - (h.size_class + 1) * 16);
	memcpy(page, &h, sizeof h);
	assert_true(heapmarks_is_pool(page, POOL));
}

static char *map(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

/* An arena of 8 pools between guards, so that it is a mapping of its own. */
static char *map_arena(void)
{
	char *p = map(10 * PAGE);

	assert_int_equal(mprotect(p, PAGE, PROT_NONE), 0);
	assert_int_equal(mprotect(p + 9 * PAGE, PAGE, PROT_NONE), 0);
	for (size_t i = 0; i < 8; i++)
		make_pool(p + PAGE + i * PAGE);
	return p + PAGE;
}

static int undo(void **state)
{
	(void)state;
	return adopt_undo();
}

/* Runs `life` in a child.  Fails unless it ends with 0. */
static void in_child(void (*life)(void *), void *arg)
{
	pid_t pid = fork();
	int status = -1;

	assert_true(pid >= 0);
	if (pid == 0) {
		life(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition)) {                                            \
			dprintf(2, "%d: %s\n", __LINE__, #condition);          \
			_exit(1);                                              \
		}                                                              \
	} while (0)

/* Whether the page is the process's own. */
static int is_own(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	MUST(pread(fd, &entry, sizeof entry,
		   (off_t)((uintptr_t)p / PAGE * sizeof entry)) == 8);
	close(fd);
	return (entry >> 61 & 5) == 4;
}

static char fake[4 * PAGE] __attribute__((aligned(4096)));

static void test_what_is_adopted(void **state)
{
	char *arena = map_arena(), *large = malloc(LARGE), *small = malloc(64);
	char *hugepages = map_arena(), *locked = map_arena();
	char *unforked = map_arena(), *wiped = map_arena(), *other = map(LARGE);
	char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	for (size_t i = 0; i < 4; i++)
		make_pool(fake + i * PAGE);
	make_pool(shared);
	memset(other, 'x', LARGE);
	memset(arena + 3 * PAGE, 'g', PAGE); /* a gap within an arena */
	madvise(hugepages, 8 * PAGE, MADV_HUGEPAGE);
	assert_int_equal(mlock(locked, 8 * PAGE), 0);
	assert_int_equal(madvise(unforked, 8 * PAGE, MADV_DONTFORK), 0);
	assert_int_equal(madvise(wiped, 8 * PAGE, MADV_WIPEONFORK), 0);
	memset(large, 'l', LARGE);
	assert_int_equal(adopt(), 0);
	assert_true(is_adopted(arena) && is_adopted(arena + 3 * PAGE));
	assert_true(is_adopted(large));
	/* Its small blocks are elsewhere than in the brk range. */
	assert_true(is_adopted(small) || under_memcheck());
	assert_false(is_adopted(fake) || is_adopted(fake + 3 * PAGE));
	assert_false(is_adopted(other) || is_adopted(shared));
	assert_false(is_adopted(hugepages) || is_adopted(locked));
	assert_false(is_adopted(unforked) || is_adopted(wiped));
	assert_false(is_adopted(&state) || is_adopted(&errno));
	assert_int_equal(arena[3 * PAGE], 'g');
	assert_int_equal(large[LARGE - 1], 'l');
	free(large);
	free(small);
}

/* What lies between two arenas belongs to them only if it is small and untouched. */
static void test_gaps(void **state)
{
	char *p = map(32 * PAGE);

	(void)state;
	make_pool(p + PAGE);
	make_pool(p + 3 * PAGE); /* an untouched page between */
	((struct pool_header *)(void *)(p + 3 * PAGE))->arena = 1;
	make_pool(p + 6 * PAGE); /* two */
	((struct pool_header *)(void *)(p + 6 * PAGE))->arena = 2;
	p[7 * PAGE] = 'x'; /* somebody else's */
	make_pool(p + 8 * PAGE);
	((struct pool_header *)(void *)(p + 8 * PAGE))->arena = 3;
	assert_int_equal(adopt(), 0);
	assert_true(is_adopted(p + PAGE) && is_adopted(p + 3 * PAGE));
	assert_true(is_adopted(p + 6 * PAGE) && is_adopted(p + 8 * PAGE));
	assert_true(is_adopted(p + 2 * PAGE));
	assert_false(is_adopted(p) || is_adopted(p + 4 * PAGE));
	assert_false(is_adopted(p + 7 * PAGE) || is_adopted(p + 9 * PAGE));
	munmap(p, 32 * PAGE);
}

#ifdef __x86_64__
/* The thread's control block in the middle of an arena, as far as one can tell. */
static void move_thread(void *arg)
{
	const size_t below = 2048, above = 2560; /* of it, by far enough */
	char *arena = arg, *before = (char *)pthread_self();
	char *after = arena + 4 * PAGE + (uintptr_t)before % PAGE;
	uintptr_t self = (uintptr_t)after;

	memset(arena + 2 * PAGE, 0, 5 * PAGE);
	memcpy(after - below, before - below, below + above);
	memcpy(after, &self, sizeof self);	/* it points to itself */
	memcpy(after + 16, &self, sizeof self); /* twice */
	MUST(syscall(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, after) == 0);
	MUST(adopt() == 0);
	asm volatile("mov %%fs:0, %0" : "=r"(before));
	MUST(before == after);
	MUST(is_adopted(arena + 3 * PAGE - 1) && is_adopted(arena + 6 * PAGE));
	MUST(!is_adopted(after) && !is_adopted(&errno));
}

static void test_thread_in_the_heap(void **state)
{
	(void)state;
	in_child(move_thread, map_arena());
}
#endif

/* Kernels before 6.7, to which PAGEMAP_SCAN is no request, and sandboxes. */
static void forbid_page_scan(void)
{
	struct sock_filter lines[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, lines };

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/* What page `i` of the block is full of. */
static char letter(size_t i)
{
	return (char)('0' + i % 61);
}

/* Writes to some pages of a block of LARGE bytes what they hold, to others more. */
static void write_some(void *arg)
{
	char *p = (char *)(((uintptr_t)arg + PAGE) / PAGE * PAGE);

	for (size_t i = 0; i < 202; i++)
		p[i * PAGE + 100] = (char)(i % 5 == 0 ? 'n' : letter(i));
	MUST(mprotect(p + 201 * PAGE, PAGE, PROT_NONE) == 0);
	MUST(adopt_pass(1) >= 160);
	MUST(mprotect(p + 201 * PAGE, PAGE, PROT_READ) == 0);
	for (size_t i = 0; i < 202; i++) {
		MUST(p[i * PAGE + 100] == (i % 5 == 0 ? 'n' : letter(i)));
		MUST(is_own(p + i * PAGE) == (i % 5 == 0 || i == 201));
	}
	MUST(adopt_statistics.skipped_error == 0);
}

/* A block of the template is gone, and something else is at its address, with the
 * content that the memfd has at the offset which maps tell for it. */
static void map_anew(void *arg)
{
	size_t bytes = adopted.regions[0].bytes;
	char *p = arg;

	bytes = bytes < 4 * PAGE ? bytes : 4 * PAGE;
	MUST(mmap(p, 8 * PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	MUST(pread(adopted.fd, p, bytes, 0) == (ssize_t)bytes);
	for (size_t i = 0; i < bytes; i += PAGE)
		p[i] |= 1;
	MUST(pwrite(adopted.fd, p, bytes, 0) == (ssize_t)bytes);
	adopt_pass(1);
	for (size_t i = 0; i < bytes; i += PAGE)
		MUST(p[i] & 1);
	MUST(!is_adopted(p));
}

static void test_mapped_anew(void **state)
{
	char *arena = map_arena();

	(void)state;
	assert_int_equal(adopt(), 0);
	in_child(map_anew, arena);
}

/* What the memfd occupies, in bytes. */
static int64_t occupied(void)
{
	struct stat st;

	MUST(fstat(adopted.fd, &st) == 0);
	return st.st_blocks * 512;
}

/* Grows, moves and shrinks one block. */
static void reallocate(void *arg)
{
	int64_t template = occupied();
	char *p = arg, *blocker = map(LARGE);

	MUST(is_adopted(p));
	p = realloc(p, 64 * LARGE);
	MUST(is_adopted(p) && is_adopted(p + 64 * LARGE - PAGE));
	for (size_t i = 0; i < LARGE; i += PAGE)
		MUST(p[i + 32] == 'a');
	memset(p + LARGE, 'b', 63 * LARGE);
	for (size_t i = 0; i < LARGE; i += 2 * PAGE)
		p[i + 32] = 'c';
	adopt_pass(1);
	MUST(adopt_statistics.skipped_error == 0);
	MUST(occupied() <= template);
	for (size_t i = 0; i < LARGE; i += PAGE)
		MUST(p[i + 32] == (i % (2 * PAGE) == 0 ? 'c' : 'a'));
	for (size_t i = LARGE; i < 63 * LARGE; i++)
		MUST(p[i] == 'b');
	p = realloc(p, LARGE / 2);
	adopt_pass(1);
	p = realloc(p, 2 * LARGE);
	memset(p, 'd', 2 * LARGE);
	adopt_pass(1);
	for (size_t i = 0; i < 2 * LARGE; i++)
		MUST(p[i] == 'd');
	munmap(blocker, LARGE);
}

static void test_reallocated(void **state)
{
	char *large = malloc(LARGE);

	(void)state;
	memset(large, 'a', LARGE);
	assert_int_equal(adopt(), 0);
	/* Behind the end of the file, a touch would be SIGBUS. */
	assert_true(lseek(adopted.fd, 0, SEEK_END) >=
		    (off_t)((uint64_t)adopted.n << ADOPT_SLOT_BITS));
	in_child(reallocate, large);
	assert_int_equal(large[LARGE / 2], 'a');
	free(large);
}

/* A pass that runs on a stack which is adopted. */
static ucontext_t here, there;

static char *stack;

static void on_other_stack(void)
{
	char local[3 * PAGE];

	stack[8 * PAGE] = 0; /* equal, and far from what is in use */
	MUST(is_own(stack + 8 * PAGE));

	memset(local, 's', sizeof local);
	adopt_pass(1);
	MUST(is_own(stack + 8 * PAGE));
	for (size_t i = 0; i < sizeof local; i++)
		MUST(local[i] == 's');
}

static void switch_stack(void *arg)
{
	(void)arg;
	MUST(swapcontext(&here, &there) == 0);
}

static void test_stack_in_the_heap(void **state)
{
	(void)state;
	stack = malloc(LARGE);
	memset(stack, 0, LARGE);
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = LARGE;
	there.uc_link = &here;
	makecontext(&there, on_other_stack, 0);
	assert_int_equal(adopt(), 0);
	assert_true(is_adopted(stack));
	in_child(switch_stack, NULL);
	free(stack);
}

static void write_without_scan(void *arg)
{
	forbid_page_scan();
	write_some(arg);
}

static void test_without_page_scan(void **state)
{
	char *large = malloc(LARGE);
	char *first = (char *)(((uintptr_t)large + PAGE) / PAGE * PAGE);

	(void)state;
	for (size_t i = 0; i < LARGE / PAGE - 1; i++)
		memset(first + i * PAGE, letter(i), PAGE);
	assert_int_equal(adopt(), 0);
	in_child(write_some, large);
	in_child(write_without_scan, large);
	free(large);
}

static void test_many_times(void **state)
{
	char *large = malloc(LARGE), *arena = map_arena();

	(void)state;
	memset(large, 'm', LARGE);
	for (size_t i = 0; i < 5; i++) {
		large[i * PAGE + 32] = (char)i;
		assert_int_equal(adopt(), 0);
		assert_true(is_adopted(large) && is_adopted(arena));
		large[(i + 8) * PAGE + 32] = (char)i;
		if (i == 2)
			assert_int_equal(adopt_undo(), 0);
	}
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(large[i * PAGE + 32], i);
		assert_int_equal(large[(i + 8) * PAGE + 32], i);
	}
	assert_int_equal(adopt_undo(), 0);
	assert_false(is_adopted(large));
	assert_int_equal(large[3 * PAGE + 32], 3);
	assert_int_equal(large[20 * PAGE + 32], 'm');
	free(large);
}

static void limit_files(void *arg)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };

	(void)arg;
	MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	MUST(adopt() == -EFBIG);
	MUST(!adopted.is_active);
}

static void test_limited_files(void **state)
{
	(void)state;
	in_child(limit_files, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_what_is_adopted, undo),
		cmocka_unit_test_teardown(test_gaps, undo),
#ifdef __x86_64__
		cmocka_unit_test_teardown(test_thread_in_the_heap, undo),
#endif
		cmocka_unit_test_teardown(test_without_page_scan, undo),
		cmocka_unit_test_teardown(test_mapped_anew, undo),
		cmocka_unit_test_teardown(test_reallocated, undo),
		cmocka_unit_test_teardown(test_stack_in_the_heap, undo),
		cmocka_unit_test_teardown(test_many_times, undo),
		cmocka_unit_test_teardown(test_limited_files, undo),
	};

	/* Fixed: else it grows when such a block is freed. */
	mallopt(M_MMAP_THRESHOLD, LARGE / 8);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
