/* cmd_doctor.c - `harness doctor`: what this host can measure and what not, and
 * how to cure it. */
#define _GNU_SOURCE
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate.h"
#include "celllimits.h"
#include "commands.h"
#include "doctor.h"
#include "family.h"
#include "host.h"
#include "install.h"
#include "util.h"

#define COLUMNS 98
#define DETAIL_COLUMN 31
#define ADVICE_COLUMN 18

struct arguments {
	const char *format;
	int strict;
	int calibrate;
	struct strings pythons; /* as for `run`; none: all */
};

enum { KEY_FORMAT = 0x100, KEY_STRICT, KEY_CALIBRATE, KEY_PYTHON };

static const struct argp_option options[] = {
	{ "format", KEY_FORMAT, "FORMAT", 0, "table or json (default: table)",
	  0 },
	{ "strict", KEY_STRICT, NULL, 0,
	  "exit with code 5 when some metric "
	  "cannot be had or trusted on this host right now",
	  0 },
	{ "calibrate", KEY_CALIBRATE, NULL, 0,
	  "measure what has a known "
	  "answer, with each interpreter",
	  0 },
	{ "python", KEY_PYTHON, "PYTHON,...", 0,
	  "version prefixes or tags of "
	  "interpreters to calibrate with (default: all)",
	  0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case KEY_FORMAT:
		a->format = parse_table_or_json(arg, state);
		return 0;
	case KEY_STRICT:
		a->strict = 1;
		return 0;
	case KEY_CALIBRATE:
		a->calibrate = 1;
		return 0;
	case KEY_PYTHON:
		strings_split(&a->pythons, arg, ',');
		if (a->pythons.n == 0)
			argp_error(state, "--python needs an interpreter");
		return 0;
	case ARGP_KEY_END:
		if (a->pythons.n > 0 && !a->calibrate)
			argp_error(state, "--python goes with --calibrate");
		if (a->strict && a->calibrate)
			argp_error(state,
				   "--strict judges the host; "
				   "--calibrate is strict by itself");
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "doctor takes no '%s'", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Says what this host can measure and what not, what that does "
	       "to which metric, and how to cure it.  Takes no privileges "
	       "and changes nothing; a control group is made for a moment."
	       "\vThe exit code is 0 however bad the news, unless --strict is "
	       "given; with --calibrate it is 5 when a known answer is "
	       "missed.",
};

/* Prints words from column `column` on, where the line already stands, with all
 * further lines indented to it. */
static void print_wrapped(const char *text, int column)
{
	int at = column;

	while (*text != '\0') {
		int n = (int)strcspn(text, " ");

		if (at > column && at + 1 + n > COLUMNS) {
			printf("\n%*s", column, "");
			at = column;
		} else if (at > column) {
			putchar(' ');
			at++;
		}
		printf("%.*s", n, text);
		at += n;
		text += n;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_advice(const char *name, const char *text)
{
	if (text == NULL)
		return;
	printf("%*s%-*s", 9, "", ADVICE_COLUMN - 9, name);
	print_wrapped(text, ADVICE_COLUMN);
}

static char *join(const json_t *words)
{
	const json_t *word;
	char *list = xstrdup(""), *longer;
	size_t index;

	json_array_foreach(words, index, word) {
		longer = xasprintf("%s%s%s", list, index ? ", " : "",
				   json_string_value(word));
		free(list);
		list = longer;
	}
	return list;
}

static void print_finding(const json_t *finding)
{
	const char *label, *state, *detail, *harm, *effect, *cure;
	json_t *metrics;

	/* The texts are ours: doctor_judge() makes them all. */
	json_unpack((json_t *)finding, "{ss ss ss ss so}", "label", &label,
		    "state", &state, "detail", &detail, "harm", &harm,
		    "metrics", &metrics);
	effect = json_string_value(json_object_get(finding, "effect"));
	cure = json_string_value(json_object_get(finding, "cure"));
	printf("%-*s%-*s", 9, state, DETAIL_COLUMN - 9, label);
	print_wrapped(detail, DETAIL_COLUMN);
	print_advice("effect:", effect);
	if (strcmp(harm, "none") != 0) {
		char *list = join(metrics);

		print_advice(strcmp(harm, "lost") == 0 ? "lost:" : "doubt:",
			     list);
		free(list);
	}
	print_advice("cure:", cure);
}

static void print_report(const json_t *facts, const json_t *findings,
			 const json_t *verdict)
{
	const char *cpu = json_string_value(json_object_get(facts, "cpu"));
	double kib = json_number_value(json_object_get(facts, "memory_kib"));
	const json_t *item;
	size_t index;
	char *host = xasprintf(
		"%s %s %s, %lld CPUs%s%s%s",
		json_string_value(json_object_get(facts, "system")),
		json_string_value(json_object_get(facts, "kernel")),
		json_string_value(json_object_get(facts, "machine")),
		(long long)json_integer_value(json_object_get(facts, "cpus")),
		cpu ? " (" : "", cpu ? cpu : "", cpu ? ")" : "");

	print_wrapped(host, 0);
	if (kib > 0)
		printf("%.1f GiB of memory\n", kib / (1024 * 1024));
	putchar('\n');
	free(host);
	json_array_foreach(findings, index, item)
		print_finding(item);
	putchar('\n');
	json_array_foreach(verdict, index, item)
		print_wrapped(json_string_value(item), 0);
}

/* The interpreters that configure found, as facts; none after a complaint. */
static void add_interpreters(json_t *facts)
{
	struct interpreters list;
	json_int_t supported = 0;

	if (interpreters_load(&list) < 0)
		return;
	for (size_t i = 0; i < list.n; i++)
		supported += list.items[i].reason == NULL;
	json_object_set_new(facts, "interpreters_found",
			    json_integer((json_int_t)list.n));
	json_object_set_new(facts, "interpreters_supported",
			    json_integer(supported));
	interpreters_fini(&list);
}

/* One line for a known answer. */
static void print_answer(const json_t *row)
{
	const json_t *ok = json_object_get(row, "ok");
	const char *check, *metric, *reason;
	double low, high;

	json_unpack((json_t *)row, "{ss ss sf sf}", "check", &check, "metric",
		    &metric, "low", &low, "high", &high);
	reason = json_string_value(json_object_get(row, "reason"));
	printf("%-9s%-42s",
	       json_is_null(ok)		? "skipped" :
		       json_is_true(ok) ? "ok" :
					  "MISSED",
	       check);
	if (reason != NULL)
		printf(" %s\n", reason);
	else
		printf("  %-27s %9.6g  (%.6g to %.6g)\n", metric,
		       json_number_value(json_object_get(row, "measured")), low,
		       high);
}

/* Calibrates with one interpreter and adds its rows.  0 or an exit code. */
static int calibrate_one(const struct interpreter *i, int show, json_t *all)
{
	struct cell_limits limits = limits_default();
	char *error = NULL;
	json_t *rows, *row;
	size_t index;

	if (show)
		printf("%-51s %-27s %9s  (known)\n", i->tag, "metric",
		       "measured");
	fflush(stdout);
	rows = calibrate(i, &limits, &error);
	if (rows == NULL) {
		complain("%s", error);
		free(error);
		return interrupted ? EXIT_INTERRUPTED : EXIT_FAULT;
	}
	json_array_foreach(rows, index, row)
		if (show)
			print_answer(row);
	fflush(stdout);
	json_array_extend(all, rows);
	json_decref(rows);
	return 0;
}

/* Whether `i` was asked for; the known answers are about CPython's objects. */
static int is_wanted(const struct arguments *a, const struct interpreter *i)
{
	if (i->ext_dir == NULL || interpreter_is_pypy(i) ||
	    interpreter_is_go(i))
		return 0;
	for (size_t n = 0; n < a->pythons.n; n++)
		if (interpreter_matches(i, a->pythons.items[n]))
			return 1;
	return a->pythons.n == 0;
}

static int calibrate_all(const struct arguments *a)
{
	int show = strcmp(a->format, "table") == 0, code = 0, missed = 0;
	int judged = 0;
	json_t *all = json_array(), *row;
	struct interpreters list;
	size_t index, n = 0;

	if (interpreters_load(&list) < 0)
		return EXIT_FAULT;
	catch_signals();
	family_adopt_strays();
	for (size_t i = 0; i < list.n && code == 0; i++)
		if (is_wanted(a, &list.items[i])) {
			code = calibrate_one(&list.items[i], show, all);
			n++;
		}
	json_array_foreach(all, index, row) {
		missed += json_is_false(json_object_get(row, "ok"));
		judged += !json_is_null(json_object_get(row, "ok"));
	}
	if (code == 0 && n == 0)
		code = fail(a->pythons.n > 0 ? EXIT_USAGE : EXIT_UNSUPPORTED,
			    "no supported CPython%s; see 'list "
			    "interpreters'",
			    a->pythons.n > 0 ? " is what --python says" :
					       " was found");
	if (code == 0 && !show) {
		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
	}
	if (code == 0 && missed > 0)
		code = fail(EXIT_UNTRUSTED,
			    "%d known answers were missed; do "
			    "not trust what is measured on this host before "
			    "you know why",
			    missed);
	if (code == 0 && judged == 0)
		code = fail(EXIT_UNSUPPORTED,
			    "nothing could be calibrated here; "
			    "'doctor' says what this host lacks");
	json_decref(all);
	interpreters_fini(&list);
	return code;
}

static int examine(const struct arguments *a)
{
	json_t *facts = host_facts(), *findings, *verdict;
	int code = EXIT_OK;

	add_interpreters(facts);
	findings = doctor_judge(facts);
	verdict = doctor_verdict(findings);
	if (strcmp(a->format, "json") == 0) {
		json_t *document = json_pack(
			"{sO sb sO sO}", "verdict", verdict, "trustworthy",
			doctor_trustworthy(findings), "findings", findings,
			"facts", facts);

		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(document);
	} else {
		print_report(facts, findings, verdict);
	}
	if (a->strict && !doctor_trustworthy(findings))
		code = EXIT_UNTRUSTED;
	json_decref(verdict);
	json_decref(findings);
	json_decref(facts);
	return code;
}

int cmd_doctor(int argc, char **argv)
{
	struct arguments a = { .format = "table" };
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	code = a.calibrate ? calibrate_all(&a) : examine(&a);
	strings_fini(&a.pythons);
	return code;
}
