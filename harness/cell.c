/* cell.c - one cell: its phases, its checkpoints, and its results.
 *
 *   start, warm, frozen   the template stops at each
 *   forked                all workers exist
 *   0, 1, 2, 5, ... N     all workers stop; template and workers are sampled
 *   exit                  workers exit one by one; the template reaps them
 *
 * At most `parallel` workers serve at a time, so that with more workers than
 * CPUs pauses and latencies are not those of the scheduler; those of Go one by one,
 * since each uses several CPUs.  What they do to memory does not depend on that.
 *
 * On a real server workers do not stop but are idle, and there is neither `forked`
 * nor `exit`: see cellserver.c.
 */
#define _GNU_SOURCE
#include "cell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cellserver.h"
#include "memfd.h"
#include "server.h"
#include "wsgi.h"

/* The size of the environment moves the stack and so whatever depends on its
 * alignment; it varies with the seed, so between repeats and not between
 * stacks. */
#define PADDING_MAX 4096

json_t *cell_document(const struct cellkey *key, const char *version,
		      const char *executable, const char *status,
		      const char *reason)
{
	char *text = cellkey_format(key);
	char *server = server_of(key->workload);
	json_t *document = json_pack(
		"{ss ss ss ss ss ss ss sI sI sI sI sI sI ss ss?}", "key", text,
		"python", version, "tag", key->tag, "executable", executable,
		"strategy", key->stack, "workload", key->workload, "server",
		server, "scale", (json_int_t)key->scale, "workers",
		(json_int_t)key->workers, "requests", (json_int_t)key->requests,
		"collect_at", (json_int_t)key->collect_at, "repeat",
		(json_int_t)key->repeat, "seed", (json_int_t)key->seed,
		"status", status, "reason", reason);

	free(text);
	free(server);
	return document;
}

/* Samples a process that stands at a barrier.  0 or -errno. */
static int sample_process(pid_t pid, struct sample *s)
{
	struct procfs_stat stat = { 0 };
	int result = procfs_read_memory(pid, &s->memory);

	if (result == 0)
		result = procfs_read_stat(pid, &stat);
	if (result == 0)
		result = procfs_read_page_tables(pid, &s->page_tables);
	if (result == 0)
		result = procfs_read_peak(pid, &s->peak_rss);
	if (result == 0)
		result = procfs_read_cpu(pid, &s->cpu_ns);
	s->minor_faults = stat.minor_faults;
	return result;
}

/* Says where and why the workers have copied pages. */
static int explain_copies(struct cell *c)
{
	pid_t template = c->family.members[0].pid;
	struct places places;
	int result = places_find(&c->cow, template, &places);

	for (int i = 1; i < c->family.count && result == 0; i++)
		result = copies_explain(
			&c->cow, &places, &c->family.shared->layout, template,
			c->family.members[i].pid, &c->now[i].copies);
	places_fini(&places);
	return result;
}

static int read_arenas(const struct cell *c, int i, struct arenas *arenas)
{
	return arenas_read(c->family.members[i].pid,
			   c->family.shared->layout.pool_bytes, arenas);
}

static int is_member(const struct cell *c, pid_t pid)
{
	for (int i = 0; i < c->family.count; i++)
		if (c->family.members[i].pid == pid)
			return 1;
	return 0;
}

/* What a process that the program has started occupies, KiB; it may end at any
 * time. */
static int64_t weigh(pid_t pid)
{
	struct procfs_memory memory;
	int64_t page_tables;

	return procfs_read_memory(pid, &memory) == 0 &&
			procfs_read_page_tables(pid, &page_tables) == 0 ?
		memory.pss + page_tables :
		0;
}

/* What the members do not show of themselves: their children, memory that is
 * mapped by none, and what the kernel charges to all of them. */
static void sample_family(struct cell *c)
{
	struct memfd_sum held = { 0 };
	struct stat own;
	pid_t *pids;
	size_t n;

	/* Ours, since those that lose their parent become our children. */
	procfs_descendants(getpid(), &pids, &n);
	c->others = 0;
	for (size_t i = 0; i < n; i++)
		if (!is_member(c, pids[i]))
			c->others += weigh(pids[i]);
	if (c->unmapped_error == 0 && fstat(c->family.shm_fd, &own) == 0)
		c->unmapped_error = memfd_sum(pids, n, &own, &held);
	c->unmapped = held.unmapped_kib;
	if (held.failed != NULL)
		c->unmapped_failed = held.failed;
	if (c->cgroup_error == 0)
		c->cgroup_error = cgroup_read(&c->cgroup, &c->charged);
	free(pids);
}

