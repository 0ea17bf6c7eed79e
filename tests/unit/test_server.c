/* test_server.c - cells on real servers: the server in a workload's name
 * (harness/server.c), what the load generator reports (harness/load.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "load.h"
#include "server.h"

/* `name` is `plain` on `server`, and the only name of that. */
static void check_name(const char *name, const char *plain, const char *server)
{
	char *found = server_of(name), *stripped = server_strip(name);
	char *again = server_add(stripped, found);

	assert_string_equal(found, server);
	assert_string_equal(stripped, plain);
	assert_string_equal(again, name);
	free(found);
	free(stripped);
	free(again);
}

static void test_names(void **state)
{
	(void)state;
	check_name("webapp", "webapp", "builtin");
	check_name("webapp@gunicorn", "webapp", "gunicorn");
	check_name("wsgi:a.b:c", "wsgi:a.b:c", "builtin");
	check_name("wsgi:a.b:c@uwsgi", "wsgi:a.b:c", "uwsgi");
	check_name("wsgi:a:b()@uwsgi//srv/x//srv/u", "wsgi:a:b()//srv/x//srv/u",
		   "uwsgi");
	/* Files may be called as they like. */
	check_name("wsgi:a:b//srv/x@y//u@uwsgi", "wsgi:a:b//srv/x@y//u@uwsgi",
		   "builtin");
	check_name("wsgi:a:b@gunicorn//x@y//u@uwsgi", "wsgi:a:b//x@y//u@uwsgi",
		   "gunicorn");
	check_name("/srv/a@gunicorn", "/srv/a@gunicorn", "builtin");
	check_name("a@gunicorn/b.py", "a@gunicorn/b.py", "builtin");
	check_name("a@b.py", "a@b.py", "builtin");
	check_name("webapp@", "webapp", "");
	check_name("webapp@a@b", "webapp", "a@b");
}

static void test_servers(void **state)
{
	(void)state;
	assert_true(server_is_known("builtin"));
	assert_true(server_is_known("gunicorn"));
	assert_true(server_is_known("uwsgi"));
	assert_false(server_is_known(""));
	assert_false(server_is_known("a@b"));
	assert_false(server_is_known("uwsgi "));
}

#define HEAD                                                                   \
	"\nSummary:\n  Total:\t0.2500 secs\n  Slowest:\t0.0150 secs\n"         \
	"  Requests/sec:\t12.0000\n  \n  Total data:\t4000 bytes\n"            \
	"Response time histogram:\n  0.000 [1]\t|\n  0.002 [604]\t|\n"

static void test_report(void **state)
{
	struct load_report r;

	(void)state;
	assert_int_equal(load_parse(HEAD "Status code distribution:\n"
					 "  [200]\t800 responses\n"
					 "  [404]\t3 responses\n\n",
				    &r),
			 0);
	assert_true(r.seconds == 0.25);
	assert_int_equal(r.answers, 803);
	assert_int_equal(r.errors, 0);
	assert_string_equal(r.error, "");

	assert_int_equal(load_parse(HEAD "Status code distribution:\n"
					 "  [200]\t8 responses\n\n"
					 "Error distribution:\n"
					 "  [4]\tGet \"http://x/\": EOF\033\n"
					 "  [2]\tother\n",
				    &r),
			 0);
	assert_int_equal(r.answers, 8);
	assert_int_equal(r.errors, 6);
	assert_string_equal(r.error, "Get \"http://x/\": EOF?");
}

static void test_no_report(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"usage",
		"Total data:\t40 bytes\n",
		"Total:\tx secs\n",
		"Total:\t-1 secs\n",
		"Total:\t1\n",
		"Status code distribution:\n  [200]\t8 responses\n",
	};
	struct load_report r;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(load_parse(texts[i], &r), -EINVAL);
	/* Lists elsewhere, and numbers that are none. */
	assert_int_equal(
		load_parse("Total: 1 secs\n[200] 8 responses\n"
			   "Status code distribution:\n"
			   "  [200]\t-8 responses\n  [x] 9 responses\n"
			   "  [200] 9\nError distribution:\n  [x]\ta\n",
			   &r),
		0);
	assert_int_equal(r.answers, 0);
	assert_int_equal(r.errors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_no_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
