/* ship.c - copies a build that works wherever it lies to other machines.
 *
 * The copy is a tree as install.c finds it by the program's own place:
 *
 *   bin/permafrost  ext/interpreters.json  ext/TAG/...  workloads/...  shipped
 *
 * One ssh per host brings it as a tar archive and then stays open; on the other
 * side a shell waits for its input to end, for whatever reason, and removes the
 * folder.  So nothing stays behind even when the harness is killed.  Needed
 * there: sh, head, tar, and the shared libraries that the program is linked to.
 */
#define _GNU_SOURCE
#include "ship.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "install.h"
#include "scratch.h"

#define SHIP_TIMEOUT_S 300 /* for one host */

/* Makes stage/NAME a link to TARGET.  0 or -errno. */
static int stage_link(const char *stage, const char *name, const char *target)
{
	char *path = xasprintf("%s/%s", stage, name);
	char *folder = xasprintf("%.*s", (int)(strrchr(path, '/') - path),
				 path);
	int result = make_folders(folder) < 0 || symlink(target, path) < 0 ?
		-errno :
		0;

	free(folder);
	free(path);
	return result;
}

/* The mark of a tree that was shipped.  0 or -errno. */
static int stage_mark(const char *stage)
{
	char *path = xasprintf("%s/" INSTALL_SHIPPED, stage);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int result = fd < 0 ? -errno : 0;

	free(path);
	if (fd >= 0)
		close(fd);
	return result;
}

/* Links to all that the tree consists of.  0 or -errno. */
static int stage_all(const char *stage)
{
	char *target, *name;
	struct interpreters list;
	int result;

	if (interpreters_load(&list) < 0)
		return -ENOENT;
	result = stage_link(stage, "bin/permafrost", install_program());
	if (result == 0)
		result = stage_mark(stage);
	if (result == 0)
		result = stage_link(stage, "workloads",
				    install_workloads_dir());
	target = xasprintf("%s/interpreters.json", install_ext_dir());
	if (result == 0)
		result = stage_link(stage, "ext/interpreters.json", target);
	free(target);
	target = xasprintf("%s/" INSTALL_GO, install_ext_dir());
	if (result == 0 && access(target, F_OK) == 0)
		result = stage_link(stage, "ext/" INSTALL_GO, target);
	free(target);
	for (size_t i = 0; i < list.n && result == 0; i++) {
		static const char *const parts[] = { "permafrost",
						     "gc_freeze.so" };

		for (size_t k = 0;
		     k < 2 && list.items[i].ext_dir != NULL && result == 0;
		     k++) {
			target = xasprintf("%s/%s", list.items[i].ext_dir,
					   parts[k]);
			name = xasprintf("ext/%s/%s", list.items[i].tag,
					 parts[k]);
			/* PyPy has only the package, Go has no gc_freeze. */
			if (access(target, F_OK) == 0)
				result = stage_link(stage, name, target);
			/* Two executables may stand for one tag. */
			if (result == -EEXIST)
				result = 0;
			free(target);
			free(name);
		}
	}
	interpreters_fini(&list);
	return result;
}

/* Makes the archive.  Its descriptor, or -1 after a complaint. */
static int make_archive(const char *scratch)
{
	char *stage = xasprintf("%s/stage", scratch);
	char *archive = xasprintf("%s/archive", scratch);
	char *argv[] = { "tar",	 "-C",	  stage, "--exclude=__pycache__",
			 "-chf", archive, ".",	 NULL };
	char *out = NULL, *err = NULL;
	int status = 0, fd = -1, result = stage_all(stage);

	if (result == 0)
		result = run_program(argv, SHIP_TIMEOUT_S, &out, &err, &status);
	if (result < 0)
		complain("--ship: cannot make an archive of the build: %s",
			 strerror(-result));
	else if (status != 0)
		complain("--ship: tar %s: %s", describe_status(status),
			 last_line(err));
	else
		fd = open(archive, O_RDONLY | O_CLOEXEC);
	free(out);
	free(err);
	free(stage);
	free(archive);
	return fd;
}

/* Waits until `fd` is ready.  0 or -errno. */
static int wait_until(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };

		if (interrupted)
			return -EINTR;
		if (now_ns() > deadline)
			return -ETIMEDOUT;
		if (poll(&p, 1, 200) > 0)
			return 0;
	}
}

