/* observescreen.h - redraws a text in place on a terminal, and reads keys.
 *
 * Control sequences of ECMA-48 that every terminal of today knows: cursor up and
 * home, erase in line and below.  Without a terminal, texts follow each other.
 */
#ifndef PERMAFROST_OBSERVESCREEN_H
#define PERMAFROST_OBSERVESCREEN_H

#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct observe_screen {
	int is_terminal; /* stdout is one */
	int has_keys;	 /* and stdin, too: `saved` is to be restored */
	struct termios saved;
	int lines, columns;  /* last drawn */
	int drawn;	     /* texts so far */
	const char *between; /* texts without a terminal; NULL: nothing */
};

/* Takes the terminal, if there is one; give it back with observescreen_end(). */
void observescreen_begin(struct observe_screen *s);
void observescreen_end(struct observe_screen *s);

/* How many lines fit; a large number without a terminal. */
size_t observescreen_rows(const struct observe_screen *s);

/* Shows `text`, whose lines are cut off where the terminal ends.  0, or -EIO when
 * stdout takes no more. */
int observescreen_show(struct observe_screen *s, const char *text);

/* Waits for a key until `until` (ns of CLOCK_MONOTONIC), a signal or a change of
 * the terminal's size.  The key, or 0. */
int observescreen_wait(struct observe_screen *s, int64_t until);

/* How many bytes of the line (without its newline) take no more than `columns`
 * characters of UTF-8.  Pure. */
size_t observescreen_cut(const char *line, size_t bytes, size_t columns);

#endif
