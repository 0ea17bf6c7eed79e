/* test_observe.c - a live family with known answers: harness/observe*.c and
 * elfimage.c. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elfimage.h"
#include "observe.h"
#include "observescreen.h"
#include "peek.h"
#include "within.h"

#define PAGE 4096
#define PAGES 2000

/* What a worker copies besides: its stack, the C library's data. */
#define CONSTANT 300

/* Valgrind's own pages are copied, too, and a child of it that runs another program is
 * Valgrind again.  It puts its library into the environment. */
static void skip_under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	if (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL)
		skip();
}

/* A child that lives until it is told to end. */
struct child {
	pid_t pid;
	int ready[2], end[2];
};

typedef void child_work(char *block, const struct child *self);

static void begin_child(struct child *c, child_work *work, char *block)
{
	char byte = 0;

	assert_int_equal(pipe(c->ready), 0);
	assert_int_equal(pipe(c->end), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		alarm(60);
		work(block, c);
		(void)!write(c->ready[1], &byte, 1);
		(void)!read(c->end[0], &byte, 1);
		_exit(0);
	}
	(void)!read(c->ready[0], &byte, 1);
}

static void end_child(struct child *c)
{
	(void)!write(c->end[1], "", 1);
	waitpid(c->pid, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(c->ready[i]);
		close(c->end[i]);
	}
}

/* A block of the C library's, which is on the heap, filled. */
static char *new_block(void)
{
	char *block = malloc((PAGES + 1) * PAGE);

	memset(block, 7, (PAGES + 1) * PAGE);
	return block;
}

static void do_nothing(char *block, const struct child *self)
{
	(void)block;
	(void)self;
}

static void change_300_restore_700(char *block, const struct child *self)
{
	volatile char *p = block;

	(void)self;
	for (int i = 0; i < 1000; i++)
		p[i * PAGE] = 8;
	for (int i = 300; i < 1000; i++)
		p[i * PAGE] = 7;
}

/* What is found of a child that does `work`. */
static void look_at(child_work *work, uint64_t step,
		    struct observe_pages *pages)
{
	struct observe_heap heap;
	struct child c;
	char *block;
	int result;

	skip_under_valgrind();
	block = new_block();
	*pages = (struct observe_pages){ .copied = 0 };
	begin_child(&c, work, block);
	result = observepages_open(&heap, getpid());
	if (result == 0)
		result = observepages_look(&heap, c.pid, step, pages);
	observepages_close(&heap);
	end_child(&c);
	free(block);
	if (result == -ENODATA)
		skip();
	assert_int_equal(result, 0);
}

static void test_contents(void **state)
{
	struct observe_pages p;

	(void)state;
	look_at(do_nothing, 1, &p);
	assert_within(p.copied, 0, CONSTANT);
	assert_within(p.reshareable, 0, CONSTANT);
	look_at(change_300_restore_700, 1, &p);
	assert_within(p.copied, 1000, 1000 + CONSTANT);
	assert_within(p.equal, 700, 700 + CONSTANT);
	assert_within(p.reshareable, 700, 700 + CONSTANT);
	assert_true(p.reshareable <= p.equal);
	assert_within(copies_changed(&p.copies), 300, 300 + CONSTANT);
	assert_int_equal(copies_changed(&p.copies) + p.equal, p.copied);
	assert_int_equal(p.changing, 0);
	assert_int_equal(p.unread, 0);
	/* No interpreter: everything is without objects. */
	assert_int_equal(p.tracked.equal + p.tracked.differ, 0);
	assert_int_equal(p.pools.equal, 0);
	assert_int_equal(p.other.equal, p.reshareable);
	assert_within(p.other.shared, 1000 - CONSTANT, 1000 + 2 * CONSTANT);
}

/* Each seventh page stands for seven. */
static void test_sample(void **state)
{
	struct observe_pages p;

	(void)state;
	look_at(change_300_restore_700, 7, &p);
	assert_within(p.copied, 1000, 1000 + CONSTANT);
	assert_within(p.equal, 700 - 14, 700 + CONSTANT + 14);
	assert_within(copies_changed(&p.copies), 300 - 14, 300 + CONSTANT + 14);
}

/* Toggles a page as fast as it can, and tells when it is at it. */
static void toggle(char *block, const struct child *self)
{
	volatile char *p = block;
	uint64_t i = 0;

	for (int k = 0; k < 10; k++)
		p[k * PAGE] = 8;
	(void)!write(self->ready[1], "", 1);
	for (;;)
		for (int k = 10; k < 20; k++)
			memcpy((char *)&p[k * PAGE], &(uint64_t){ ++i }, 8);
}

