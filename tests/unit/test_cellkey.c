/* test_cellkey.c - the text of a cell's identity: harness/cellkey.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cellkey.h"

static void assert_same_text(const char *a, const char *b)
{
	if (b == NULL)
		assert_null(a);
	else
		assert_string_equal(a, b);
}

/* Prints `key` as `expected`, or anyhow when it is NULL, and reads it back. */
static void round_trip(const struct cellkey *key, const char *expected)
{
	struct cellkey again;
	char *text = cellkey_format(key), *second;

	if (expected != NULL)
		assert_string_equal(text, expected);
	for (const char *p = text; *p != '\0'; p++) /* one word in a shell */
		assert_true(*p > ' ' && *p < 127 &&
			    strchr("'\"\\$`&|;<>(){}[]*?~!#", *p) == NULL);
	memset(&again, 0x55, sizeof again);
	assert_int_equal(cellkey_parse(text, &again), 0);
	assert_string_equal(again.tag, key->tag);
	assert_same_text(again.executable, key->executable);
	assert_string_equal(again.stack, key->stack);
	assert_string_equal(again.workload, key->workload);
	assert_int_equal(again.workers, key->workers);
	assert_int_equal(again.requests, key->requests);
	assert_int_equal(again.scale, key->scale);
	assert_int_equal(again.repeat, key->repeat);
	assert_int_equal(again.seed, key->seed);
	second = cellkey_format(&again);
	assert_string_equal(second, text);
	cellkey_fini(&again);
	assert_null(again.tag);
	free(text);
	free(second);
}

static struct cellkey plain(void)
{
	return (struct cellkey){
		.tag = (char *)"cp3.6.15",
		.stack = (char *)"collect+freeze",
		.workload = (char *)"webapp",
		.workers = 8,
		.requests = 4000,
		.collect_at = -1,
		.scale = 100000,
		.repeat = 1,
		.seed = 42,
	};
}

static void test_plain(void **state)
{
	struct cellkey key = plain();

	(void)state;
	round_trip(&key,
		   "cp3.6.15/collect+freeze/w8/n4000/c-1/s100000/r1/x42/"
		   "webapp");
	key.stack = (char *)"freeze-gen:1-2+tuned:700:10:10";
	round_trip(&key, NULL);
}

static void test_numbers(void **state)
{
	struct cellkey key = plain();

	(void)state;
	key.workers = key.repeat = 1;
	key.requests = key.collect_at = key.scale = key.seed = 0;
	round_trip(&key, "cp3.6.15/collect+freeze/w1/n0/c0/s0/r1/x0/webapp");
	key.workers = CELL_MAX_WORKERS;
	key.requests = key.collect_at = key.scale = INT_MAX;
	key.repeat = key.seed = INT_MAX;
	round_trip(&key, NULL);
}

