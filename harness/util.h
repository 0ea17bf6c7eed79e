/* util.h - what every other file of the harness may use; nothing here knows of
 * Python, cells or databases. */
#ifndef PERMAFROST_UTIL_H
#define PERMAFROST_UTIL_H

#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct argp_state; /* of <argp.h> */

/* Exit codes of the program; documented in --help and README. */
enum exit_code {
	EXIT_OK = 0,		/* all cells ran */
	EXIT_FAULT = 1,		/* the harness itself failed */
	EXIT_USAGE = 2,		/* the command line is wrong */
	EXIT_CELL_FAILED = 3,	/* a cell failed */
	EXIT_UNSUPPORTED = 4,	/* nothing that was asked for works here */
	EXIT_UNTRUSTED = 5,	/* samples were lost */
	EXIT_TIMEOUT = 124,	/* every cell timed out */
	EXIT_INTERRUPTED = 130, /* Ctrl-C or SIGTERM */
};

/* Memory, or the end of the program with one line.  The caller frees. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list args);

/* One line on stderr, led by the program's name. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints like complain() and returns `code`, for `return fail(...)`. */
int fail(int code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t now_ns(void);

/* Reads a whole file, at most `limit` bytes, into *text (to free, ends in NUL,
 * *length without it; may be NULL).  0 or -errno. */
int read_file(const char *path, size_t limit, char **text, size_t *length);

/* Creates the folder `dir` and what is above it.  0, or -1 with errno set. */
int make_folders(const char *dir);

/* Reads a whole decimal number in [low, high].  0, or -EINVAL. */
int parse_long(const char *text, long low, long high, long *value);

/* Reads a size in bytes with an optional K, M, G or T.  0, or -EINVAL. */
int parse_size(const char *text, int64_t *bytes);

/* Reads a time in seconds with an optional s, m or h, from 1 s to SECONDS_MAX:
 * nobody waits longer.  0, or -EINVAL. */
#define SECONDS_MAX (366L * 24 * 3600)
int parse_seconds(const char *text, long *seconds);

/* The argument of --format where it is table or json; ends the program with a
 * usage message otherwise. */
const char *parse_table_or_json(const char *arg,
				const struct argp_state *state);

/* The sum of two counts that somebody else may have written: negative ones are
 * none, and it ends at the largest number there is. */
int64_t count_sum(int64_t a, int64_t b);

/* A list of strings that owns them. */
struct strings {
	char **items;
	size_t n;
};
void strings_add(struct strings *list, const char *text);
void strings_fini(struct strings *list);
int strings_has(const struct strings *list, const char *text);
/* Adds the parts of `text` between `separator`s, without empty ones. */
void strings_split(struct strings *list, const char *text, char separator);

/* Starts argv[0] (looked up in PATH) without a shell, with these descriptors as
 * its streams; -1 is /dev/null for `in`, and the caller's own for the others.  It
 * is told to end (SIGTERM) when the harness dies.  Its pid, or -errno: of exec
 * too. */
pid_t start_program(char *const argv[], int in, int out, int err);

/* Runs argv[0] (looked up in PATH) without a shell and waits.  stdin is
 * /dev/null.  When `out` is not NULL it gets stdout (at most 16 MiB, to free);
 * stderr is the caller's, or goes to *err likewise.  *status is what waitpid
 * gives.  The program is killed when it runs longer than `timeout_s` (0: no
 * limit) or when the harness dies, and told to end (SIGTERM) when the harness
 * is interrupted.  0, or -errno: of exec too, -ETIMEDOUT. */
int run_program(char *const argv[], long timeout_s, char **out, char **err,
		int *status);

/* `text` as one word of a shell, which GNU parallel finds nothing to replace in
 * either.  A new string. */
char *shell_quote(const char *text);

/* How a process ended, from a wait status, in words; static storage. */
const char *describe_status(int status);

/* Makes text that comes from elsewhere fit for one line of a terminal and for
 * JSON, in place: characters that act on a terminal and what is not UTF-8 become
 * '?'.  The second leaves those of `kept`, ASCII controls, alone. */
void make_text_safe(char *text);
void make_text_safe_but(char *text, const char *kept);

/* Whether `text` is valid UTF-8, as JSON needs it. */
int is_utf8(const char *text);

/* What follows the first `c` in the text, or NULL. */
const char *text_after(const char *text, char c);

/* The last line of `text` that is not blank, cut off in place and made safe. */
const char *last_line(char *text);

/* Nearest name to `word` among `names`, or NULL when none is near. */
const char *nearest(const char *word, const char *const *names, size_t n);

/* Set by SIGINT and SIGTERM once catch_signals() was called. */
extern volatile sig_atomic_t interrupted;
void catch_signals(void);

#endif