/* A worker that writes while it is read: what differs twice in another way. */
static void test_changing(void **state)
{
	struct observe_heap heap;
	struct observe_pages p = { 0 };
	struct child c;
	char *block;
	int result;

	(void)state;
	skip_under_valgrind();
	block = new_block();
	begin_child(&c, toggle, block);
	result = observepages_open(&heap, getpid());
	/* The child may not have run between two looks. */
	for (int i = 0; i < 1000 && result == 0 && p.changing < 10; i++)
		result = observepages_look(&heap, c.pid, 1, &p);
	observepages_close(&heap);
	kill(c.pid, SIGKILL);
	end_child(&c);
	free(block);
	if (result == -ENODATA)
		skip();
	assert_int_equal(result, 0);
	assert_within(p.changing, 10, 10 + CONSTANT);
	assert_within(copies_changed(&p.copies), 20, 20 + CONSTANT);
}

/* Looking must not unshare: see peek.h. */
static void test_looking_copies_nothing(void **state)
{
	struct observe_heap heap;
	struct observe_pages first = { .copied = 0 }, second = first;
	struct child a, b;
	char *block;
	int result;

	(void)state;
	skip_under_valgrind();
	block = new_block();
	begin_child(&a, do_nothing, block);
	begin_child(&b, change_300_restore_700, block);
	result = observepages_open(&heap, getpid());
	if (result == 0)
		result = observepages_look(&heap, b.pid, 1, &first);
	if (result == 0)
		result = observepages_look(&heap, a.pid, 1, &first);
	if (result == 0)
		result = observepages_look(&heap, a.pid, 1, &second);
	observepages_close(&heap);
	end_child(&a);
	end_child(&b);
	free(block);
	if (result == -ENODATA)
		skip();
	assert_int_equal(result, 0);
	assert_int_equal(first.copied, second.copied);
	assert_within(second.copied, 0, CONSTANT);
	/* What the other worker has copied is shared by this one. */
	assert_within(first.other.shared, PAGES - CONSTANT,
		      PAGES + 2 * CONSTANT);
}

static void fork_one(char *block, const struct child *self)
{
	struct child c = { .pid = fork() };

	(void)block;
	(void)self;
	if (c.pid == 0) {
		alarm(60);
		pause();
		_exit(0);
	}
}

static void run_sleep(char *block, const struct child *self)
{
	(void)block;
	(void)!write(self->ready[1], "", 1);
	execlp("sleep", "sleep", "60", (char *)NULL);
	_exit(127);
}

/* Children, a child's child, and one that runs another program. */
static void test_family(void **state)
{
	struct observe_family f = { .n = 0 };
	struct child plain, parent, program;
	char *why;

	(void)state;
	skip_under_valgrind();
	begin_child(&plain, do_nothing, NULL);
	begin_child(&parent, fork_one, NULL);
	begin_child(&program, run_sleep, NULL);
	do { /* exec may take a moment */
		observefamily_fini(&f);
		assert_int_equal(observefamily_read(&f, getpid()), 0);
	} while (f.n > 3 && usleep(1000) == 0);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.n_strangers, 1);
	assert_int_equal(f.strangers[0].pid, program.pid);
	assert_string_equal(f.strangers[0].name, "sleep 60");
	assert_int_equal(f.master.pid, getpid());
	assert_true(f.master.memory.rss > 0 && f.master.threads == 1);
	for (size_t i = 0; i < f.n; i++) {
		assert_true(f.workers[i].pid == plain.pid ||
			    f.workers[i].pid == parent.pid ||
			    f.workers[i].parent == parent.pid);
		if (f.workers[i].parent == parent.pid)
			kill(f.workers[i].pid, SIGKILL);
	}
	observefamily_fini(&f);

	assert_int_equal(observefamily_read(&f, plain.pid), 0);
	assert_int_equal(f.n, 0);
	why = observefamily_why_none(&f);
	assert_non_null(strstr(why, "it is one: try its parent"));
	free(why);
	observefamily_fini(&f);
	kill(program.pid, SIGKILL);
	end_child(&plain);
	end_child(&parent);
	end_child(&program);
	assert_int_equal(observefamily_read(&f, plain.pid), -ENOENT);
	observefamily_fini(&f);
}