static void test_paths(void **state)
{
	static const char *const paths[] = {
		"/opt/my apps/a b.py",
		"100%/%20.py",
		"%",
		"%%%",
		"../x.py",
		"na\xc3\xafve/\xe6\x97\xa5\xe6\x9c\xac.py",
		"\x01\x1f\x7f\xff",
		"a@b/c:d+e=f,g",
		"'\"\\$(x)`y`&|;<>*?~!#{}[]",
		"a\nb\tc",
		"/",
		"//",
		"a/",
		" ",
	};
	struct cellkey key = plain();

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		key.executable = NULL;
		key.workload = (char *)paths[i];
		round_trip(&key, NULL);
		key.executable = (char *)paths[i];
		round_trip(&key, NULL);
		key.workload = (char *)"webapp";
		round_trip(&key, NULL);
	}
	key.executable = (char *)"/a b/python";
	key.workload = (char *)"/c d/e%.py";
	round_trip(&key,
		   "cp3.6.15@%2Fa%20b%2Fpython/collect+freeze/w8/n4000/"
		   "c-1/s100000/r1/x42//c%20d/e%25.py");
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"cp3",
		"cp3/none",
		"cp3/none/w8",
		"////////",
		"cp3/none/w8/n4/c2/s1/r1/x0",
		"cp3/none/w8/n4/c2/s1/r1/x0/",
		"/none/w8/n4/c2/s1/r1/x0/a",
		"cp3//w8/n4/c2/s1/r1/x0/a",
		"@p/none/w8/n4/c2/s1/r1/x0/a",
		"cp3@/none/w8/n4/c2/s1/r1/x0/a",
		"cp3/none/8/n4/c2/s1/r1/x0/a",
		"cp3/none/n4/w8/s1/r1/x0/a",
		"cp3/none/w/n4/c2/s1/r1/x0/a",
		"cp3/none/w0/n4/c2/s1/r1/x0/a",
		"cp3/none/w257/n4/c2/s1/r1/x0/a",
		"cp3/none/w-1/n4/c2/s1/r1/x0/a",
		"cp3/none/w 8/n4/c2/s1/r1/x0/a",
		"cp3/none/w8 /n4/c2/s1/r1/x0/a",
		"cp3/none/w8x/n4/c2/s1/r1/x0/a",
		"cp3/none/w+8/n4/c2/s1/r1/x0/a",
		"cp3/none/w8/n-1/c2/s1/r1/x0/a",
		"cp3/none/w8/n4/c2/s-1/r1/x0/a",
		"cp3/none/w8/n2147483648/c2/s1/r1/x0/a",
		"cp3/none/w8/n99999999999999999999/c2/s1/r1/x0/a",
		"cp3/none/w8/n4/c2/s1/r0/x0/a",
		"cp3/none/w8/n4/c2/s1/r1/x-1/a",
		"cp3/none/w8/n4/c2/s1/r1/x0/%",
		"cp3/none/w8/n4/c2/s1/r1/x0/a%4",
		"cp3/none/w8/n4/c2/s1/r1/x0/%zz",
		"cp3/none/w8/n4/c2/s1/r1/x0/%2f",
		"cp3/none/w8/n4/c2/s1/r1/x0/a%00b",
		"cp3@%/none/w8/n4/c2/s1/r1/x0/a",
		"cp3@%00/none/w8/n4/c2/s1/r1/x0/a",
		"cp3/none/w8/n4/c2/s1/r1/a",
		"cp3/none/w8/n4/s1/r1/x0/a",
		"cp3/none/w8/n4/c-2/s1/r1/x0/a",
	};
	struct cellkey key;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (cellkey_parse(bad[i], &key) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	/* The pattern of all these, when nothing is wrong with it. */
	assert_int_equal(
		cellkey_parse("cp3@p/none/w8/n4/c2/s1/r1/x0/a%2F", &key), 0);
	cellkey_fini(&key);
}

/* No part of a key but the workload may be cut off anywhere. */
static void test_truncated(void **state)
{
	struct cellkey whole = plain();
	char *text = cellkey_format(&whole);
	size_t workload = strlen(text) - strlen("webapp");

	(void)state;
	for (size_t n = 0; n <= workload; n++) {
		char *part = strndup(text, n);
		struct cellkey key;

		assert_int_equal(cellkey_parse(part, &key), -EINVAL);
		free(part);
	}
	free(text);
}

static void test_uses(void **state)
{
	static char *const with[] = { "ksm", "freeze+ksm", "ksm+freeze",
				      "none+ksm:2:x=1+freeze" };
	static char *const without[] = { "none", "ks",	       "ksmx",
					 "xksm", "freeze:ksm", "freeze+ksm-2" };

	(void)state;
	for (size_t i = 0; i < sizeof with / sizeof *with; i++)
		assert_true(cellkey_uses(&(struct cellkey){ .stack = with[i] },
					 "ksm"));
	for (size_t i = 0; i < sizeof without / sizeof *without; i++)
		assert_false(cellkey_uses(
			&(struct cellkey){ .stack = without[i] }, "ksm"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