/* Starts looking at the same-page scanner if the stack works by it, before it can
 * have anything to do for this cell. */
static void watch_scanner(struct cell *c)
{
	if (!cellkey_uses(c->key, "ksm"))
		return;
	c->scanner = procfs_kernel_thread("ksmd");
	if (c->scanner > 0 &&
	    procfs_read_cpu(c->scanner, &c->scanner_first) < 0)
		c->scanner = -1;
}

static void sample_scanner(struct cell *c)
{
	int64_t now;

	c->scanner_ns = c->scanner > 0 &&
			procfs_read_cpu(c->scanner, &now) == 0 ?
		now - c->scanner_first :
		-1;
}

/* All workers stand still: sample everyone.  Contents are compared at the last
 * checkpoint only, since that reads every copy, and when all is counted. */
static int take_checkpoint(struct cell *c)
{
	for (int i = 0; i < c->family.count; i++) {
		int result = sample_process(c->family.members[i].pid,
					    &c->now[i]);

		if (result == -ENOENT || result == -ESRCH)
			return family_lost(&c->family, i);
		if (result < 0)
			return result;
		c->swapped |= c->now[i].memory.swap > 0;
	}
	for (int i = 1; i < c->family.count && c->cow_error == 0; i++)
		c->cow_error = cow_count(&c->cow, c->family.members[i].pid,
					 &c->now[i].counts);
	sample_family(c);
	sample_scanner(c);
	cellresult_checkpoint(c);
	c->sampled++;
	if (c->sampled < c->checkpoints)
		return 0;
	if (c->cow_error == 0)
		c->copies_error = explain_copies(c);
	for (int i = 0; i < c->family.count && c->arenas_error == 0; i++)
		c->arenas_error = read_arenas(c, i, &c->now[i].arenas);
	return 0;
}

/* Lets all workers go on to the next barrier, at most `parallel` at a time. */
static int serve_to(struct cell *c, long requests)
{
	char name[32];
	int result;

	if (cellserver_is_used(c))
		return cellserver_serve(c, c->at[c->sampled - 1], requests);
	snprintf(name, sizeof name, "%ld", requests);
	for (int first = 1, next = 1; first < c->family.count; first++) {
		for (; next < c->family.count && next < first + c->parallel;
		     next++)
			family_go(&c->family, next);
		result = family_wait(&c->family, first, name);
		if (result < 0)
			return result;
	}
	return 0;
}

/* Ends the workers one by one and counts what dying costs. */
static int let_exit(struct cell *c)
{
	int result;

	if (cellserver_is_used(c))
		return cellserver_end(c);
	for (int i = 1; i < c->family.count; i++) {
		struct procfs_stat stat;

		family_go(&c->family, i);
		result = family_wait_gone(&c->family, i);
		if (result < 0)
			return result;
		if (procfs_read_stat(c->family.members[i].pid, &stat) == 0)
			c->now[i].exit_faults = stat.minor_faults -
				c->now[i].minor_faults;
		else
			c->exit_unknown = 1;
	}
	family_go(&c->family, 0);
	while (strcmp(c->family.members[0].at, "exit") != 0) {
		result = family_step(&c->family);
		if (result < 0)
			return result;
		if (c->family.members[0].gone)
			return -ECHILD;
	}
	for (int i = 1; i < c->family.count; i++)
		if (c->family.members[i].status != 0) {
			c->family.error = xasprintf(
				"worker %d %s at its exit", i,
				describe_status(c->family.members[i].status));
			return -ECHILD;
		}
	family_go(&c->family, 0);
	return family_wait_gone(&c->family, 0);
}

static int run_phases(struct cell *c)
{
	static const char *const phases[] = { "start", "warm", "frozen",
					      "forked" };
	size_t n = sizeof phases / sizeof *phases;
	int result;

	if (cellserver_is_used(c))
		n--; /* it does not say when it has forked, and goes on */
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			family_go(&c->family, 0);
		result = family_wait(&c->family, 0, phases[i]);
		if (result < 0)
			return result;
		if (strcmp(phases[i], "warm") == 0) {
			watch_scanner(c);
			c->warm_error = read_arenas(c, 0, &c->warm);
		}
	}
	if (cellserver_is_used(c))
		family_go(&c->family, 0);
	for (int i = 1; i < c->family.count; i++) {
		/* The first barrier needs no go: the fork led there. */
		result = family_wait(&c->family, i, "0");
		if (result == 0)
			result = family_know(&c->family, i);
		if (result < 0)
			return result;
	}
	if (cellserver_is_used(c)) {
		result = cellserver_settle(c, 0);
		if (result < 0)
			return result;
	}
	c->cow_error = c->apart ? -ENOTSUP :
				  cow_note(c->family.members[0].pid, &c->cow);
	for (size_t k = 0; k < c->checkpoints; k++) {
		result = k > 0 ? serve_to(c, c->at[k]) : 0;
		if (result == 0)
			result = take_checkpoint(c);
		if (result < 0)
			return result;
	}
	c->served = xcalloc(1, c->family.shared_bytes);
	memcpy(c->served, c->family.shared, c->family.shared_bytes);
	return let_exit(c);
}

