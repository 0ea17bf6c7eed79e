/* family.c - starts, watches and ends the processes of one cell.
 *
 * Nothing outlives a cell: the template is killed with the harness
 * (PR_SET_PDEATHSIG), the workers with the template, and what a workload
 * started on its own is re-parented to the harness (PR_SET_CHILD_SUBREAPER)
 * and killed at the end.
 */
#define _GNU_SOURCE
#include "family.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "procfs.h"
#include "util.h"

#define TICK_MS 100 /* how often death, time and memory are looked at */
#define DYING_MS 2  /* the same while somebody is on its way out */

void family_adopt_strays(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* The child ends of the channels must be consecutive: where as many descriptors
 * are free, behind all that setting up may take.  Whoever has started us may have
 * left us some of high numbers. */
static int free_descriptors(const struct family *f)
{
	int first = 64 + 2 * f->count;

	for (int fd = first; fd < first + f->count; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			first = fd + 1;
	return first;
}

int family_init(struct family *f, int workers, int64_t timeout_s,
		int64_t min_free_kib)
{
	*f = (struct family){
		.count = workers + 1,
		.shm_fd = -1,
		.output = -1,
		.cgroup_procs = -1,
		.watch = -1,
		.min_free_kib = min_free_kib,
		.shared_bytes = shm_bytes((uint64_t)workers + 1),
		.deadline = now_ns() + timeout_s * 1000000000,
	};
	/* Many workers need many sockets; the measured program keeps its limit. */
	if (getrlimit(RLIMIT_NOFILE, &f->nofile) == 0) {
		struct rlimit most = { f->nofile.rlim_max, f->nofile.rlim_max };

		setrlimit(RLIMIT_NOFILE, &most);
	}
	f->members = xcalloc((size_t)f->count, sizeof *f->members);
	f->tail = xcalloc(FAMILY_STDERR + 1, 1);
	for (int i = 0; i < f->count; i++)
		f->members[i].channel = -1;
	f->shm_fd = memfd_create("permafrost-cell", MFD_CLOEXEC);
	if (f->shm_fd < 0 || ftruncate(f->shm_fd, (off_t)f->shared_bytes) < 0)
		return -errno;
	f->shared = mmap(NULL, f->shared_bytes, PROT_READ | PROT_WRITE,
			 MAP_SHARED, f->shm_fd, 0);
	if (f->shared == MAP_FAILED) {
		f->shared = NULL;
		return -errno;
	}
	f->shared->magic = SHM_MAGIC;
	f->shared->size = sizeof(struct shm_process);
	f->shared->processes = (uint64_t)f->count;
	return 0;
}

/* Runs in the child: only descriptors that the template needs stay open.  What
 * goes wrong is sent over `report`: -errno of entering the cgroup, and errno of
 * exec. */
static void exec_template(struct family *f, char **argv, int output, int report)
{
	pid_t parent = getppid();
	int first = f->first_child_fd, null, score, error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAULT);
	error = f->cgroup_procs >= 0 ? cgroup_enter(f->cgroup_procs) : 0;
	if (error < 0)
		(void)!write(report, &error, sizeof error);
	setsid();
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	null = open("/dev/null", O_RDONLY);
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	close(null);
	/* If memory runs out after all, it is the cell that goes. */
	score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (score >= 0)
		(void)!write(score, "1000", 4);
	fcntl(f->shm_fd, F_SETFD, 0);
	for (int i = 0; i < f->count; i++)
		fcntl(first + i, F_SETFD, 0);
	setrlimit(RLIMIT_NOFILE, &f->nofile);
	execv(argv[0], argv);
	error = errno;
	(void)!write(report, &error, sizeof error);
	_exit(127);
}

static int open_channels(struct family *f)
{
	int first = f->first_child_fd;

	for (int i = 0; i < f->count; i++) {
		int pair[2], child;

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) <
		    0)
			return -errno;
		f->members[i].channel = pair[0];
		child = fcntl(pair[1], F_DUPFD_CLOEXEC, first + i);
		close(pair[1]);
		/* EINVAL is what a limit below first + i gives. */
		if (child != first + i)
			return child < 0 && errno != EINVAL ? -errno : -EMFILE;
	}
	return 0;
}

