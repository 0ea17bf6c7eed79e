/* sshhost.c - parses --sshlogin, and asks machines over ssh.
 *
 * A login is what GNU parallel takes for one, but for a command with options in
 * it: those belong into ssh's own configuration or into $PARALLEL_SSH, which
 * parallel reads too.  Only letters that mean nothing to a shell, to ssh's
 * options or to parallel can be in one.
 */
#define _GNU_SOURCE
#include "sshhost.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The length of the leading part of `text` that is letters, digits and `also`. */
static size_t span(const char *text, const char *also)
{
	size_t n = 0;

	while (text[n] != '\0' &&
	       (isalnum((unsigned char)text[n]) ||
		strchr(also, text[n]) != NULL))
		n++;
	return n;
}

/* Whether `text` is [USER@]HOST[:PORT]; HOST may be an IPv6 address in
 * brackets. */
static int is_login(const char *text)
{
	size_t n = span(text, "._-");
	long port;

	if (text[n] == '@') {
		if (!isalnum((unsigned char)text[0]) && text[0] != '_')
			return 0;
		text += n + 1;
	}
	if (*text == '[') {
		n = span(text + 1, ":") + 1;
		if (n < 3 || text[n++] != ']')
			return 0;
	} else {
		n = span(text, "._-");
		if (!isalnum((unsigned char)text[0]))
			return 0; /* an option, or ".." */
	}
	return text[n] == '\0' ||
		(text[n] == ':' &&
		 parse_long(text + n + 1, 1, 65535, &port) == 0);
}

int sshhosts_add(struct sshhosts *hosts, const char *login)
{
	size_t digits = strspn(login, "0123456789");

	/* "4/host" gives a number of CPUs, by which we do not count jobs. */
	if (digits > 0 && login[digits] == '/')
		login += digits + 1;
	if (strcmp(login, ":") != 0 && !is_login(login))
		return -1;
	for (size_t i = 0; i < hosts->n; i++)
		if (strcmp(hosts->items[i].login, login) == 0)
			return 0;
	hosts->items = xrealloc(hosts->items, hosts->n + 1,
				sizeof *hosts->items);
	hosts->items[hosts->n++] = (struct sshhost){
		.login = xstrdup(login),
		.local = strcmp(login, ":") == 0,
	};
	return 0;
}

static void host_fini(struct sshhost *host)
{
	free(host->login);
	json_decref(host->facts);
}

void sshhosts_drop(struct sshhosts *hosts, size_t i)
{
	host_fini(&hosts->items[i]);
	hosts->n--;
	memmove(&hosts->items[i], &hosts->items[i + 1],
		(hosts->n - i) * sizeof *hosts->items);
}

void sshhosts_fini(struct sshhosts *hosts)
{
	for (size_t i = 0; i < hosts->n; i++)
		host_fini(&hosts->items[i]);
	free(hosts->items);
	*hosts = (struct sshhosts){ NULL, 0 };
}

size_t sshhosts_remote(const struct sshhosts *hosts)
{
	size_t n = 0;

	for (size_t i = 0; i < hosts->n; i++)
		n += !hosts->items[i].local;
	return n;
}

const char *sshhost_ssh(void)
{
	const char *ssh = getenv("PARALLEL_SSH");

	return ssh != NULL && *ssh != '\0' ?
		ssh :
		"ssh -o BatchMode=yes -o ConnectTimeout=10 "
		"-o ServerAliveInterval=15 -o ServerAliveCountMax=3";
}

pid_t sshhost_start(const struct sshhost *host, const char *script, int in,
		    int out, int err)
{
	char *call = xasprintf("exec %s \"$@\"", sshhost_ssh());
	char *login = xstrdup(host->login), *name = strchr(login, '@');
	char *port, *quoted = shell_quote(script);
	char *argv[16] = { "/bin/sh", "-c", call, "ssh" };
	size_t n = 4;
	pid_t pid;

	if (name != NULL) {
		*name++ = '\0';
		argv[n++] = "-l";
		argv[n++] = login;
	} else {
		name = login;
	}
	port = *name == '[' ? strchr(name, ']') : name;
	if (*name == '[') {
		name++;
		*port++ = '\0';
	}
	port = strchr(port, ':');
	if (port != NULL) {
		*port++ = '\0';
		argv[n++] = "-p";
		argv[n++] = port;
	}
	argv[n++] = "-T";
	argv[n++] = name;
	argv[n++] = "exec";
	argv[n++] = "/bin/sh";
	argv[n++] = "-c";
	argv[n++] = quoted;
	argv[n] = NULL;
	pid = start_program(argv, in, out, err);
	free(call);
	free(login);
	free(quoted);
	return pid;
}

#define ANSWER_LIMIT (64u << 20)

/* All that was written to a memfd, which is closed.  New, never NULL. */
static char *take(int fd)
{
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	char *text;
	ssize_t n;

	if (size < 0 || size > (off_t)ANSWER_LIMIT)
		size = 0;
	text = xcalloc((size_t)size + 1, 1);
	n = size > 0 ? pread(fd, text, (size_t)size, 0) : 0;
	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

struct sshanswer *sshhosts_ask(const struct sshhosts *hosts, const char *script,
			       long timeout_s)
{
	struct sshanswer *answers = xcalloc(hosts->n, sizeof *answers);
	struct question {
		pid_t pid;
		int out, err;
	} *questions = xcalloc(hosts->n, sizeof *questions);
	int64_t deadline = now_ns() + timeout_s * 1000000000;

	/* Into files, so that none waits for another to be read. */
	for (size_t i = 0; i < hosts->n; i++) {
		struct question *q = &questions[i];

		*q = (struct question){ -1, -1, -1 };
		if (hosts->items[i].local)
			continue;
		q->out = memfd_create("permafrost-out", MFD_CLOEXEC);
		q->err = memfd_create("permafrost-err", MFD_CLOEXEC);
		q->pid = sshhost_start(&hosts->items[i], script, -1, q->out,
				       q->err);
	}
	for (size_t i = 0; i < hosts->n; i++) {
		struct question *q = &questions[i];
		pid_t ended = 0;

		while (q->pid > 0 &&
		       (ended = waitpid(q->pid, &answers[i].status, WNOHANG)) ==
			       0 &&
		       now_ns() < deadline && !interrupted)
			usleep(10000);
		answers[i].asked = q->pid > 0 && ended == q->pid;
		if (q->pid > 0 && ended == 0) {
			kill(q->pid, SIGKILL);
			waitpid(q->pid, NULL, 0);
		}
		answers[i].out = take(q->out);
		answers[i].err = take(q->err);
	}
	free(questions);
	return answers;
}

void sshanswers_free(struct sshanswer *answers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(answers[i].out);
		free(answers[i].err);
	}
	free(answers);
}

const char *sshanswer_problem(struct sshanswer *answer)
{
	const char *line = last_line(answer->err);

	if (!answer->asked)
		return "no answer within the time";
	return *line != '\0' ? line : describe_status(answer->status);
}