static void test_symbols(void **state)
{
	int memory = peek_open(getpid()), files = 0;
	uint64_t found = 0;
	struct elfimage image;
	struct maps maps;

	(void)state;
	assert_true(memory >= 0);
	assert_int_equal(maps_read(&maps, getpid()), 0);
	for (size_t i = 0; i < maps.n; i++) {
		if (maps.items[i].inode == 0 || maps.items[i].offset != 0 ||
		    elfimage_read(&image, memory, maps.items[i].start) < 0)
			continue;
		files++;
		assert_int_equal(elfimage_symbol(&image, "no such symbol"), 0);
		if (found == 0)
			found = elfimage_symbol(&image, "qsort");
	}
	assert_true(files >= 3);
	assert_int_equal(found, (uintptr_t)dlsym(RTLD_DEFAULT, "qsort"));
	assert_int_equal(elfimage_read(&image, memory, (uintptr_t)&maps),
			 -ENOEXEC);
	maps_fini(&maps);
	close(memory);
}

static void test_versions(void **state)
{
	static const struct {
		const char *text, *version;
	} cases[] = {
		{ "3.11.2 (main, Mar 13 2023, 12:18:29) [GCC 12.2.0]",
		  "3.11.2" },
		{ "2.7.18 (default, Nov 1 2026, 10:00:00) \n[GCC 12.2.0]",
		  "2.7.18" },
		{ "3.13.0 experimental free-threading build (main, Oct  7) "
		  "[Clang 18]",
		  "3.13.0t" },
		{ "3.15.0a1+ (heads/main:1, Oct  7) [GCC 12]", "3.15.0a1+" },
		{ "3.11.2", NULL },
		{ "3.11 (main) [GCC]", NULL },
		{ "3.11.2(main) [GCC]", NULL },
		{ "3.11.2 [GCC] (main)", NULL },
		{ "4.1.2 (main) [GCC]", NULL },
		{ "", NULL },
	};
	char version[64];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int result = observepython_parse(cases[i].text, version,
						 sizeof version);

		assert_int_equal(result, cases[i].version ? 0 : -EINVAL);
		if (result == 0)
			assert_string_equal(version, cases[i].version);
	}
	assert_int_equal(observepython_parse(cases[0].text, version, 7),
			 -EINVAL);
}

/* An invented interpreter, as in test_copies.c. */
struct type {
	uint64_t count;
	struct type *type;
	uint64_t flags;
};

struct tracked {
	uint64_t next, previous;
	uint64_t count;
	struct type *type;
};

#define HAS_GC 64
static struct type type_type = { 1, &type_type, HAS_GC };
static struct type list = { 1, &type_type, HAS_GC };
static struct type number = { 1, &type_type, 0 };

static void test_headers(void **state)
{
	static union {
		struct tracked
			object[(PAGE + CAUSES_MARGIN) / sizeof(struct tracked)];
		char bytes[PAGE + CAUSES_MARGIN];
	} page;
	const struct shm_layout layout = {
		.type_type = (uintptr_t)&type_type,
		.has_gc_flag = HAS_GC,
		.gc_head_bytes = 16,
		.type_offset = offsetof(struct type, type),
		.flags_offset = offsetof(struct type, flags),
	};
	struct causes c;
	const int last = PAGE / (int)sizeof(struct tracked);

	(void)state;
	causes_init(&c, &layout, peek_open(getpid()));
	assert_false(observepython_has_header(&c, &page, PAGE));
	page.object[5] = (struct tracked){ 16, 16, 1, &number };
	assert_false(observepython_has_header(&c, &page, PAGE));
	page.object[5].type = &list;
	assert_true(observepython_has_header(&c, &page, PAGE));
	page.object[5].next = 0; /* not tracked */
	assert_false(observepython_has_header(&c, &page, PAGE));
	page.object[last] = (struct tracked){ 16, 16, 1, &list };
	assert_false(observepython_has_header(&c, &page, PAGE));
	/* Half of its header lies on the page. */
	memmove(page.bytes + PAGE - 8, &page.object[last],
		sizeof(struct tracked));
	assert_true(observepython_has_header(&c, &page, PAGE));
	close(c.memory);
	causes_fini(&c);
}

static struct observe_saving predict(const struct observe_pages *p,
				     int64_t threads)
{
	double most = (double)(p->tracked.equal + p->tracked.headers +
			       p->pools.equal + p->other.equal);
	struct observe_saving s;
	const struct observe_range *ranges[] = { &s.freeze, &s.freeze_reshare };

	observemodel_predict(p, threads, &s);
	for (int i = 0; i < 2; i++) {
		const struct observe_range *r = ranges[i];

		assert_true(r->low == 0);
		assert_true(r->high <= most);
		if (isnan(r->estimate))
			continue;
		assert_true(0 <= r->usual_low);
		assert_true(r->usual_low <= r->estimate);
		assert_true(r->estimate <= r->usual_high);
		assert_true(r->usual_high <= r->high);
	}
	return s;
}