int family_start(struct family *f, char **argv, int fds_at)
{
	int first = free_descriptors(f), output[2] = { -1, -1 };
	int report[2] = { -1, -1 }, error = 0, result;
	char *shm = xasprintf("%d", f->shm_fd);
	char *channel = xasprintf("%d", first);
	pid_t pid;

	f->first_child_fd = first;
	result = open_channels(f);
	argv[fds_at] = shm;
	argv[fds_at + 1] = channel;
	if (result == 0 &&
	    (pipe2(output, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0))
		result = -errno;
	if (result < 0)
		goto out;
	pid = fork();
	if (pid == 0)
		exec_template(f, argv, output[1], report[1]);
	if (pid < 0) {
		result = -errno;
		goto out;
	}
	f->members[0].pid = pid;
	f->output = output[0];
	fcntl(f->output, F_SETFL, O_NONBLOCK);
	output[0] = -1;
	close(report[1]);
	report[1] = -1;
	while (read(report[0], &error, sizeof error) == sizeof error)
		if (error < 0)
			f->cgroup_error = error;
		else
			result = -error;
out:
	for (int i = 0; i < f->count; i++)
		close(first + i);
	for (int i = 0; i < 2; i++) {
		if (output[i] >= 0)
			close(output[i]);
		if (report[i] >= 0)
			close(report[i]);
	}
	free(shm);
	free(channel);
	return result;
}

/* Keeps the first error only: what follows is its consequence. */
static void set_error(struct family *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void set_error(struct family *f, const char *format, ...)
{
	va_list args;

	if (f->error != NULL)
		return;
	va_start(args, format);
	f->error = xvasprintf(format, args);
	va_end(args);
	make_text_safe(f->error); /* a character may have been cut in two */
}

/* "template" or "worker N"; static storage. */
static const char *member_name(int index)
{
	static char name[32];

	if (index == 0)
		return "the template";
	snprintf(name, sizeof name, "worker %d", index);
	return name;
}

static void take_line(struct family *f, int index, char *line)
{
	struct family_member *m = &f->members[index];
	const struct shm_process *slot = shm_slot(f->shared, (uint64_t)index);
	int worker, status;

	make_text_safe(line);
	if (strncmp(line, "at ", 3) == 0) {
		snprintf(m->at, sizeof m->at, "%s", line + 3);
	} else if (strncmp(line, "error request ", 14) == 0) {
		set_error(f, "%s: request %llu %s", member_name(index),
			  (unsigned long long)slot->requests, line + 14);
	} else if (strncmp(line, "error ", 6) == 0) {
		set_error(f, "%s: %s", member_name(index), line + 6);
	} else if (index == 0 &&
		   sscanf(line, "exited %d %d", &worker, &status) == 2 &&
		   worker >= 1 && worker < f->count) {
		f->members[worker].status = status;
	} else {
		set_error(f, "%s sent '%.60s', which means nothing",
			  member_name(index), line);
	}
}

/* Reads what a channel has.  At its end, the member is gone or going. */
static void read_channel(struct family *f, int index)
{
	struct family_member *m = &f->members[index];
	ssize_t n = recv(m->channel, m->line + m->used,
			 sizeof m->line - 1 - m->used, MSG_DONTWAIT);
	char *newline;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(m->channel);
		m->channel = -1;
		return;
	}
	m->used += (size_t)n;
	m->line[m->used] = '\0';
	while ((newline = memchr(m->line, '\n', m->used)) != NULL) {
		size_t length = (size_t)(newline + 1 - m->line);

		*newline = '\0';
		take_line(f, index, m->line);
		m->used -= length;
		memmove(m->line, newline + 1, m->used + 1);
	}
	if (m->used == sizeof m->line - 1)
		m->used = 0; /* no line is that long: drop it */
}

/* Keeps the last FAMILY_STDERR bytes. */
static void read_output(struct family *f)
{
	char chunk[16384];
	ssize_t n = read(f->output, chunk, sizeof chunk);
	size_t keep, drop;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(f->output);
		f->output = -1;
		return;
	}
	keep = (size_t)n;
	if (f->tail_used + keep > FAMILY_STDERR) {
		drop = f->tail_used + keep - FAMILY_STDERR;
		memmove(f->tail, f->tail + drop, f->tail_used - drop);
		f->tail_used -= drop;
	}
	memcpy(f->tail + f->tail_used, chunk, keep);
	f->tail_used += keep;
	f->tail[f->tail_used] = '\0';
}

