/* test_observecollector.c - collectors in invented memory: sparse files whose offsets
 * are addresses; harness/observecollector.c. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "observecollector.h"

#define RUNTIME UINT64_C(0x55550000)
#define INTERPRETER UINT64_C(0x66660000)
#define OBJECTS UINT64_C(0x77770000)

struct generation {
	uint64_t next, previous;
	int threshold, count;
};

/* As from 3.7 on. */
struct state {
	struct generation generations[OBSERVE_GENERATIONS];
	uint64_t generation0;
	struct generation permanent;
	uint64_t numbers[OBSERVE_GENERATIONS][3];
};

static void write_at(int fd, uint64_t address, const void *bytes, size_t n)
{
	assert_int_equal(pwrite(fd, bytes, n, (off_t)address), n);
}

static void write_word(int fd, uint64_t address, uint64_t word)
{
	write_at(fd, address, &word, sizeof word);
}

/* A process's memory with a state at `address`: a list of one object in each
 * generation, the second of which has the count 4, the oldest 3. */
static int new_memory(uint64_t address, struct state *s)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	*s = (struct state){ .generation0 = address };
	for (uint64_t i = 0; i < OBSERVE_GENERATIONS; i++) {
		uint64_t head = address + i * sizeof *s->generations;
		uint64_t object = OBJECTS + i * 0x1000;

		s->generations[i] = (struct generation){ object, object, 700,
							 i == 0		? 9 :
								 i == 1 ? 4 :
									  3 };
		write_word(fd, object, head);
		write_word(fd, object + 8, head | 1); /* a flag */
	}
	s->permanent.next = s->permanent.previous = address +
		offsetof(struct state, permanent);
	s->numbers[2][0] = 5;
	write_at(fd, address, s, sizeof *s);
	return fd;
}

static void test_in_runtime(void **state)
{
	const uint64_t address = RUNTIME + 0x128;
	struct observe_collector c;
	struct state s;
	int fd = new_memory(address, &s);

	(void)state;
	observecollector_find(&c, fd, 16, "3.8.18", 0, RUNTIME);
	assert_int_equal(c.generations, address);
	assert_int_equal(c.statistics,
			 address + offsetof(struct state, numbers));
	/* Later versions keep one per interpreter. */
	observecollector_find(&c, fd, 16, "3.9.18", 0, RUNTIME);
	assert_int_equal(c.generations, 0);
	observecollector_find(&c, fd, 0, "3.8.18", 0, RUNTIME);
	assert_int_equal(c.generations, 0);
	/* A list that leads elsewhere. */
	write_word(fd, OBJECTS + 0x1000, 42);
	observecollector_find(&c, fd, 16, "3.8.18", 0, RUNTIME);
	assert_int_equal(c.generations, 0);
	close(fd);
}

static void test_in_interpreter(void **state)
{
	const uint64_t address = INTERPRETER + 0x1d08;
	struct observe_collector c;
	struct state s;
	int fd = new_memory(address, &s);

	(void)state;
	write_word(fd, RUNTIME + 0x308, INTERPRETER);
	write_word(fd, RUNTIME + 0x310, INTERPRETER);
	write_word(fd, RUNTIME + 0x318, 1);
	observecollector_find(&c, fd, 16, "3.13.0", 0, RUNTIME);
	assert_int_equal(c.generations, address);
	observecollector_find(&c, fd, 16, "3.14.5", 0, RUNTIME);
	assert_int_equal(c.generations, 0);
	/* A second one has been made, whose collections would not be seen. */
	write_word(fd, RUNTIME + 0x318, 2);
	observecollector_find(&c, fd, 16, "3.13.0", 0, RUNTIME);
	assert_int_equal(c.generations, 0);
	close(fd);
}

static void test_counted(void **state)
{
	struct observe_collector c;
	struct observe_collections made;
	struct state s, now;
	int master = new_memory(RUNTIME, &s),
	    worker = new_memory(RUNTIME, &now);

	(void)state;
	observecollector_find(&c, master, 16, "3.8.18", 0, RUNTIME);
	observecollector_compare(&c, master, worker, &made);
	assert_true(made.is_counted && made.young == 0 && made.full == 0);
	now.numbers[0][0] = 70;
	now.numbers[1][0] = 7;
	now.numbers[2][0] = 6;
	write_at(worker, RUNTIME, &now, sizeof now);
	observecollector_compare(&c, master, worker, &made);
	assert_true(made.young == 77 && made.full == 1);
	/* The master has collected since. */
	observecollector_compare(&c, worker, master, &made);
	assert_true(made.young == -1 && made.full == -1);
	close(worker);
	worker = memfd_create("gone", MFD_CLOEXEC);
	observecollector_compare(&c, master, worker, &made);
	assert_true(made.young == -1 && made.full == -1);
	close(master);
	close(worker);
}

/* What generations 1 and 2 of a worker are, and what that tells. */
struct trace {
	int count1, count2, has_other_list1, has_other_list2;
	int young, full;
};