/* Writes the archive into the pipe `to`.  0 or -errno. */
static int send_archive(int archive, int to, int64_t deadline)
{
	off_t at = 0;
	char chunk[65536];
	ssize_t n, m;

	while ((n = pread(archive, chunk, sizeof chunk, at)) > 0) {
		int result = wait_until(to, POLLOUT, deadline);

		if (result < 0)
			return result;
		m = write(to, chunk, (size_t)n);
		if (m < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		at += m > 0 ? m : 0;
	}
	return n < 0 ? -errno : 0;
}

/* Waits until the other side says that all is there.  0 or -errno. */
static int await_ready(int from, int64_t deadline)
{
	char text[64];
	size_t used = 0;

	while (used < sizeof text - 1) {
		int result = wait_until(from, POLLIN, deadline);
		ssize_t n;

		if (result < 0)
			return result;
		n = read(from, text + used, sizeof text - 1 - used);
		if (n == 0)
			return -EPIPE;
		used += n > 0 ? (size_t)n : 0;
		text[used] = '\0';
		if (strstr(text, "shipped\n") != NULL)
			return 0;
	}
	return -EPROTO;
}

/* The end of what ssh has said, for a message; static storage. */
static const char *words_of(int err)
{
	static char text[512];
	ssize_t n = pread(err, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return last_line(text);
}

/* Ships to one host.  0, or -1 after a warning. */
static int ship_to(const struct sshhost *host, const char *folder, int archive,
		   int err, struct shipment *shipment)
{
	int64_t deadline = now_ns() + SHIP_TIMEOUT_S * 1000000000LL;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, result = 0;
	struct stat st;
	char *script;

	fstat(archive, &st);
	script = xasprintf(
		"umask 077; d=$HOME/.cache/permafrost; mkdir -p \"$d\" || "
		"exit; d=$d/%s; mkdir \"$d\" || exit; "
		"trap 'rm -rf \"$d\"' EXIT; trap 'exit 1' HUP INT TERM; "
		"head -c %lld | tar -C \"$d\" -xf - || exit; echo shipped; "
		"cat >/dev/null",
		folder, (long long)st.st_size);
	*shipment = (struct shipment){ -1, -1 };
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		result = -errno;
	if (result == 0) {
		shipment->ssh = sshhost_start(host, script, in[0], out[1], err);
		result = shipment->ssh < 0 ? (int)shipment->ssh : 0;
	}
	if (in[0] >= 0)
		close(in[0]);
	if (out[1] >= 0)
		close(out[1]);
	shipment->hold = in[1];
	if (result == 0) {
		fcntl(in[1], F_SETFL, O_NONBLOCK);
		result = send_archive(archive, in[1], deadline);
	}
	if (result == 0)
		result = await_ready(out[0], deadline);
	if (out[0] >= 0)
		close(out[0]);
	free(script);
	if (result < 0 && !interrupted)
		complain("warning: %s takes no part: cannot ship to it: %s%s%s",
			 host->login, strerror(-result),
			 *words_of(err) ? ": " : "", words_of(err));
	return result < 0 ? -1 : 0;
}

/* Ends one shipment and waits for it, 10 s at most. */
static void unship(struct shipment *shipment)
{
	if (shipment->hold >= 0)
		close(shipment->hold);
	for (int i = 0; shipment->ssh > 0 && i < 1000; i++) {
		if (waitpid(shipment->ssh, NULL, WNOHANG) != 0)
			shipment->ssh = -1;
		else
			usleep(10000);
	}
	if (shipment->ssh > 0) {
		kill(shipment->ssh, SIGKILL);
		waitpid(shipment->ssh, NULL, 0);
	}
	*shipment = (struct shipment){ -1, -1 };
}

int ship_begin(struct ship *ship, struct sshhosts *hosts)
{
	char *scratch = scratch_make(), *folder;
	uint64_t number = 0;
	int archive, err;

	*ship = (struct ship){ NULL, NULL, 0 };
	if (scratch == NULL)
		return EXIT_FAULT;
	archive = make_archive(scratch);
	if (archive < 0) {
		scratch_remove(scratch);
		return EXIT_FAULT;
	}
	/* Only so that no two runs meet: a folder that is there is refused. */
	if (getrandom(&number, sizeof number, 0) < 0)
		number = (uint64_t)now_ns();
	folder = xasprintf("ship-%016llx", (unsigned long long)number);
	ship->program = xasprintf(
		"\"$HOME\"/.cache/permafrost/%s/bin/"
		"permafrost",
		folder);
	ship->items = xcalloc(hosts->n, sizeof *ship->items);
	for (size_t i = 0; i < hosts->n && !interrupted;) {
		struct shipment *shipment = &ship->items[ship->n];
		char *words = xasprintf("%s/words-%zu", scratch, i);

		err = open(words, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		free(words);
		if (hosts->items[i].local) {
			i++;
		} else if (ship_to(&hosts->items[i], folder, archive, err,
				   shipment) == 0) {
			ship->n++;
			i++;
		} else {
			unship(shipment);
			sshhosts_drop(hosts, i);
		}
		if (err >= 0)
			close(err);
	}
	close(archive);
	free(folder);
	scratch_remove(scratch);
	return interrupted ? EXIT_INTERRUPTED : 0;
}

void ship_end(struct ship *ship)
{
	for (size_t i = 0; i < ship->n; i++)
		if (ship->items[i].hold >= 0)
			close(ship->items[i].hold);
	for (size_t i = 0; i < ship->n; i++) {
		ship->items[i].hold = -1; /* all were told at once */
		unship(&ship->items[i]);
	}
	free(ship->items);
	free(ship->program);
	*ship = (struct ship){ NULL, NULL, 0 };
}
