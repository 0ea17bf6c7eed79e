/* cmd_observe.c - `harness observe`: what a live server's workers copy, and what
 * freeze and reshare would give back. */
#define _GNU_SOURCE
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "celllimits.h"
#include "commands.h"
#include "observe.h"
#include "observescreen.h"
#include "util.h"

/* Lines of the table besides those of workers. */
#define OTHER_ROWS 18

struct arguments {
	long pid, interval_s;
	int once, no_contents;
	const char *format;
};

enum { KEY_PID = 256, KEY_ONCE, KEY_FORMAT, KEY_INTERVAL, KEY_NO_CONTENTS };

static const struct argp_option options[] = {
	{ "pid", KEY_PID, "PID", 0, "the server's master process", 0 },
	{ "once", KEY_ONCE, 0, 0,
	  "look once, for as long as an interval, print "
	  "and end",
	  0 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "table or json (default: table)",
	  0 },
	{ "interval", KEY_INTERVAL, "TIME", 0,
	  "time between two looks, such as "
	  "10s (default: 2s)",
	  0 },
	{ "no-contents", KEY_NO_CONTENTS, 0, 0,
	  "do not read pages: no forecast", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case KEY_PID:
		a->pid = argument_number(state, "pid", arg, 1, INT_MAX);
		return 0;
	case KEY_ONCE:
		a->once = 1;
		return 0;
	case KEY_FORMAT:
		a->format = parse_table_or_json(arg, state);
		return 0;
	case KEY_INTERVAL:
		if (parse_seconds(arg, &a->interval_s) < 0)
			argp_error(state,
				   "--interval takes a time such as 2s "
				   "or 1m, not '%s'",
				   arg);
		return 0;
	case KEY_NO_CONTENTS:
		a->no_contents = 1;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "too many arguments");
		return 0;
	case ARGP_KEY_END:
		if (a->pid == 0)
			argp_error(state,
				   "which server? Say --pid=PID of its "
				   "master");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Watches a running pre-fork server that knows nothing of us: memory "
	       "and copied pages per worker, and what freeze and reshare would "
	       "give back."
	       "\vReads /proc only.  Needs the rights to read the processes: the "
	       "same user or root.  On a terminal, q ends and c compares contents "
	       "at once.  Exit codes: 0, also when the server ends while it is "
	       "watched; 1 if it ends during --once; 2 there is no such process, "
	       "or it has no workers; 4 it may not be read.",
};

/* Says why the master could not be read at first.  An exit code. */
static int refuse(pid_t pid, int error)
{
	char *why;
	int code;

	if (error == -ESRCH || error == -ENOENT)
		return fail(EXIT_USAGE, "there is no process %d", (int)pid);
	why = observefamily_why_unreadable(pid, error);
	code = fail(error == -EACCES || error == -EPERM ? EXIT_UNSUPPORTED :
							  EXIT_FAULT,
		    "%s", why);
	free(why);
	return code;
}

/* The text of what is known; to free. */
static char *describe(const struct observe *o, const struct arguments *a,
		      size_t rows)
{
	json_t *document = observe_document(o);
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (stream == NULL) {
		complain("out of memory");
		exit(EXIT_FAULT);
	}
	if (strcmp(a->format, "json") == 0) {
		json_dumpf(document, stream, JSON_COMPACT);
		fputc('\n', stream);
	} else {
		observe_print(stream, document,
			      rows > OTHER_ROWS ? rows - OTHER_ROWS : 1);
	}
	fclose(stream);
	json_decref(document);
	return text;
}

/* Contents that may not be read are no reason to end: the rest is known. */
static void warn_of_contents(const struct observe *o)
{
	char *why;

	if (o->contents_error == 0)
		return;
	why = observefamily_why_unreadable(o->master, o->contents_error);
	complain("warning: contents are not compared: %s", why);
	free(why);
}

/* An exit code. */
static int look_once(struct observe *o, const struct arguments *a)
{
	struct observe_screen s = { 0 };
	char *text;

	observescreen_wait(&s, now_ns() + a->interval_s * 1000000000);
	if (interrupted)
		return EXIT_INTERRUPTED;
	if (observe_refresh(o) < 0)
		return fail(EXIT_FAULT,
			    "process %d ended while it was looked "
			    "at",
			    (int)o->master);
	if (!a->no_contents)
		observe_read_contents(o);
	text = describe(o, a, SIZE_MAX);
	fputs(text, stdout);
	free(text);
	warn_of_contents(o);
	return EXIT_OK;
}

/* Until the server or the user ends.  An exit code. */
static int watch(struct observe *o, const struct arguments *a)
{
	struct observe_screen s = { 0 };
	int key = 0, result = 0;

	if (strcmp(a->format, "json") != 0)
		observescreen_begin(&s);
	while (!interrupted && result == 0 && key != 'q') {
		int64_t until = now_ns() + a->interval_s * 1000000000;
		char *text;

		if (!a->no_contents &&
		    (key == 'c' || now_ns() >= observe_contents_due(o))) {
			observe_read_contents(o);
			if (s.drawn == 0)
				warn_of_contents(o);
		}
		text = describe(o, a, observescreen_rows(&s));
		result = observescreen_show(&s, text);
		free(text);
		if (result == 0) {
			key = observescreen_wait(&s, until);
			result = observe_refresh(o);
		}
	}
	observescreen_end(&s);
	if (result == -EIO)
		return EXIT_FAULT; /* main() says so */
	if (result == -ESRCH || result == -ENOENT)
		complain("process %d has ended", (int)o->master);
	else if (result < 0)
		return fail(EXIT_FAULT, "process %d: %s", (int)o->master,
			    strerror(-result));
	return EXIT_OK;
}

int cmd_observe(int argc, char **argv)
{
	struct arguments a = { .interval_s = 2, .format = "table" };
	struct observe o;
	char *why;
	int result, code;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	catch_signals();
	observe_begin(&o, (pid_t)a.pid, a.no_contents);
	result = observe_refresh(&o);
	if (result < 0) {
		code = refuse((pid_t)a.pid, result);
	} else if (o.now.n == 0) {
		why = observefamily_why_none(&o.now);
		code = fail(EXIT_USAGE, "%s", why);
		free(why);
	} else {
		code = a.once ? look_once(&o, &a) : watch(&o, &a);
	}
	observe_end(&o);
	return code;
}