static void test_traces(void **state)
{
	static const struct trace traces[] = {
		{ 4, 3, 0, 0, 0, 0 },  { 5, 3, 1, 0, 1, 0 },
		{ 4, 3, 1, 0, 1, 0 },  { 1, 4, 1, 1, 1, -1 },
		{ 4, 3, 0, 1, 1, -1 }, { 0, 2, 0, 1, 1, 1 },
		{ 4, 0, 0, 0, 1, 1 },
	};
	const uint64_t pointer = INTERPRETER;
	struct observe_collector c;
	struct observe_collections made;
	struct state s;
	int master = new_memory(RUNTIME, &s);

	(void)state;
	write_word(master, pointer, RUNTIME);
	observecollector_find(&c, master, 16, "2.7.18", pointer, 0);
	assert_int_equal(c.generations, RUNTIME);
	assert_int_equal(c.statistics, 0);
	for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
		const struct trace *t = &traces[i];
		struct state now;
		int worker = new_memory(RUNTIME, &now);

		now.generations[1].count = t->count1;
		now.generations[2].count = t->count2;
		now.generations[1].previous += t->has_other_list1 ? 64 : 0;
		now.generations[2].previous += t->has_other_list2 ? 64 : 0;
		write_at(worker, RUNTIME, &now, sizeof now);
		observecollector_compare(&c, master, worker, &made);
		assert_false(made.is_counted);
		assert_int_equal(made.young, t->young);
		assert_int_equal(made.full, t->full);
		close(worker);
	}
	/* A full collection could leave counts of 0 as they were. */
	s.generations[1].count = s.generations[2].count = 0;
	write_at(master, RUNTIME, &s, sizeof s);
	observecollector_compare(&c, master, master, &made);
	assert_true(made.young == -1 && made.full == -1);
	close(master);
}

/* Sizes of headers up to 3.7. */
static void test_larger_headers(void **state)
{
	static const uint32_t sizes[][2] = { { 24, 32 },
					     { 32, 40 },
					     { 32, 48 } };

	(void)state;
	for (int i = 0; i < 3; i++) {
		int fd = memfd_create("test", MFD_CLOEXEC);
		struct observe_collector c;

		write_word(fd, INTERPRETER, RUNTIME);
		for (uint64_t k = 0; k < OBSERVE_GENERATIONS; k++) {
			uint64_t head = RUNTIME + k * sizes[i][1];

			write_word(fd, head, head); /* empty lists */
			write_word(fd, head + 8, head);
		}
		observecollector_find(&c, fd, sizes[i][0], "3.6.15",
				      INTERPRETER, 0);
		assert_int_equal(c.generations, RUNTIME);
		assert_int_equal(c.generation_bytes, sizes[i][1]);
		close(fd);
	}
}

/* As from 3.7.4 on, up to 3.8. */
struct aligned_generation {
	union {
		uint64_t links[2], refs[3];
		long double dummy;
	} head;
	int threshold, count;
};

struct aligned_state {
	struct aligned_generation generations[OBSERVE_GENERATIONS];
	uint64_t generation0;
	struct aligned_generation permanent;
	uint64_t numbers[OBSERVE_GENERATIONS][3];
};

static void test_aligned(void **state)
{
	const uint64_t address = RUNTIME + 0x130;
	struct observe_collector c;
	struct aligned_state s = { .generation0 = address };
	int fd = memfd_create("test", MFD_CLOEXEC);

	(void)state;
	for (uint64_t i = 0; i < OBSERVE_GENERATIONS; i++)
		s.generations[i].head.links[0] =
			s.generations[i].head.links[1] = address +
			i * sizeof *s.generations;
	s.permanent.head.links[0] = s.permanent.head.links[1] = address +
		offsetof(struct aligned_state, permanent);
	write_at(fd, address, &s, sizeof s);
	observecollector_find(&c, fd, sizeof s.permanent.head, "3.7.16", 0,
			      RUNTIME);
	assert_int_equal(c.generations, address);
	assert_int_equal(c.statistics,
			 address + offsetof(struct aligned_state, numbers));
	close(fd);
}

static void sum(void *arg, uint64_t header)
{
	*(uint64_t *)arg += header;
}

static void test_young_objects(void **state)
{
	struct observe_collector c = { 0 };
	struct state s;
	int fd = new_memory(RUNTIME, &s);
	uint64_t found = 0;

	(void)state;
	assert_int_equal(observecollector_each_young(&c, fd, 9, sum, &found),
			 -ENODATA);
	observecollector_find(&c, fd, 16, "3.8.18", 0, RUNTIME);
	assert_int_equal(observecollector_each_young(&c, fd, 2, sum, &found),
			 0);
	assert_int_equal(found, 2 * OBJECTS + 0x1000);
	assert_int_equal(observecollector_each_young(&c, fd, 1, sum, &found),
			 -E2BIG);
	/* A list that has been torn. */
	write_word(fd, OBJECTS, 0);
	assert_int_equal(observecollector_each_young(&c, fd, 9, sum, &found),
			 -E2BIG);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_runtime),
		cmocka_unit_test(test_in_interpreter),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_traces),
		cmocka_unit_test(test_larger_headers),
		cmocka_unit_test(test_aligned),
		cmocka_unit_test(test_young_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
