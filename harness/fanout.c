/* fanout.c - runs one GNU parallel, and takes what its jobs print.
 *
 *   run (this process)
 *     keeper             ends whatever is left, however run or parallel ended
 *       parallel
 *         cell --job     a job here, which starts the cell in a process of its own
 *         sh, ssh        a job elsewhere; there, a Perl of parallel's own watches
 *                        over it and ends it with the connection
 *
 * Keys go in through a file on descriptor 0, separated by NUL; documents come
 * back as lines led by the number of the job (--tagstring).  On which host a job
 * has run is taken from the joblog, which parallel itself writes behind a job's
 * output, not from what the job says.  Facts about parallel are from its manual
 * and the source of 20221122: a job that failed goes to a host where it failed
 * less often, with its output dropped (--retries); --plain ignores the user's
 * own options; $PARALLEL_SHELL is the shell of the jobs on both sides;
 * --memfree looks at this machine only.
 */
#define _GNU_SOURCE
#include "fanout.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "celljson.h"
#include "family.h"
#include "install.h"
#include "procfs.h"
#include "scratch.h"
#include "sidebyside.h"

#define MESSAGES_MAX 40 /* lines of stderr that are passed on */
#define LOST_TOLD 3	/* cells without a result that are named */

/* One cell.  [0] is the first, which parallel calls job 1. */
struct job {
	const char *key;
	char *line; /* what it printed, or NULL */
	size_t length;
	char *junk;   /* a line that is no document, or NULL */
	int repeated; /* it printed more than one document */
	int ended;    /* the joblog has it */
};

/* A stream of lines. */
struct lines {
	int fd;
	char *text;
	size_t used, room;
	int skipping; /* the rest of a line that is too long */
};

struct state {
	const struct fanout *f;
	struct job *jobs;
	size_t n, ended, lost, lost_in_row;
	struct lines out, err, log;
	int messages; /* passed on */
	int code;     /* the first exit code of take() */
};

int fanout_check(void)
{
	char *argv[] = { "parallel", "--version", NULL };
	char *out = NULL, *err = NULL;
	int status, result = run_program(argv, 30, &out, &err, &status);
	int good = result == 0 && strncmp(out, "GNU parallel ", 13) == 0;

	free(out);
	free(err);
	if (good)
		return 0;
	return fail(EXIT_FAULT,
		    "--jobs and --sshlogin need GNU parallel "
		    "(Debian: parallel); %s",
		    result == -ENOENT ?
			    "there is no parallel in PATH" :
			    "the parallel in PATH is another program");
}

/* What a job of parallel is, as /bin/sh reads it.  New. */
static char *job_command(const struct fanout *f)
{
	char *quoted = shell_quote(install_program());
	char *options = limits_options(f->limits), *program, *command;
	size_t remote = sshhosts_remote(f->hosts);

	/* parallel sets PARALLEL_SSHLOGIN on both sides. */
	program = remote == 0 ?
		xasprintf("set -- %s", quoted) :
		remote == f->hosts->n ?
		xasprintf("set -- %s", f->remote) :
		xasprintf(
			"if [ \"$PARALLEL_SSHLOGIN\" = : ]; then set -- %s; "
			"else set -- %s; fi",
			quoted, f->remote);
	command = xasprintf("%s; exec \"$@\" cell --job %s {}", program,
			    options);
	free(quoted);
	free(options);
	free(program);
	return command;
}

/* Below which memory the youngest job ends to be begun again later: before a
 * cell gives up for lack of it (--min-free), but not so much that none ever
 * starts.  KiB; 0: there is no guard. */
static int64_t guarded_memory(const struct fanout *f)
{
	int64_t available = procfs_meminfo("MemAvailable");
	int64_t wanted = 4 * f->limits->min_free_kib;

	if (f->jobs == 1 || sshhosts_remote(f->hosts) > 0 || available < 0)
		return 0;
	return wanted < available / 2 ? wanted : available / 2;
}