const char *family_last_words(struct family *f)
{
	return last_line(f->tail);
}

/* The process that a member's slot names, or 0 if that is no child of the
 * template: the slot is written by the process itself. */
static pid_t child_of_template(const struct family *f, int index)
{
	pid_t pid = shm_slot(f->shared, (uint64_t)index)->pid;
	struct procfs_stat stat;

	return pid > 0 && procfs_read_stat(pid, &stat) == 0 &&
			stat.ppid == f->members[0].pid ?
		pid :
		0;
}

int family_know(struct family *f, int index)
{
	struct family_member *m = &f->members[index];

	m->pid = child_of_template(f, index);
	if (m->pid > 0)
		return 0;
	set_error(f,
		  "worker %d names process %d as itself, which is no child "
		  "of the template",
		  index, (int)shm_slot(f->shared, (uint64_t)index)->pid);
	return -ECHILD;
}

/* Finds out whether a member has died, whatever its channel says: a child of
 * its own may hold that open. */
static void look_for_death(struct family *f, int index)
{
	struct family_member *m = &f->members[index];
	struct procfs_stat stat;
	int result;

	if (m->gone)
		return;
	if (m->pid == 0) {
		m->pid = child_of_template(f, index);
		if (m->pid == 0)
			return;
	}
	if (index == 0) {
		m->gone = waitpid(m->pid, &m->status, WNOHANG) == m->pid;
		return;
	}
	result = procfs_read_stat(m->pid, &stat);
	if (result == 0 && stat.state != 'Z' && stat.state != 'X')
		return;
	m->gone = 1;
	m->status = result == 0 ? stat.exit_status : 0;
}

static int check_limits(const struct family *f)
{
	if (interrupted)
		return -EINTR;
	if (now_ns() > f->deadline)
		return -ETIMEDOUT;
	if (f->min_free_kib > 0) {
		int64_t available = procfs_meminfo("MemAvailable");

		if (available >= 0 && available < f->min_free_kib)
			return -ENOMEM;
	}
	return 0;
}

int family_step(struct family *f)
{
	struct pollfd *p = xcalloc((size_t)f->count + 2, sizeof *p);
	int ready, result, tick = f->hurry ? DYING_MS : TICK_MS, overdue = 0;

	for (int i = 0; i < f->count; i++) {
		if (f->members[i].channel < 0 && !f->members[i].gone)
			tick = DYING_MS;
		p[i] = (struct pollfd){ .fd = f->members[i].channel,
					.events = POLLIN };
	}
	p[f->count] = (struct pollfd){ .fd = f->output, .events = POLLIN };
	p[f->count + 1] = (struct pollfd){ .fd = f->watch, .events = POLLIN };
	ready = poll(p, (nfds_t)f->count + 2, tick);
	if (now_ns() - f->looked > TICK_MS * 1000000)
		overdue = 1; /* somebody's output may never pause */
	if (ready > 0) {
		for (int i = 0; i < f->count; i++)
			if (p[i].revents != 0)
				read_channel(f, i);
		if (p[f->count].revents != 0)
			read_output(f);
	}
	if (ready <= 0 || overdue) {
		for (int i = 0; i < f->count; i++)
			look_for_death(f, i);
		f->looked = now_ns();
	}
	free(p);
	for (int i = 0; i < f->count; i++)
		if (f->members[i].channel < 0)
			look_for_death(f, i);
	result = check_limits(f);
	if (result == 0 && f->error != NULL)
		result = -ECHILD;
	return result;
}

