/* progress.c - a bar, an estimate of the time left, and failures, on stderr. */
#define _GNU_SOURCE
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define BAR 20

void progress_begin(struct progress *p, size_t total, size_t slots)
{
	*p = (struct progress){ .total = total,
				.slots = slots,
				.began = now_ns(),
				.terminal = isatty(STDERR_FILENO) };
}

static void clear_line(const struct progress *p)
{
	if (p->terminal)
		fputs("\r\033[K", stderr);
}

/* "12:05", or "1:02:05" */
static void format_time(char text[32], int64_t s)
{
	if (s < 3600)
		snprintf(text, 32, "%d:%02d", (int)(s / 60), (int)(s % 60));
	else
		snprintf(text, 32, "%ld:%02d:%02d", (long)(s / 3600),
			 (int)(s / 60 % 60), (int)(s % 60));
}

/* Seconds that the rest will take, or -1.  As one of several cells ends, the
 * others are half done on average. */
static int64_t estimate(const struct progress *p)
{
	double work = (double)p->done + (double)(p->slots - 1) / 2;
	double left = (double)p->total - work;

	if (p->done == 0)
		return -1;
	return left > 0 ?
		(int64_t)((double)(now_ns() - p->began) / 1e9 * left / work) :
		0;
}

void progress_show(struct progress *p, const char *what)
{
	char bar[BAR + 1], left[32], failed[32] = "", shown[61];
	size_t filled = p->total ? p->done * BAR / p->total : BAR;
	int64_t s = estimate(p);

	if (!p->terminal)
		return;
	memset(bar, '.', BAR);
	memset(bar, '#', filled);
	bar[BAR] = '\0';
	format_time(left, s);
	if (p->failed > 0)
		snprintf(failed, sizeof failed, ", %zu failed", p->failed);
	clear_line(p);
	snprintf(shown, sizeof shown, "%s", what);
	make_text_safe(shown);
	fprintf(stderr, "[%s] %zu/%zu%s%s%s%s  %s", bar, p->done, p->total,
		failed, s >= 0 ? ", " : "", s >= 0 ? left : "",
		s >= 0 ? " left" : "", shown);
	fflush(stderr);
}

void progress_done(struct progress *p, const json_t *document)
{
	const char *status = json_string_value(
		json_object_get(document, "status"));
	const char *reason = json_string_value(
		json_object_get(document, "reason"));

	p->done++;
	if (strcmp(status, "ok") == 0) {
		p->ok++;
		return;
	}
	if (strcmp(status, "unsupported") == 0)
		p->unsupported++;
	else
		p->failed++;
	clear_line(p);
	complain("%s: %s: %s", status,
		 json_string_value(json_object_get(document, "key")),
		 reason ? reason : "no reason given");
}

void progress_end(struct progress *p)
{
	clear_line(p);
}

void progress_sum_up(const struct progress *p, const char *more)
{
	int64_t s = (now_ns() - p->began) / 1000000000;

	complain(
		"%zu cells: %zu ok, %zu unsupported, %zu failed; %lld min "
		"%d s%s",
		p->ok + p->unsupported + p->failed, p->ok, p->unsupported,
		p->failed, (long long)s / 60, (int)(s % 60), more);
}