static void add_option(struct strings *argv, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void add_option(struct strings *argv, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	strings_add(argv, text);
	free(text);
}

static void parallel_options(const struct fanout *f, const char *scratch,
			     struct strings *argv)
{
	int64_t memory = guarded_memory(f);
	char *command = job_command(f);

	strings_add(argv, "parallel");
	strings_add(argv, "--plain");
	strings_add(argv, "--null");
	strings_add(argv, "--group");
	strings_add(argv, "--tagstring={#}");
	/* A cell needs time to end its processes. */
	strings_add(argv, "--termseq=TERM,5000,KILL,25");
	add_option(argv, "--tmpdir=%s", scratch);
	add_option(argv, "--joblog=%s", f->joblog);
	add_option(argv, "--jobs=%ld", f->jobs);
	/* Every host, and once more; oftener where cells may be put off. */
	add_option(argv, "--retries=%zu", f->hosts->n + (memory > 0 ? 10 : 2));
	if (memory > 0)
		add_option(argv, "--memfree=%lld", (long long)memory * 1024);
	for (size_t i = 0; i < f->hosts->n; i++)
		add_option(argv, "--sshlogin=%s", f->hosts->items[i].login);
	strings_add(argv, command);
	free(command);
}

/* The keeper: runs parallel, and when that or the harness has ended, ends what
 * they have left and removes the scratch folder. */
static void keep(const struct fanout *f, int in, int out, int err,
		 char *scratch, pid_t parent) __attribute__((noreturn));
static void keep(const struct fanout *f, int in, int out, int err,
		 char *scratch, pid_t parent)
{
	struct strings argv = { NULL, 0 };
	int64_t told = 0;
	int status = 0;
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		interrupted = SIGTERM;
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	/* The database and its lock above all. */
	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		close(fd);
	family_adopt_strays();
	setenv("PARALLEL_HOME", scratch, 1);
	setenv("PARALLEL_SHELL", "/bin/sh", 1);
	setenv("PARALLEL_SSH", sshhost_ssh(), 1);
	parallel_options(f, scratch, &argv);
	argv.items = xrealloc(argv.items, argv.n + 1, sizeof *argv.items);
	argv.items[argv.n] = NULL;
	pid = start_program(argv.items, STDIN_FILENO, -1, -1);
	while (pid > 0) {
		/* Orphans too: parallel waits for a group with a zombie in it. */
		pid_t ended = waitpid(-1, &status, WNOHANG);

		if (ended == pid)
			break;
		if (ended > 0)
			continue;
		if (interrupted && told == 0) {
			kill(pid, SIGTERM);
			told = now_ns();
		}
		if (told != 0 && now_ns() - told > 10 * 1000000000LL)
			kill(pid, SIGKILL);
		usleep(50000);
	}
	family_dismiss_strays();
	scratch_remove(scratch);
	_exit(pid < 0			  ? EXIT_FAULT :
		      WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
					    WEXITSTATUS(status));
}

/* The keys in a file, ready to be read.  A descriptor, or -errno. */
static int write_keys(const json_t *keys)
{
	int fd = memfd_create("permafrost-keys", MFD_CLOEXEC), copy;
	const json_t *key;
	size_t index;
	FILE *file;

	if (fd < 0)
		return -errno;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	file = copy < 0 ? NULL : fdopen(copy, "w");
	if (file == NULL)
		goto failed;
	json_array_foreach(keys, index, key) {
		fputs(json_string_value(key), file);
		fputc('\0', file);
	}
	if (fclose(file) != 0 || lseek(fd, 0, SEEK_SET) < 0)
		goto failed;
	return fd;
failed:
	copy = -errno;
	close(fd);
	return copy;
}

/* Reads what there is.  0 at the end of the stream. */
static int lines_read(struct lines *l)
{
	ssize_t n;

	if (l->used + 65536 > l->room) {
		l->room = l->room * 2 + 65536;
		l->text = xrealloc(l->text, l->room, 1);
	}
	n = read(l->fd, l->text + l->used, l->room - l->used);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n > 0)
		l->used += (size_t)n;
	return n > 0;
}

/* Takes the first line out: new, without its end; *length may hold NULs.  Of a
 * line that is too long the beginning is enough to be refused.  NULL when there
 * is none yet. */
static char *lines_next(struct lines *l, size_t *length)
{
	char *line = NULL;

	while (line == NULL) {
		char *end = l->used > 0 ? memchr(l->text, '\n', l->used) : NULL;

		if (end == NULL && l->used <= CELLJSON_LIMIT + 64)
			break;
		*length = end != NULL ? (size_t)(end - l->text) : l->used;
		if (!l->skipping) {
			line = xcalloc(*length + 1, 1);
			memcpy(line, l->text, *length);
		}
		l->skipping = end == NULL;
		l->used = end != NULL ? l->used - *length - 1 : 0;
		if (end != NULL)
			memmove(l->text, end + 1, l->used);
	}
	return line;
}

/* The job that a line begins with, or NULL; *rest is what follows. */
static struct job *find_job(struct state *s, char *line, char **rest)
{
	unsigned long number = strtoul(line, rest, 10);

	if (*rest == line || **rest != '\t' || number < 1 || number > s->n)
		return NULL;
	++*rest;
	return &s->jobs[number - 1];
}