/* Who was still busy when time ran out, for the reason; to free. */
static char *who_is_busy(const struct cell *c)
{
	const struct family_member *template = &c->family.members[0];
	unsigned long long served = 0;

	for (int i = 1; i < c->family.count; i++) {
		const struct family_member *m = &c->family.members[i];

		if (strcmp(template->at, "forked") == 0 && m->at[0] == '\0' &&
		    !m->gone)
			return xasprintf(
				"worker %d had served %llu requests", i,
				(unsigned long long)cell_slot(c, i)->requests);
	}
	for (long i = 1; i <= c->key->workers && cellserver_is_used(c); i++)
		served += cell_slot(c, i)->requests;
	if (served > 0)
		return xasprintf("the workers had served %llu requests",
				 served);
	return xstrdup("the template was busy");
}

/* Adds to *reason that the cell's own limit was the cause, if it was. */
static void tell_oom(const struct cell *c, char **reason)
{
	int64_t kills = c->limit_kib > 0 ? cgroup_oom_kills(&c->cgroup) : 0;
	char *before = *reason;

	if (kills <= 0)
		return;
	*reason = xasprintf(
		"%s: the cell needs more memory than the %lld MiB "
		"of --memory-limit",
		before, (long long)c->limit_kib / 1024);
	free(before);
}

/* Status and reason of a cell that ended with `result`; *reason to free. */
static const char *judge(struct cell *c, int result, const char *executable,
			 const struct cell_limits *limits, char **reason)
{
	*reason = NULL;
	if (result == 0)
		return "ok";
	if (result == -ETIMEDOUT) {
		char *who = who_is_busy(c);

		*reason = xasprintf("not done within %ld s (--timeout): %s",
				    limits->timeout_s, who);
		free(who);
		return "timeout";
	}
	if (c->family.error != NULL)
		*reason = xstrdup(c->family.error);
	else if (result == -ENOMEM)
		*reason = xasprintf(
			"stopped: less than %lld MiB of memory were "
			"left on this host (--min-free)",
			(long long)limits->min_free_kib / 1024);
	else if (result == -ECHILD)
		*reason = xstrdup(
			"the template ended before its workers were "
			"reaped");
	else
		*reason = xasprintf("cannot watch %s: %s", executable,
				    strerror(-result));
	tell_oom(c, reason);
	return "failed";
}

static char *join_checkpoints(const struct cell *c)
{
	char *text = xstrdup("");

	for (size_t k = 0; k < c->checkpoints; k++) {
		char *longer = xasprintf("%s%s%ld", text, k ? "," : "",
					 c->at[k]);

		free(text);
		text = longer;
	}
	return text;
}

/* What the template finds in its environment. */
static void set_environment(struct cell *c, const struct workload *workload)
{
	char *seed = xasprintf("%ld", c->key->seed);
	char *padding, *name;

	c->environment_bytes = (size_t)(c->key->seed * 1031 % PADDING_MAX);
	padding = xcalloc(c->environment_bytes + 1, 1);
	memset(padding, 'x', c->environment_bytes);
	setenv("PERMAFROST_PADDING", padding, 1);
	setenv("PYTHONHASHSEED", seed, 1);
	if (workload->name != NULL && wsgi_is(workload->name)) {
		name = server_strip(workload->name);
		setenv(WSGI_VARIABLE, name, 1);
		free(name);
	}
	unsetenv("PYTHONHOME");
	unsetenv("PYTHONSTARTUP");
	unsetenv("PYTHONINSPECT");
	free(padding);
	free(seed);
}

