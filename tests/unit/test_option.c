/* test_option.c - the arguments of strategies: strategies/option.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "strategy.h"

static const struct strategy_option all_options[] = {
	{ .name = "number",
	  .help = "a number",
	  .kind = OPTION_INT,
	  .minimum = 2,
	  .maximum = 100 },
	{ .name = "generations",
	  .help = "which",
	  .kind = OPTION_GENERATIONS,
	  .minimum = 0,
	  .maximum = 2,
	  .fallback = "2" },
	{ .name = "size",
	  .help = "in bytes",
	  .kind = OPTION_SIZE,
	  .minimum = 1,
	  .maximum = LONG_MAX,
	  .fallback = "8M",
	  .keyed = 1 },
	{ .name = "share",
	  .help = "in percent",
	  .kind = OPTION_PERCENT,
	  .minimum = 0,
	  .maximum = 100,
	  .fallback = "50%" },
	{ .name = NULL },
};
static const struct strategy all = { .name = "all", .options = all_options };
static const struct strategy bare = { .name = "bare" };

static const struct strategy_option size_options[] = {
	{ .name = "size",
	  .help = "in bytes",
	  .kind = OPTION_SIZE,
	  .minimum = 1,
	  .maximum = 1 << 20 },
	{ .name = NULL },
};
static const struct strategy sized = { .name = "sized",
				       .options = size_options };

static struct strategy_value values[STRATEGY_MAX_OPTIONS];
static char message[256];

/* Parses up to 8 texts, ended by NULL. */
static int parse(const struct strategy *s, const char *const *texts)
{
	int n = 0;

	while (texts[n] != NULL)
		n++;
	memset(values, 0x55, sizeof values);
	strcpy(message, "untouched");
	return option_parse(s, n, texts, values, message, sizeof message);
}

#define PARSE(s, ...) parse(s, (const char *const[]){ __VA_ARGS__, NULL })
#define PARSE_NONE(s) parse(s, (const char *const[]){ NULL })

/* The arguments must be refused, in one line that names the strategy and has
 * `part` in it. */
#define REFUSE(s, part, ...)                                                   \
	do {                                                                   \
		assert_int_equal(PARSE(s, __VA_ARGS__), -1);                   \
		assert_int_equal(                                              \
			strncmp(message, (s)->name, strlen((s)->name)), 0);    \
		assert_non_null(strstr(message, part));                        \
		assert_null(strchr(message, '\n'));                            \
	} while (0)

static void assert_canonical(const struct strategy *s, const char *expected)
{
	char text[256];

	assert_int_equal(option_format(s, values, text, sizeof text), 0);
	assert_string_equal(text, expected);
}

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(PARSE(&all, "7"), 0);
	assert_int_equal(values[0].value, 7);
	assert_int_equal(values[1].value, 2);
	assert_int_equal(values[1].upper, 2);
	assert_int_equal(values[2].value, 8 << 20);
	assert_int_equal(values[3].value, 50);
	assert_canonical(&all, "all:7:2:size=8M:50%");
}

static void test_no_options(void **state)
{
	(void)state;
	assert_int_equal(PARSE_NONE(&bare), 0);
	assert_canonical(&bare, "bare");
	REFUSE(&bare, "'1'", "1");
	REFUSE(&bare, "'x=1'", "x=1");
	REFUSE(&bare, "''", "");
}

static void test_required(void **state)
{
	(void)state;
	assert_int_equal(PARSE_NONE(&all), -1);
	assert_non_null(strstr(message, "all needs number"));
	REFUSE(&all, "number", "size=1M");
}

static void test_places_and_keywords(void **state)
{
	static const char canonical[] = "all:9:0-1:size=3K:7%";

	(void)state;
	assert_int_equal(PARSE(&all, "9", "0-1", "3K", "7%"), 0);
	assert_canonical(&all, canonical);
	assert_int_equal(PARSE(&all, "share=7%", "size=3K", "generations=0-1",
			       "number=9"),
			 0);
	assert_canonical(&all, canonical);
	/* A keyword takes its place away from those without one. */
	assert_int_equal(PARSE(&all, "generations=0-1", "9", "3K", "7%"), 0);
	assert_canonical(&all, canonical);
	assert_int_equal(PARSE(&all, "number=9", "0-1", "share=7%", "3K"), 0);
	assert_canonical(&all, canonical);
}

static void test_misplaced(void **state)
{
	(void)state;
	REFUSE(&all, "'8'", "7", "1", "1M", "1%", "8");
	REFUSE(&all, "'8'", "number=7", "1", "1M", "1%", "8");
	REFUSE(&all, "'8'", "7", "1", "1M", "1%", "8", "9", "10", "11");
	REFUSE(&all, "number is given twice", "7", "number=7");
	REFUSE(&all, "size is given twice", "size=1M", "7", "size=1M");
	REFUSE(&all, "'nothing=7'", "nothing=7");
	REFUSE(&all, "'num=7'", "num=7");
	REFUSE(&all, "'numbers=7'", "numbers=7");
	REFUSE(&all, "'=7'", "=7");
	REFUSE(&all, "number", "number=");
	REFUSE(&all, "number", "number=7=8");
}

static void test_int(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		" 7",
		"7 ",
		"+7",
		"-7",
		"0x7",
		"7x",
		"1",
		"101",
		"7.0",
		"7-8",
		"7%",
		"7K",
		"9223372036854775807",
		"9223372036854775808",
		"99999999999999999999999999999999",
		"\xc3\xa9",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		REFUSE(&all, "number", bad[i]);
	assert_int_equal(PARSE(&all, "2"), 0);
	assert_int_equal(PARSE(&all, "100"), 0);
	assert_int_equal(PARSE(&all, "0007"), 0);
	assert_canonical(&all, "all:7:2:size=8M:50%");
}