/* A line that a job printed.  Taken once the joblog says where it was. */
static void hear_line(struct state *s, char *line, size_t length)
{
	char *rest;
	struct job *job = find_job(s, line, &rest);

	if (job == NULL) {
		make_text_safe(line);
		complain("GNU parallel printed '%.60s', which means nothing",
			 line);
	} else if (*rest != '{') {
		if (job->junk == NULL)
			job->junk = xasprintf("%.60s", rest);
	} else if (job->line != NULL) {
		job->repeated = 1;
	} else {
		job->length = length - (size_t)(rest - line);
		job->line = xcalloc(job->length + 1, 1);
		memcpy(job->line, rest, job->length);
	}
}

/* A line on parallel's stderr, or a job's. */
static void hear_message(struct state *s, char *line)
{
	char *rest;
	const struct job *job = find_job(s, line, &rest);

	if (line[strspn(line, " \t\r")] == '\0' || s->messages > MESSAGES_MAX)
		return;
	if (s->messages++ == MESSAGES_MAX)
		complain(
			"further messages of GNU parallel and its jobs are "
			"left out");
	else if (job != NULL)
		complain("%s: %.300s", job->key, rest);
	else
		complain("%.300s", line);
}

static const struct sshhost *find_host(const struct state *s, const char *login)
{
	const struct sshhosts *hosts = s->f->hosts;

	for (size_t i = 0; i < hosts->n; i++)
		if (strcmp(hosts->items[i].login, login) == 0)
			return &hosts->items[i];
	return NULL;
}

/* A cell that has no result. */
static void lose(struct state *s, const struct job *job, const char *login,
		 const char *why)
{
	s->lost_in_row++;
	if (s->lost++ < LOST_TOLD)
		complain("%s: no result for %s: %s",
			 strcmp(login, ":") == 0 ? "here" : login, job->key,
			 why);
}

/* Takes the document of a job that has run on `login`. */
static void take_document(struct state *s, struct job *job, const char *login)
{
	const struct sshhost *host = find_host(s, login);
	const char *problem = NULL;
	json_t *document = cell_document_read(job->line, job->length, &problem);
	int code;

	if (document != NULL &&
	    strcmp(json_string_value(json_object_get(document, "key")),
		   job->key) != 0)
		problem = "it is of another cell";
	else if (document != NULL && job->repeated)
		problem = "there is more than one";
	if (problem != NULL) {
		char *why = xasprintf("its document was dropped: %s", problem);

		lose(s, job, login, why);
		free(why);
		json_decref(document);
		return;
	}
	s->lost_in_row = 0;
	json_object_del(document, "host");
	if (host != NULL && host->facts != NULL)
		json_object_set(document, "host", host->facts);
	sidebyside_tell(document, s->f->jobs);
	code = s->code == 0 ? s->f->take(s->f->arg, document) : 0;
	s->code = s->code ? s->code : code;
	json_decref(document);
}

/* A line of the joblog: Seq, Host, Starttime, JobRuntime, Send, Receive, Exitval,
 * Signal, Command. */
static void hear_ended(struct state *s, char *line)
{
	char *login, *field, why[64];
	struct job *job = find_job(s, line, &login);
	long status = 0;

	if (job == NULL || job->ended) /* such as the head of the table */
		return;
	field = strchr(login, '\t');
	for (int i = 0; i < 5 && field != NULL; i++) {
		*field++ = '\0';
		if (i == 4)
			status = strtol(field, NULL, 10);
		field = strchr(field, '\t');
	}
	job->ended = 1;
	s->ended++;
	if (job->line == NULL && job->junk != NULL) {
		lose(s, job, login, "it printed no document");
	} else if (job->line == NULL) {
		snprintf(why, sizeof why, "%s%ld",
			 status == 255 ? "ssh failed, status " :
					 "the job ended with status ",
			 status);
		lose(s, job, login, why);
	} else {
		take_document(s, job, login);
	}
	free(job->line);
	job->line = NULL;
}

/* Reads what parallel has added to its joblog. */
static void read_joblog(struct state *s)
{
	size_t length;
	char *line;

	if (s->log.fd < 0)
		s->log.fd = open(s->f->joblog, O_RDONLY | O_CLOEXEC);
	if (s->log.fd < 0)
		return;
	while (lines_read(&s->log))
		continue;
	while ((line = lines_next(&s->log, &length)) != NULL) {
		hear_ended(s, line);
		free(line);
	}
}

/* Takes in what has come on a stream; at its end it is closed. */
static void hear(struct state *s, struct lines *l)
{
	int more = lines_read(l);
	size_t length;
	char *line;

	while ((line = lines_next(l, &length)) != NULL) {
		if (l == &s->out)
			hear_line(s, line, length);
		else
			hear_message(s, line);
		free(line);
	}
	if (!more) {
		close(l->fd);
		l->fd = -1;
	}
}