/* Starts the template, within `memory_kib` unless that is 0.  0 or -errno. */
static int start(struct cell *c, const struct interpreter *interpreter,
		 const char *executable, const struct workload *workload,
		 int64_t memory_kib)
{
	int serves = cellserver_is_used(c);
	char *script = xasprintf("%s/%s", install_workloads_dir(),
				 serves ? "servers/launch.py" : "driver.py");
	char *port = xasprintf("%d", c->port);
	char *scale = xasprintf("%ld", c->key->scale);
	char *seed = xasprintf("%ld", c->key->seed);
	char *workers = xasprintf("%ld", c->key->workers);
	char *collect_at = xasprintf("%ld", c->key->collect_at);
	char *checkpoints = join_checkpoints(c);
	char *common[] = { interpreter->ext_dir,
			   c->key->stack,
			   workload->path,
			   scale,
			   seed,
			   NULL,
			   NULL,
			   workers };
	char *argv[16] = { (char *)executable, workload->bare ? "-BS" : "-B",
			   script };
	int n = 3, fds_at, result;

	if (serves) {
		argv[n++] = c->server;
		argv[n++] = port;
	}
	fds_at = n + 5;
	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		argv[n++] = common[i];
	if (!serves) {
		argv[n++] = collect_at;
		argv[n++] = checkpoints;
	}
	set_environment(c, workload);
	c->cgroup_error = cgroup_make(&c->cgroup);
	if (c->cgroup_error == 0 && memory_kib > 0 &&
	    cgroup_limit(&c->cgroup, memory_kib) == 0)
		c->limit_kib = memory_kib;
	c->family.cgroup_procs = c->cgroup.procs;
	result = family_start(&c->family, argv, fds_at);
	if (c->cgroup_error == 0)
		c->cgroup_error = c->family.cgroup_error;
	free(script);
	free(port);
	free(scale);
	free(seed);
	free(workers);
	free(collect_at);
	free(checkpoints);
	return result;
}

/* Adds the limit of the cell's cgroup, null if there is none, and how many
 * processes it cost. */
static void tell_limit(const struct cell *c, json_t *document)
{
	int64_t kills = c->limit_kib > 0 ? cgroup_oom_kills(&c->cgroup) : -1;

	json_object_set_new(
		document, "memory_limit_kib",
		c->limit_kib > 0 ? json_integer(c->limit_kib) : json_null());
	json_object_set_new(document, "oom_kills",
			    kills >= 0 ? json_integer(kills) : json_null());
}

json_t *cell_run(const struct cellkey *key,
		 const struct interpreter *interpreter,
		 const struct workload *workload,
		 const struct cell_limits *limits, char **error)
{
	const char *executable = key->executable ? key->executable :
						   interpreter->executable,
		   *status;
	struct cell c = {
		.key = key,
		.cgroup = { .procs = -1 },
		.parallel = limits->parallel,
		.server = server_of(key->workload),
		.port_fd = -1,
		.now = xcalloc((size_t)key->workers + 1, sizeof *c.now),
		.curve = json_array(),
		.metrics = json_object(),
		.unavailable = json_object(),
	};
	json_t *document = NULL;
	char *reason = NULL;
	int result;

	if (interpreter_is_go(interpreter)) {
		c.apart = 1;
		c.parallel = 1; /* its collector takes other CPUs */
	}
	c.checkpoints = checkpoints_plan(key->requests, c.at);
	result = family_init(&c.family, (int)key->workers, limits->timeout_s,
			     limits->min_free_kib);
	if (result == 0 && cellserver_is_used(&c))
		result = cellserver_prepare(&c, executable);
	if (result == 0)
		result = start(&c, interpreter, executable, workload,
			       limits->memory_kib);
	if (result == 0)
		result = run_phases(&c);
	else if (c.family.error == NULL)
		c.family.error = xasprintf(
			"cannot start %s: %s%s", executable, strerror(-result),
			result == -EMFILE ? "; allow more with ulimit -n" : "");
	if (result == -EINTR) {
		*error = xstrdup("interrupted");
		goto out;
	}
	status = judge(&c, result, executable, limits, &reason);
	document = cell_document(key, interpreter->version, executable, status,
				 reason);
	json_object_set_new(document, "parallel", json_integer(c.parallel));
	if (limits->memory_kib > 0)
		tell_limit(&c, document);
	if (result == 0)
		cellresult_summarize(&c, document);
	else
		json_object_clear(c.metrics);
	cellresult_fill_in(&c, reason ? reason : "not measured");
	json_object_update(document, c.metrics);
	json_object_set(document, "unavailable", c.unavailable);
	json_object_set(document, "curve", c.curve);
	if (result != 0)
		json_object_set_new(document, "output",
				    json_string(family_last_words(&c.family)));
out:
	family_fini(&c.family);
	cellserver_fini(&c);
	cgroup_fini(&c.cgroup);
	free(reason);
	free(c.now);
	cow_fini(&c.cow);
	free(c.served);
	json_decref(c.curve);
	json_decref(c.metrics);
	json_decref(c.unavailable);
	return document;
}
