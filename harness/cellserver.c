/* cellserver.c - a cell on a real server: counted batches of requests, between which
 * the server is idle and is sampled.
 *
 * The server's master is the template: it stops at the barriers start, warm and frozen
 * (workloads/servers/permafrost_serve.py), then forks and lives on.  Workers say "at 0"
 * without stopping.  A real server spreads requests as it likes, so a checkpoint is a
 * number of requests in all, and what is stored a mean over workers, as ever.
 *
 * As many requests are on their way at a time as there are workers: with fewer, some
 * workers would hardly serve.
 *
 * The port is kept by a socket that is bound and does not listen, which with
 * SO_REUSEADDR leaves it to a server that sets the same, as both do, and to nobody who
 * asks for any free port (inet_csk_bind_conflict() in net/ipv4/inet_connection_sock.c).
 */
#define _GNU_SOURCE
#include "cellserver.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"
#include "server.h"
#include "util.h"

/* How long the workers may be idle without having served what was answered.  It is
 * waited for only when the cell fails. */
#define MISSING_NS (10 * INT64_C(1000000000))
/* Rounds of some milliseconds in which the cause of a failed request may show. */
#define CAUSE_ROUNDS 100

int cellserver_is_used(const struct cell *c)
{
	return strcmp(c->server, SERVER_NONE) != 0;
}

/* Why the cell fails, unless that is known; takes over `reason`.  -ECHILD. */
static int set_reason(struct cell *c, char *reason)
{
	if (c->family.error == NULL) {
		make_text_safe(reason);
		c->family.error = reason;
	} else {
		free(reason);
	}
	return -ECHILD;
}

/* Binds to any free port of 127.0.0.1 and sets c->port.  0 or -errno. */
static int keep_port(struct cell *c)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof address;
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->port_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->port_fd < 0 ||
	    setsockopt(c->port_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) <
		    0 ||
	    bind(c->port_fd, (struct sockaddr *)&address, size) < 0 ||
	    getsockname(c->port_fd, (struct sockaddr *)&address, &size) < 0)
		return -errno;
	c->port = ntohs(address.sin_port);
	return 0;
}

int cellserver_prepare(struct cell *c, const char *executable)
{
	char *why = NULL;
	int result;

	c->server_version = server_check(c->server, executable, &why);
	if (c->server_version == NULL)
		return set_reason(c, why);
	result = keep_port(c);
	if (result < 0)
		return set_reason(c,
				  xasprintf("cannot bind to a port of "
					    "127.0.0.1: %s",
					    strerror(-result)));
	c->family.server = c->server;
	c->parallel = (int)c->key->workers;
	return 0;
}

/* Lets something happen.  As family_step(); a worker that is gone is an error. */
static int step(struct cell *c, int hurry)
{
	int result;

	c->family.hurry = hurry;
	result = family_step(&c->family);
	c->family.hurry = 0;
	for (int i = 0; i < c->family.count && result == 0; i++)
		if (c->family.members[i].gone)
			result = family_lost(&c->family, i);
	return result;
}

static uint64_t requests_served(const struct cell *c)
{
	uint64_t n = 0;

	for (long i = 1; i <= c->key->workers; i++)
		n += cell_slot(c, i)->requests;
	return n;
}

/* Whether all workers sleep; *cpu_ns gets the time that they have run. */
static int all_sleep(const struct cell *c, int64_t *cpu_ns)
{
	*cpu_ns = 0;
	for (int i = 1; i < c->family.count; i++) {
		struct procfs_stat stat;
		int64_t ns;

		if (procfs_read_stat(c->family.members[i].pid, &stat) < 0 ||
		    stat.state != 'S' ||
		    procfs_read_cpu(c->family.members[i].pid, &ns) < 0)
			return 0;
		*cpu_ns += ns;
	}
	return 1;
}

