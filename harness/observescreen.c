/* observescreen.c - a terminal that is redrawn in place. */
#define _GNU_SOURCE
#include "observescreen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util.h"

#define MANY_ROWS 1000000
#define WAIT_MS 1000 /* at most, then it is seen whether to go on */

/* Only interrupts poll(). */
static void on_resize(int number)
{
	(void)number;
}

static void take_keys(const struct observe_screen *s)
{
	struct termios t = s->saved;

	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
}

void observescreen_begin(struct observe_screen *s)
{
	struct sigaction action = { .sa_handler = on_resize };

	*s = (struct observe_screen){ .is_terminal = isatty(STDOUT_FILENO),
				      .between = "\n" };
	if (!s->is_terminal)
		return;
	sigaction(SIGWINCH, &action, NULL);
	/* A background process must not touch the terminal's settings. */
	s->has_keys = tcgetpgrp(STDIN_FILENO) == getpgrp() &&
		tcgetattr(STDIN_FILENO, &s->saved) == 0;
	if (s->has_keys)
		take_keys(s);
}

void observescreen_end(struct observe_screen *s)
{
	if (s->has_keys)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &s->saved);
	s->has_keys = 0;
}

static struct winsize size_now(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 ||
	    size.ws_col == 0)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	return size;
}

size_t observescreen_rows(const struct observe_screen *s)
{
	return s->is_terminal ? size_now().ws_row : MANY_ROWS;
}

size_t observescreen_cut(const char *line, size_t bytes, size_t columns)
{
	size_t n = 0, characters = 0;

	while (n < bytes && characters < columns) {
		n++;
		while (n < bytes && ((unsigned char)line[n] & 0xc0) == 0x80)
			n++;
		characters++;
	}
	return n;
}

/* Draws over what was drawn before.  The last column and row stay free, where a
 * terminal would begin a new line. */
static void draw(struct observe_screen *s, const char *text)
{
	struct winsize size = size_now();
	int lines = 0;

	if (s->drawn > 0 && s->columns != size.ws_col)
		fputs("\033[H\033[J", stdout); /* old lines are anywhere */
	else if (s->drawn > 0 && s->lines > 0)
		printf("\r\033[%dA",
		       s->lines < size.ws_row ? s->lines : size.ws_row - 1);
	for (; *text != '\0' && lines < size.ws_row - 1; lines++) {
		size_t n = strcspn(text, "\n");

		printf("%.*s\033[K\n",
		       (int)observescreen_cut(text, n, size.ws_col - 1u), text);
		text += n + (text[n] == '\n');
	}
	fputs("\033[J", stdout);
	s->lines = lines;
	s->columns = size.ws_col;
}

int observescreen_show(struct observe_screen *s, const char *text)
{
	if (s->is_terminal)
		draw(s, text);
	else
		printf("%s%s", s->drawn > 0 && s->between ? s->between : "",
		       text);
	s->drawn++;
	return fflush(stdout) != 0 || ferror(stdout) ? -EIO : 0;
}

int observescreen_wait(struct observe_screen *s, int64_t until)
{
	while (!interrupted) {
		struct pollfd in = { .fd = s->has_keys ? STDIN_FILENO : -1,
				     .events = POLLIN };
		int64_t ms = (until - now_ns()) / 1000000;
		char key;
		int n;

		if (ms <= 0)
			return 0;
		n = poll(&in, 1, (int)(ms < WAIT_MS ? ms : WAIT_MS));
		if (n < 0)
			return 0;
		if (n == 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) == 1)
			return (unsigned char)key;
		s->has_keys = 0; /* the terminal is gone */
	}
	return 0;
}