/* Listens to the keeper's family until it has ended. */
static void listen_to(struct state *s, pid_t keeper)
{
	size_t most = (size_t)s->f->jobs *
		(s->f->hosts->n ? s->f->hosts->n : 1);
	int64_t ticked = 0;
	int told = 0;

	while (s->out.fd >= 0 || s->err.fd >= 0) {
		struct pollfd p[2] = {
			{ .fd = s->out.fd, .events = POLLIN },
			{ .fd = s->err.fd, .events = POLLIN },
		};

		if (poll(p, 2, 200) < 0 && errno != EINTR)
			break;
		if (p[0].revents != 0 && s->out.fd >= 0)
			hear(s, &s->out);
		if (p[1].revents != 0 && s->err.fd >= 0)
			hear(s, &s->err);
		read_joblog(s);
		if (now_ns() - ticked > 1000000000) {
			size_t left = s->n - s->ended;

			s->f->tick(s->f->arg, left < most ? left : most);
			ticked = now_ns();
		}
		if (!told &&
		    (interrupted || s->code != 0 ||
		     s->lost_in_row > 4 * most + 4)) {
			kill(keeper, SIGTERM);
			told = 1;
		}
	}
	read_joblog(s);
}

/* What is to be said when parallel has ended.  An exit code. */
static int conclude(const struct state *s, int status)
{
	size_t missing = s->n - s->ended + s->lost;
	int ended = WIFEXITED(status) ? WEXITSTATUS(status) : 255;

	if (s->code != 0)
		return s->code;
	if (interrupted)
		return EXIT_INTERRUPTED;
	if (missing == 0)
		return 0;
	/* Up to 101 it counts jobs that failed. */
	if (ended > 128 && ended < 128 + SIGRTMIN)
		complain("GNU parallel was killed by signal %d (%s)",
			 ended - 128, strsignal(ended - 128));
	else if (s->n > s->ended && s->lost_in_row == 0)
		complain(
			"GNU parallel ended with status %d before all was "
			"done",
			ended);
	return fail(EXIT_FAULT, "%zu of %zu cells have no result", missing,
		    s->n);
}

static void state_fini(struct state *s)
{
	struct lines *const streams[] = { &s->out, &s->err, &s->log };

	for (size_t i = 0; i < 3; i++) {
		if (streams[i]->fd >= 0)
			close(streams[i]->fd);
		free(streams[i]->text);
	}
	for (size_t i = 0; i < s->n; i++) {
		free(s->jobs[i].line);
		free(s->jobs[i].junk);
	}
	free(s->jobs);
}

int fanout_run(const struct fanout *f, const json_t *keys)
{
	struct state s = { .f = f,
			   .n = json_array_size(keys),
			   .out.fd = -1,
			   .err.fd = -1,
			   .log.fd = -1 };
	int in = -1, out[2] = { -1, -1 }, err[2] = { -1, -1 }, status = 0, code;
	char *scratch = scratch_make();
	pid_t keeper, parent = getpid();

	if (scratch == NULL)
		return EXIT_FAULT;
	s.jobs = xcalloc(s.n, sizeof *s.jobs);
	for (size_t i = 0; i < s.n; i++)
		s.jobs[i].key = json_string_value(json_array_get(keys, i));
	if (unlink(f->joblog) < 0 && errno != ENOENT) {
		code = fail(EXIT_FAULT, "cannot replace %s: %s", f->joblog,
			    strerror(errno));
		goto out;
	}
	in = write_keys(keys);
	keeper = -1;
	if (in >= 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0)
		keeper = fork();
	if (keeper < 0) {
		code = fail(EXIT_FAULT, "cannot start GNU parallel: %s",
			    strerror(in < 0 ? -in : errno));
		goto out;
	}
	if (keeper == 0)
		keep(f, in, out[1], err[1], scratch, parent);
	close(out[1]);
	close(err[1]);
	out[1] = err[1] = -1;
	s.out.fd = out[0];
	s.err.fd = err[0];
	out[0] = err[0] = -1;
	listen_to(&s, keeper);
	while (waitpid(keeper, &status, 0) < 0 && errno == EINTR)
		continue;
	code = conclude(&s, status);
out:
	scratch_remove(scratch);
	if (in >= 0)
		close(in);
	for (int i = 0; i < 2; i++) {
		if (out[i] >= 0)
			close(out[i]);
		if (err[i] >= 0)
			close(err[i]);
	}
	state_fini(&s);
	return code;
}
