/* progress.c - a bar, an estimate of the time left, and failures, on stderr. */
#define _GNU_SOURCE
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define BAR 20

void progress_begin(struct progress *p, size_t total)
{
	*p = (struct progress){ .total = total, .began = now_ns(),
				.terminal = isatty(STDERR_FILENO) };
}

static void clear_line(const struct progress *p)
{
	if (p->terminal)
		fputs("\r\033[K", stderr);
}

void progress_show(struct progress *p, const char *key)
{
	char bar[BAR + 1], left[32] = "", shown[61];
	size_t filled = p->total ? p->done * BAR / p->total : BAR;

	if (!p->terminal)
		return;
	memset(bar, '.', BAR);
	memset(bar, '#', filled);
	bar[BAR] = '\0';
	if (p->done > 0) {
		long s = (long)((now_ns() - p->began) / 1000000000 *
				(int64_t)(p->total - p->done) /
				(int64_t)p->done);

		snprintf(left, sizeof left, ", %ld:%02ld left", s / 60, s % 60);
	}
	clear_line(p);
	snprintf(shown, sizeof shown, "%s", key);
	make_text_safe(shown);
	fprintf(stderr, "[%s] %zu/%zu%s  %s", bar, p->done, p->total, left,
		shown);
	fflush(stderr);
}

void progress_done(struct progress *p, const json_t *document)
{
	const char *status = json_string_value(json_object_get(document,
							       "status"));
	const char *reason = json_string_value(json_object_get(document,
							       "reason"));

	p->done++;
	if (strcmp(status, "ok") == 0)
		return;
	clear_line(p);
	complain("%s: %s: %s", status,
		 json_string_value(json_object_get(document, "key")),
		 reason ? reason : "no reason given");
}

void progress_end(struct progress *p)
{
	clear_line(p);
}