int cellserver_settle(struct cell *c, long requests)
{
	uint64_t expected = (uint64_t)(requests * c->key->workers), served;
	int64_t before = -1, now, since = now_ns();

	for (;;) {
		int result = step(c, 1);

		if (result < 0)
			return result;
		served = requests_served(c);
		if (!all_sleep(c, &now) || now != before)
			since = now_ns();
		else if (served == expected)
			return 0;
		else if (now_ns() - since > MISSING_NS)
			break;
		before = now;
	}
	return set_reason(c,
			  xasprintf("the workers have served %llu requests, "
				    "but %s has answered %llu",
				    (unsigned long long)served, c->server,
				    (unsigned long long)expected));
}

/* Takes all that the generator prints, while the server is watched, until it has
 * ended, as *status says.  New text in *text; as family_step(). */
static int await_generator(struct cell *c, pid_t pid, int out, char **text,
			   int *status)
{
	size_t used = 0;
	int result = 0;

	*text = xcalloc(1, 1);
	c->family.watch = out;
	while (result == 0) {
		char chunk[4096];
		ssize_t n = read(out, chunk, sizeof chunk);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			break;
		if (n < 0) {
			result = step(c, 0);
			continue;
		}
		*text = xrealloc(*text, used + (size_t)n + 1, 1);
		memcpy(*text + used, chunk, (size_t)n);
		used += (size_t)n;
		(*text)[used] = '\0';
	}
	c->family.watch = -1;
	if (result < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		continue;
	return result;
}

/* Says that requests have failed, and why, when nobody who knows more does. */
static int report_failed(struct cell *c, long n, const struct load_report *r)
{
	int result = 0;

	for (int i = 0; i < CAUSE_ROUNDS && result == 0; i++)
		result = step(c, 1);
	if (result < 0)
		return result;
	if (r->errors > 0)
		return set_reason(
			c,
			xasprintf("%ld of %ld requests got no answer: %s",
				  r->errors, n, r->error));
	return set_reason(
		c,
		xasprintf("hey has sent %ld requests, not %ld", r->answers, n));
}

/* Sends n requests.  As family_step(). */
static int send_batch(struct cell *c, long n)
{
	struct load_report report;
	int ends[2], status = 0, result;
	char *text;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	pid = load_start(n, c->key->workers, c->port, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return set_reason(
			c, xasprintf("cannot start hey: %s", strerror(-pid)));
	}
	result = await_generator(c, pid, ends[0], &text, &status);
	close(ends[0]);
	if (result == 0 && load_parse(text, &report) < 0)
		result = set_reason(c,
				    xasprintf("hey %s and has told nothing of "
					      "its requests%s%.200s",
					      describe_status(status),
					      *last_line(text) ? ": " : "",
					      last_line(text)));
	else if (result == 0 && (report.errors > 0 || report.answers != n))
		result = report_failed(c, n, &report);
	if (result == 0) {
		c->load_requests += n;
		c->load_s += report.seconds;
	}
	free(text);
	return result;
}

int cellserver_serve(struct cell *c, long from, long to)
{
	int result;

	/* In the batch before, so that its checkpoint lies behind the collections,
	 * as it does without a server. */
	if (c->key->collect_at >= 0 && to >= c->key->collect_at)
		c->family.shared->collections_due = 1;
	result = send_batch(c, (to - from) * c->key->workers);
	return result == 0 ? cellserver_settle(c, to) : result;
}

int cellserver_end(struct cell *c)
{
	const struct family_member *master = &c->family.members[0];
	int result;

	/* All workers end at once, and copy as they do; what was to fit has been
	 * measured. */
	if (c->limit_kib > 0)
		cgroup_unlimit(&c->cgroup);
	kill(master->pid, SIGTERM);
	result = family_wait_gone(&c->family, 0);
	if (result == 0 && master->status != 0)
		result = set_reason(
			c,
			xasprintf("%s %s when it was told to end", c->server,
				  describe_status(master->status)));
	return result;
}

double cellserver_throughput(const struct cell *c)
{
	return c->load_s > 0 ? (double)c->load_requests / c->load_s : NAN;
}

void cellserver_fini(struct cell *c)
{
	if (c->port_fd >= 0)
		close(c->port_fd);
	free(c->server);
	free(c->server_version);
}
