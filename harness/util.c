/* util.c - memory, messages, numbers, files and child programs. */
#define _GNU_SOURCE
#include "util.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* else children vanish unread */
}

static void *need(void *p)
{
	if (p == NULL) {
		complain("out of memory");
		exit(EXIT_FAULT);
	}
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return need(calloc(n ? n : 1, size));
}

void *xrealloc(void *p, size_t n, size_t size)
{
	return need(reallocarray(p, n ? n : 1, size));
}

char *xstrdup(const char *s)
{
	return need(strdup(s));
}

char *xvasprintf(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	return need(text);
}

char *xasprintf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	return text;
}

static void vcomplain(const char *format, va_list args)
{
	char *text = xvasprintf(format, args);

	make_text_safe(text); /* one line, whatever the names in it hold */
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
	free(text);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vcomplain(format, args);
	va_end(args);
}

int fail(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vcomplain(format, args);
	va_end(args);
	return code;
}

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Reads `fd` to its end, at most `limit` bytes. */
static int read_all(int fd, size_t limit, char **text, size_t *length)
{
	size_t used = 0, room = 0;
	char *buffer = NULL;

	for (;;) {
		ssize_t n;

		if (used + 1 >= room) {
			room = room ? room * 2 : 4096;
			buffer = xrealloc(buffer, room, 1);
		}
		n = read(fd, buffer + used, room - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int error = -errno;

			free(buffer);
			return error;
		}
		used += (size_t)n;
		if (n == 0 || used >= limit)
			break;
	}
	buffer[used] = '\0';
	*text = buffer;
	if (length != NULL)
		*length = used;
	return 0;
}

int read_file(const char *path, size_t limit, char **text, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -errno;
	result = read_all(fd, limit, text, length);
	close(fd);
	return result;
}

int make_folders(const char *dir)
{
	char *path = xstrdup(dir);
	int result = 0;

	for (char *p = path + 1; result == 0 && *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			if (mkdir(path, 0777) < 0 && errno != EEXIST)
				result = -1;
			*p = '/';
		}
	if (result == 0 && mkdir(path, 0777) < 0 && errno != EEXIST)
		result = -1;
	free(path);
	return result;
}

int parse_long(const char *text, long low, long high, long *value)
{
	char *end;
	long v;

	if (!isdigit((unsigned char)text[0]) && text[0] != '-')
		return -EINVAL;
	errno = 0;
	v = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || v < low || v > high)
		return -EINVAL;
	*value = v;
	return 0;
}

int parse_size(const char *text, int64_t *bytes)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	long long v;
	int shift = 0;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0)
		return -EINVAL;
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit != NULL) {
		shift = 10 * (int)(unit - units + 1);
		end++;
	}
	if (*end != '\0' || v > (INT64_MAX >> shift))
		return -EINVAL;
	*bytes = (int64_t)v << shift;
	return 0;
}

const char *parse_table_or_json(const char *arg, const struct argp_state *state)
{
	if (strcmp(arg, "table") != 0 && strcmp(arg, "json") != 0)
		argp_error(state, "--format takes table or json, not '%s'",
			   arg);
	return arg;
}

int parse_seconds(const char *text, long *seconds)
{
	size_t n = strlen(text);
	long unit = 1;
	char digits[24];

	if (n == 0 || n >= sizeof digits)
		return -EINVAL;
	memcpy(digits, text, n + 1);
	switch (digits[n - 1]) {
	case 'h':
		unit = 3600;
		break;
	case 'm':
		unit = 60;
		break;
	case 's':
		break;
	default:
		n++;
	}
	digits[n - 1] = '\0';
	if (parse_long(digits, 1, SECONDS_MAX / unit, seconds) < 0)
		return -EINVAL;
	*seconds *= unit;
	return 0;
}

int64_t count_sum(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a > 0 ? a : 0, b > 0 ? b : 0, &sum) ?
		INT64_MAX :
		sum;
}

void strings_add(struct strings *list, const char *text)
{
	list->items = xrealloc(list->items, list->n + 1, sizeof *list->items);
	list->items[list->n++] = xstrdup(text);
}

void strings_fini(struct strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
	list->items = NULL;
	list->n = 0;
}

int strings_has(const struct strings *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i], text) == 0)
			return 1;
	return 0;
}

void strings_split(struct strings *list, const char *text, char separator)
{
	while (*text != '\0') {
		const char *end = strchrnul(text, separator);

		if (end != text) {
			char *part = xasprintf("%.*s", (int)(end - text), text);

			strings_add(list, part);
			free(part);
		}
		text = *end ? end + 1 : end;
	}
}

/* The child's side of start_program(). */
static void exec_child(char *const argv[], int in, int out, int err, int report)
{
	pid_t parent = getppid();
	int null = open("/dev/null", O_RDWR), error;

	/* Not SIGKILL: a cell has processes of its own to end. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAULT);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	dup2(in >= 0 ? in : null, STDIN_FILENO);
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	if (err >= 0)
		dup2(err, STDERR_FILENO);
	/* execvp would have a shell read a file that is no program. */
	if (strchr(argv[0], '/') != NULL)
		execv(argv[0], argv);
	else
		execvp(argv[0], argv);
	error = errno;
	(void)!write(report, &error, sizeof error);
	_exit(127);
}

pid_t start_program(char *const argv[], int in, int out, int err)
{
	int report[2], error = 0;
	pid_t pid;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		exec_child(argv, in, out, err, report[1]);
	if (pid < 0)
		error = errno;
	close(report[1]);
	do
		n = pid < 0 ? 0 : read(report[0], &error, sizeof error);
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (error == 0)
		return pid;
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return -error;
}

struct capture {
	int fd;
	char *text;
	size_t used;
};

