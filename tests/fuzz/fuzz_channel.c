/* fuzz_channel.c - what the measured processes say at barriers: harness/family.c.
 * Input: lines "I TEXT", sent by member I (a digit) as a line, or as a part of one
 * when a backslash ends it; "I" alone closes the member's channel. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "family.h"

#define MEMBERS 4
#define AT_ONCE 4096 /* less than a socket holds */

static struct family f;
static int ends[MEMBERS]; /* the members' own; -1: closed */

/* Lets the family read what there is, and nothing else: it would wait. */
static void let_read(int member)
{
	int bytes;

	while (f.members[member].channel >= 0 &&
	       ioctl(f.members[member].channel, FIONREAD, &bytes) == 0 &&
	       bytes > 0)
		family_step(&f);
}

static void send_part(int member, const char *text, size_t n)
{
	while (n > 0) {
		size_t some = n < AT_ONCE ? n : AT_ONCE;

		FUZZ_REQUIRE(send(ends[member], text, some, MSG_NOSIGNAL) ==
			     (ssize_t)some);
		let_read(member);
		text += some;
		n -= some;
	}
}

/* Does what a line of the input, of `n` bytes, says. */
static void act(const char *line, size_t n)
{
	int member = n > 0 ? line[0] - '0' : -1;

	if (member < 0 || member >= MEMBERS || ends[member] < 0)
		return;
	if (n == 1) {
		close(ends[member]);
		ends[member] = -1;
		family_step(&f);
	} else if (line[1] == ' ' && line[n - 1] == '\\') {
		send_part(member, line + 2, n - 3);
	} else if (line[1] == ' ') {
		send_part(member, line + 2, n - 2);
		send_part(member, "\n", 1);
	}
}

static void check(void)
{
	for (int i = 0; i < MEMBERS; i++) {
		const struct family_member *m = &f.members[i];

		FUZZ_REQUIRE(memchr(m->at, '\0', sizeof m->at) != NULL);
		FUZZ_REQUIRE(m->used < sizeof m->line);
		describe_status(m->status);
	}
	if (f.error == NULL)
		return;
	/* It becomes the reason in a document, and a line on a terminal. */
	FUZZ_REQUIRE(is_utf8(f.error));
	for (const char *p = f.error; *p != '\0'; p++)
		FUZZ_REQUIRE(!iscntrl((unsigned char)*p));
}

FUZZ_TARGET(channel)
{
	char *text = fuzz_text(data, size), *line = text;

	if (f.members == NULL) /* once: it looks for strays at its end */
		FUZZ_REQUIRE(family_init(&f, MEMBERS - 1, 1L << 30, 0) == 0);
	for (int i = 0; i < MEMBERS; i++) {
		int pair[2];

		FUZZ_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
					pair) == 0);
		f.members[i] = (struct family_member){
			.channel = pair[0],
			.pid = getpid(), /* alive, and no child */
		};
		ends[i] = pair[1];
	}
	while (*line != '\0') {
		size_t n = strcspn(line, "\n");

		act(line, n);
		check();
		line += n + (line[n] != '\0');
	}
	for (int i = 0; i < MEMBERS; i++) {
		if (ends[i] >= 0)
			close(ends[i]);
		if (f.members[i].channel >= 0)
			close(f.members[i].channel);
	}
	free(f.error);
	f.error = NULL;
	free(text);
}