static void test_model(void **state)
{
	struct observe_pages p = { .collections = { 10, 1, 1 } };
	struct observe_saving s = predict(&p, 1), more;

	(void)state;
	assert_true(s.freeze.high == 0 && s.freeze_reshare.high == 0);
	/* All that the collector has copied, and counts nothing. */
	p.tracked = (struct observe_group){ 9000, 900, 100, 0 };
	p.pools.shared = 5000;
	s = predict(&p, 1);
	assert_true(observemodel_is_collected(&p) == OBSERVE_YES);
	assert_within(s.freeze.estimate, 9500, 9900);
	assert_true(s.freeze.high == 9900);
	assert_true(s.freeze_reshare.estimate >= s.freeze.estimate);
	/* Counts copy a tenth of the pools that the collector leaves alone. */
	p.pools = (struct observe_group){ 450, 0, 50, 4500 };
	s = predict(&p, 1);
	assert_within(s.freeze.estimate, 7500, 8500);
	assert_true(s.freeze_reshare.estimate > s.freeze.estimate);
	more = predict(&p, 2);
	assert_true(more.freeze_reshare.estimate == s.freeze.estimate);
	/* What differs remains. */
	p.other = (struct observe_group){ 0, 0, 5000, 0 };
	more = predict(&p, 1);
	assert_true(more.freeze_reshare.estimate == s.freeze_reshare.estimate);
	p.other.equal = 5000;
	more = predict(&p, 1);
	assert_within(more.freeze_reshare.estimate,
		      s.freeze_reshare.estimate + 2500,
		      s.freeze_reshare.estimate + 3000);
}

/* Where pools are no measure of what counts have touched, nothing is estimated. */
static void test_model_differs(void **state)
{
	struct observe_pages p = {
		.tracked = { 6000, 0, 4000, 0 },
		.pools.shared = 5000,
		.collections = { 10, 1, 1 },
	};
	struct observe_saving s = predict(&p, 1);

	(void)state;
	assert_true(isnan(s.freeze.estimate));
	assert_true(isnan(s.freeze_reshare.usual_low));
	assert_true(s.freeze.high == 6000);
}

/* Copies that the collector has not made, or perhaps not. */
static void test_model_uncollected(void **state)
{
	struct observe_pages p = {
		.tracked = { 9000, 900, 100, 0 },
		.pools.shared = 5000,
		.collections = { 0, 0, 1 },
		.young = 300,
	};
	struct observe_saving s = predict(&p, 1);

	(void)state;
	assert_true(observemodel_is_collected(&p) == OBSERVE_NO);
	assert_true(s.freeze.estimate == 0 && s.freeze.usual_high == 0);
	/* It may have been gc.get_objects(). */
	assert_true(s.freeze.high == 9900);
	p.collections.young = 5;
	s = predict(&p, 1);
	assert_true(s.freeze.estimate == 150 && s.freeze.usual_high == 300);
	p.collections = (struct observe_collections){ -1, -1, 0 };
	s = predict(&p, 1);
	assert_true(observemodel_is_collected(&p) == OBSERVE_UNKNOWN);
	assert_true(isnan(s.freeze.estimate));
	assert_true(isnan(s.freeze_reshare.estimate));
	assert_true(s.freeze.high == 9900 && s.freeze_reshare.high == 9900);
	/* Pages that no full collection has left uncopied. */
	p.tracked = (struct observe_group){ 600, 50, 100, 8000 };
	p.young = 50;
	s = predict(&p, 1);
	assert_true(observemodel_is_collected(&p) == OBSERVE_NO);
	assert_true(s.freeze.estimate == 25 && s.freeze.high == 50);
	/* Too few for a pass. */
	assert_true(s.freeze_reshare.estimate == 25);
	p.collections.full = 1; /* as when most is frozen */
	s = predict(&p, 1);
	assert_true(s.freeze.high == 650);
}

static void test_cut(void **state)
{
	(void)state;
	assert_int_equal(observescreen_cut("abcdef", 6, 4), 4);
	assert_int_equal(observescreen_cut("abcdef", 6, 9), 6);
	assert_int_equal(observescreen_cut("a\xc3\xa4"
					   "b",
					   4, 2),
			 3);
	assert_int_equal(observescreen_cut("a\xc3\xa4"
					   "b",
					   4, 1),
			 1);
	assert_int_equal(observescreen_cut("", 0, 4), 0);
}

int main(void)
{
	alarm(120); /* a child that never answers ends the test */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_changing),
		cmocka_unit_test(test_looking_copies_nothing),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_model_differs),
		cmocka_unit_test(test_model_uncollected),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
