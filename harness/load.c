/* load.c - starts hey and reads what it prints.
 *
 * Its summary (0.1.4, requester/print.go) has a line "Total: SECONDS secs", then
 * "Status code distribution:" with lines "[STATUS] N responses", and, when some
 * requests failed, "Error distribution:" with lines "[N] TEXT".  Answers whose status
 * is an error are none to it.
 */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define HEY "hey"

/* A line of the list of errors. */
static void take_errors(struct load_report *r, long n, const char *text)
{
	if (r->errors == 0) {
		snprintf(r->error, sizeof r->error, "%.*s",
			 (int)strcspn(text, "\n"), text);
		make_text_safe(r->error);
	}
	r->errors += n;
}

int load_parse(const char *text, struct load_report *r)
{
	enum { NOTHING, ANSWERS, ERRORS } list = NOTHING;
	int timed = 0;

	*r = (struct load_report){ .seconds = 0 };
	for (const char *line = text; line != NULL;
	     line = text_after(line, '\n')) {
		long a, b;
		int at = 0;

		if (strncmp(line, "Status code distribution:", 25) == 0)
			list = ANSWERS;
		else if (strncmp(line, "Error distribution:", 19) == 0)
			list = ERRORS;
		else if (!timed &&
			 sscanf(line, " Total: %lf secs%n", &r->seconds, &at) ==
				 1 &&
			 at > 0)
			timed = r->seconds >= 0;
		else if (list == ANSWERS &&
			 sscanf(line, " [%ld] %ld responses%n", &a, &b, &at) ==
				 2 &&
			 at > 0 && b > 0)
			r->answers += b;
		else if (list == ERRORS &&
			 sscanf(line, " [%ld] %n", &a, &at) == 1 && at > 0 &&
			 a > 0)
			take_errors(r, a, line + at);
	}
	return timed ? 0 : -EINVAL;
}

pid_t load_start(long requests, long concurrency, int port, int out)
{
	char *n = xasprintf("%ld", requests);
	char *c = xasprintf("%ld", concurrency);
	char *url = xasprintf("http://127.0.0.1:%d/", port);
	/* Redirects are answers; a cell has its own time limit. */
	char *argv[] = { HEY,
			 "-n",
			 n,
			 "-c",
			 c,
			 "-t",
			 "0",
			 "-disable-keepalive",
			 "-disable-redirects",
			 url,
			 NULL };
	pid_t pid = start_program(argv, -1, out, out);

	free(n);
	free(c);
	free(url);
	return pid;
}

char *load_missing(void)
{
	char *argv[] = { HEY, NULL };
	char *out = NULL, *err = NULL;
	int status, result = run_program(argv, 60, &out, &err, &status);

	free(out);
	free(err);
	return result < 0 ?
		xasprintf(
			"the load generator hey cannot be run (Debian: "
			"hey): %s",
			strerror(-result)) :
		NULL;
}
