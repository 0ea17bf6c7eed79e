/* test_safetext.c - texts that must not act on a terminal: harness/safetext.c and
 * make_text_safe() in harness/util.c. */
#include "util.h" /* before cmocka.h, whose fail() is a macro */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "safetext.h"

static void becomes(const char *from, const char *wanted)
{
	char *text = xstrdup(from);

	make_text_safe(text);
	assert_string_equal(text, wanted);
	assert_true(is_utf8(text));
	free(text);
}

static void test_texts(void **state)
{
	(void)state;
	becomes("", "");
	becomes("freeze-gen:1-2 'na\xc3\xafve' \xe6\x97\xa5 \xf0\x9f\x98\x80",
		"freeze-gen:1-2 'na\xc3\xafve' \xe6\x97\xa5 \xf0\x9f\x98\x80");
	becomes("a\nb\tc\rd\x1b[31m\x7f\x01", "a?b?c?d?[31m??");
	/* C1, first and last, and what is next to it. */
	becomes("\xc2\x80|\xc2\x9b"
		"2J|\xc2\x9f|\xc2\xa0",
		"?|?2J|?|\xc2\xa0");
	/* What turns text around: U+202A to E, U+2066 to 9; separators of lines. */
	becomes("\xe2\x80\xa7|\xe2\x80\xa8|\xe2\x80\xae|\xe2\x80\xaf",
		"\xe2\x80\xa7|?|?|\xe2\x80\xaf");
	becomes("\xe2\x81\xa5|\xe2\x81\xa6|\xe2\x81\xa9|\xe2\x81\xaa",
		"\xe2\x81\xa5|?|?|\xe2\x81\xaa");
	/* No UTF-8: alone, cut off, too long a form, a surrogate. */
	becomes("\xff\xfe", "??");
	becomes("a\xe6\x97", "a??");
	becomes("\xc0\x80|\xed\xa0\x80", "??|???");
}

static void test_kept(void **state)
{
	char text[] = "a\tb\nc\rd\x1b\xc2\x9b";

	(void)state;
	make_text_safe_but(text, "\t\n");
	assert_string_equal(text, "a\tb\nc?d??");
}

static void test_document(void **state)
{
	json_t *document = json_pack(
		"{ss s[s{ss}] s{ss} si}", "name", "x\x1b[2J", "list", "y\n",
		"in", "\xc2\x9b", "deploy", "lines", "one\ntwo\n", "number", 7);
	json_t *wanted = json_pack("{ss s[s{ss}] s{ss} si}", "name", "x?[2J",
				   "list", "y?", "in", "?", "deploy", "lines",
				   "one\ntwo\n", "number", 7);

	(void)state;
	safetext_make(document);
	assert_true(json_equal(document, wanted));
	json_decref(document);
	json_decref(wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