/* A member died although it was waited for. */
static int report_death(struct family *f, int index)
{
	const struct family_member *m = &f->members[index];
	uint64_t served = shm_slot(f->shared, (uint64_t)index)->requests;
	const char *words;

	if (m->channel >= 0) /* its last words may be waiting there */
		read_channel(f, index);
	if (f->output >= 0)
		read_output(f);
	words = family_last_words(f);
	if (shm_slot(f->shared, (uint64_t)index)->lost)
		set_error(f,
			  "%s has lost the harness: it closed a descriptor "
			  "that is not its own",
			  member_name(index));
	else if (index == 0)
		set_error(f, "the template %s%s%.200s",
			  describe_status(m->status), *words ? ": " : "",
			  words);
	else if (f->server != NULL)
		/* Its status is the server's to know. */
		set_error(f,
			  "worker %d ended after %llu requests; %s puts "
			  "another in its place",
			  index, (unsigned long long)served, f->server);
	else
		set_error(f, "worker %d %s after %llu requests", index,
			  describe_status(m->status),
			  (unsigned long long)served);
	return -ECHILD;
}

int family_wait(struct family *f, int index, const char *name)
{
	const struct family_member *m = &f->members[index];

	while (strcmp(m->at, name) != 0) {
		int result = family_step(f);

		if (result < 0)
			return result;
		for (int i = 0; i < f->count; i++)
			if (f->members[i].gone)
				return report_death(f, i);
	}
	return 0;
}

void family_go(struct family *f, int index)
{
	struct family_member *m = &f->members[index];

	m->at[0] = '\0';
	if (m->channel >= 0)
		(void)!send(m->channel, "go\n", 3, MSG_NOSIGNAL);
}

int family_wait_gone(struct family *f, int index)
{
	while (!f->members[index].gone) {
		int result;

		look_for_death(f, index);
		if (f->members[index].gone)
			break;
		result = family_step(f);
		if (result < 0)
			return result;
	}
	return 0;
}

int family_lost(struct family *f, int index)
{
	int result = family_wait_gone(f, index);

	return result < 0 ? result : report_death(f, index);
}

/* Sends a signal to every child of ours.  Returns how many there are. */
static int kill_children(int signal)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int n = 0;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		struct procfs_stat stat;
		long pid;

		if (parse_long(entry->d_name, 1, INT_MAX, &pid) < 0 ||
		    procfs_read_stat((pid_t)pid, &stat) < 0 ||
		    stat.ppid != getpid())
			continue;
		kill((pid_t)pid, signal);
		n++;
	}
	if (proc != NULL)
		closedir(proc);
	return n;
}

static void end_children(int signal, int rounds, useconds_t pause)
{
	/* Their children come to us as they die, hence the rounds. */
	while (rounds-- > 0 && kill_children(signal) > 0) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		usleep(pause);
	}
}

void family_end_strays(void)
{
	end_children(SIGKILL, 1000, 1000);
}

void family_dismiss_strays(void)
{
	end_children(SIGTERM, 100, 50000);
	family_end_strays();
}

void family_fini(struct family *f)
{
	if (f->members[0].pid > 0 && !f->members[0].gone)
		kill(f->members[0].pid, SIGKILL);
	for (int i = 0; i < f->count; i++)
		if (f->members[i].channel >= 0)
			close(f->members[i].channel);
	family_end_strays();
	if (f->shared != NULL)
		munmap(f->shared, f->shared_bytes);
	if (f->shm_fd >= 0)
		close(f->shm_fd);
	if (f->output >= 0)
		close(f->output);
	free(f->members);
	free(f->tail);
	free(f->error);
}