#define CAPTURE_LIMIT (16u << 20)

/* Reads what there is.  Closes the pipe at its end. */
static void capture_read(struct capture *c)
{
	char chunk[65536];
	ssize_t n = read(c->fd, chunk, sizeof chunk);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(c->fd);
		c->fd = -1;
		return;
	}
	if (c->used + (size_t)n > CAPTURE_LIMIT)
		return;
	c->text = xrealloc(c->text, c->used + (size_t)n + 1, 1);
	memcpy(c->text + c->used, chunk, (size_t)n);
	c->used += (size_t)n;
	c->text[c->used] = '\0';
}

int run_program(char *const argv[], long timeout_s, char **out, char **err,
		int *status)
{
	int pipes[2][2] = { { -1, -1 }, { -1, -1 } };
	struct capture captures[2];
	char **const texts[2] = { out, err };
	int64_t deadline = now_ns() + timeout_s * 1000000000;
	int result = 0, told = 0;
	pid_t pid = -1;

	for (int i = 0; i < 2 && result == 0; i++)
		if (texts[i] != NULL && pipe2(pipes[i], O_CLOEXEC) < 0)
			result = -errno;
	if (result == 0)
		pid = start_program(argv, -1, pipes[0][1], pipes[1][1]);
	if (result == 0 && pid < 0)
		result = (int)pid;
	for (int i = 0; i < 2; i++) {
		if (pipes[i][1] >= 0)
			close(pipes[i][1]);
		captures[i] = (struct capture){ .fd = pipes[i][0] };
	}
	while (result == 0 && (captures[0].fd >= 0 || captures[1].fd >= 0)) {
		struct pollfd p[2];

		for (int i = 0; i < 2; i++)
			p[i] = (struct pollfd){ .fd = captures[i].fd,
						.events = POLLIN };
		if (poll(p, 2, 200) < 0 && errno != EINTR)
			break;
		for (int i = 0; i < 2; i++)
			if (captures[i].fd >= 0 && p[i].revents != 0)
				capture_read(&captures[i]);
		if (interrupted && !told) {
			kill(pid, SIGTERM); /* it cleans up, then ends */
			told = 1;
		}
		if (timeout_s > 0 && now_ns() > deadline) {
			kill(pid, SIGKILL);
			result = -ETIMEDOUT;
		}
	}
	while (pid > 0 && waitpid(pid, status, 0) < 0 && errno == EINTR)
		continue;
	for (int i = 0; i < 2; i++) {
		if (captures[i].fd >= 0)
			close(captures[i].fd);
		if (texts[i] != NULL)
			*texts[i] = captures[i].text ? captures[i].text :
						       xstrdup("");
	}
	return result;
}

char *shell_quote(const char *text)
{
	char *quoted = xcalloc(strlen(text) * 4 + 3, 1), *p = quoted;

	*p++ = '\'';
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			p = stpcpy(p, "'\\''");
		else if (*text == '{')
			p = stpcpy(p, "{''"); /* {} and {=...=} */
		else
			*p++ = *text;
	}
	*p = '\'';
	return quoted;
}

const char *describe_status(int status)
{
	static char text[96];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof text, "was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof text, "ended with status %d",
			 WEXITSTATUS(status));
	return text;
}

/* Length of the UTF-8 sequence at `p`, or 0 when there is no valid one; RFC 3629,
 * section 4. */
static size_t utf8_length(const unsigned char *p)
{
	size_t n = p[0] < 0x80 ? 1 :
		p[0] < 0xC2    ? 0 :
		p[0] < 0xE0    ? 2 :
		p[0] < 0xF0    ? 3 :
		p[0] < 0xF5    ? 4 :
				 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

int is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p != '\0') {
		size_t n = utf8_length(p);

		if (n == 0)
			return 0;
		p += n;
	}
	return 1;
}

/* Whether a valid sequence of `n` bytes acts on a terminal instead of being shown:
 * controls (ECMA-48; as C1 in two bytes of UTF-8, too) and what turns the direction
 * of text around (Unicode, UAX 9). */
static int acts(const unsigned char *p, size_t n)
{
	switch (n) {
	case 1:
		return p[0] < 0x20 || p[0] == 0x7F;
	case 2:
		return p[0] == 0xC2 && p[1] < 0xA0;
	case 3:
		return p[0] == 0xE2 &&
			((p[1] == 0x80 && p[2] >= 0xA8 && p[2] <= 0xAE) ||
			 (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9));
	default:
		return 0;
	}
}

void make_text_safe_but(char *text, const char *kept)
{
	char *to = text;

	for (const char *p = text; *p != '\0';) {
		size_t n = utf8_length((const unsigned char *)p);

		if (n == 0 ||
		    (acts((const unsigned char *)p, n) &&
		     (n > 1 || strchr(kept, *p) == NULL))) {
			*to++ = '?';
			p += n ? n : 1;
			continue;
		}
		memmove(to, p, n);
		to += n;
		p += n;
	}
	*to = '\0';
}

void make_text_safe(char *text)
{
	make_text_safe_but(text, "");
}

const char *text_after(const char *text, char c)
{
	const char *p = strchr(text, c);

	return p != NULL ? p + 1 : NULL;
}

const char *last_line(char *text)
{
	size_t n = strlen(text);
	char *line;

	while (n > 0 && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	line = strrchr(text, '\n');
	line = line != NULL ? line + 1 : text;
	make_text_safe(line);
	return line;
}

/* Number of insertions, deletions and replacements between two short words. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(b), row[64];

	if (n >= 63)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; *a != '\0'; a++, i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (*a != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[n];
}

const char *nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t least = 3; /* farther ones are no help */

	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(word, names[i]);

		if (d < least) {
			least = d;
			best = names[i];
		}
	}
	return best;
}