static void test_generations(void **state)
{
	static const char *const bad[] = {
		"3",
		"-1",
		"0-3",
		"2-1",
		"1-",
		"-",
		"1--2",
		"0-1-2",
		"0 - 1",
		"0-18446744073709551617",
		"18446744073709551616-1",
		"",
		"a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		REFUSE(&all, "generations", "7", bad[i]);
	assert_int_equal(PARSE(&all, "7", "0"), 0);
	assert_int_equal(values[1].upper, 0);
	assert_int_equal(PARSE(&all, "7", "0-2"), 0);
	assert_int_equal(values[1].value, 0);
	assert_int_equal(values[1].upper, 2);
	assert_int_equal(PARSE(&all, "7", "1-1"), 0);
	assert_canonical(&all, "all:7:1:size=8M:50%");
}

static void test_size(void **state)
{
	static const struct {
		const char *text, *canonical;
		long bytes;
	} good[] = {
		{ "8M", "8M", 8 << 20 },
		{ "8388608", "8M", 8 << 20 },
		{ "8192K", "8M", 8 << 20 },
		{ "1G", "1G", 1 << 30 },
		{ "1024M", "1G", 1 << 30 },
		{ "1025M", "1025M", 1025L << 20 },
		{ "1", "1", 1 },
		{ "1023", "1023", 1023 },
		{ "1025", "1025", 1025 },
		{ "2048G", "2048G", 2048L << 30 },
		{ "8589934591G", "8589934591G", 8589934591L << 30 },
		{ "9223372036854775807", "9223372036854775807", LONG_MAX },
	};
	static const char *const bad[] = {
		"",
		"0",
		"0K",
		"M",
		"8m",
		"8MB",
		"8KK",
		"-8M",
		"8 M",
		"8T",
		"8589934592G",
		"17179869185G",
		"9007199254740992K",
		"9223372036854775808",
		"1.5M",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char key[64], expected[64];

		snprintf(key, sizeof key, "size=%s", good[i].text);
		snprintf(expected, sizeof expected, "all:7:2:size=%s:50%%",
			 good[i].canonical);
		assert_int_equal(PARSE(&all, "7", key), 0);
		assert_true(values[2].value == good[i].bytes);
		assert_canonical(&all, expected);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		REFUSE(&all, "size", "7", "1", bad[i]);
	assert_int_equal(PARSE(&sized, "1M"), 0);
	assert_int_equal(PARSE(&sized, "1024K"), 0);
	REFUSE(&sized, "size", "1025K");
	REFUSE(&sized, "size", "2M");
	REFUSE(&sized, "size", "1G");
	REFUSE(&sized, "size", "1048577");
}

static void test_percent(void **state)
{
	static const char *const bad[] = { "50",  "%",	 "",	 "101%", "-1%",
					   "5%%", "5 %", "5.5%", "5%x" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		REFUSE(&all, "share", "7", "1", "1M", bad[i]);
	assert_int_equal(PARSE(&all, "7", "1", "1M", "0%"), 0);
	assert_int_equal(values[3].value, 0);
	assert_int_equal(PARSE(&all, "7", "1", "1M", "100%"), 0);
	assert_canonical(&all, "all:7:1:size=1M:100%");
}

/* Whatever is accepted prints as something that means the same. */
static void test_round_trip(void **state)
{
	static const char *const numbers[] = { "2", "55", "100" };
	static const char *const generations[] = { "0", "1", "2", "0-1",
						   "1-2" };
	static const char *const sizes[] = { "1", "1000", "1024", "3G" };

	(void)state;
	for (size_t i = 0; i < 3 * 5 * 4; i++) {
		struct strategy_value first[STRATEGY_MAX_OPTIONS];
		char spec[128], again[128], *rest = spec, *texts[5];

		assert_int_equal(PARSE(&all, numbers[i % 3],
				       generations[i / 3 % 5], sizes[i / 15]),
				 0);
		memcpy(first, values, sizeof first);
		assert_int_equal(option_format(&all, values, spec, sizeof spec),
				 0);
		memcpy(again, spec, sizeof again);
		for (int k = 0; k < 5; k++)
			texts[k] = strsep(&rest, ":");
		assert_null(rest);
		assert_int_equal(
			PARSE(&all, texts[1], texts[2], texts[3], texts[4]), 0);
		assert_memory_equal(values, first, sizeof first);
		assert_canonical(&all, again);
	}
}

static void test_small_buffers(void **state)
{
	static const char spec[] = "all:7:2:size=8M:50%";

	(void)state;
	assert_int_equal(PARSE(&all, "7"), 0);
	for (size_t size = 1; size < sizeof spec + 4; size++) {
		char text[64];
		int expected = size >= sizeof spec ? 0 : -1;

		memset(text, '#', sizeof text);
		assert_int_equal(option_format(&all, values, text, size),
				 expected);
		for (size_t i = size; i < sizeof text; i++)
			assert_int_equal(text[i], '#');
	}
	for (size_t size = 1; size < 60; size++) {
		const char *const texts[] = { "1000000" };
		char text[64];

		memset(text, '#', sizeof text);
		assert_int_equal(
			option_parse(&all, 1, texts, values, text, size), -1);
		assert_true(memchr(text, '\0', size) != NULL);
		for (size_t i = size; i < sizeof text; i++)
			assert_int_equal(text[i], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_no_options),
		cmocka_unit_test(test_required),
		cmocka_unit_test(test_places_and_keywords),
		cmocka_unit_test(test_misplaced),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_small_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
