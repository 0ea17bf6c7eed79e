/* cell.c - one cell: its phases, its checkpoints, and its results.
 *
 *   start, warm, frozen   the template stops at each
 *   forked                all workers exist
 *   0, 1, 2, 5, ... N     all workers stop; template and workers are sampled
 *   exit                  workers exit one by one; the template reaps them
 *
 * At most `parallel` workers serve at a time, so that with more workers than
 * CPUs pauses and latencies are not those of the scheduler.  What they do to
 * memory does not depend on that.
 */
#define _GNU_SOURCE
#include "cell.h"

#include <errno.h>
#include <gsl/gsl_fit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints.h"
#include "cow.h"
#include "family.h"
#include "metrics.h"
#include "procfs.h"

/* One process at one checkpoint. */
struct sample {
	struct procfs_memory memory;
	uint64_t minor_faults;
	int64_t cpu_ns;
	uint64_t copied;		/* pages; of a worker */
	uint64_t differ;		/* of those; at the last checkpoint */
};

struct cell {
	const struct cellkey *key;
	struct family family;
	int parallel;
	long at[CHECKPOINTS_MAX];	/* requests */
	size_t checkpoints;
	size_t sampled;			/* checkpoints done */
	double growth[CHECKPOINTS_MAX];	/* worker_private_kib */
	struct shm_header *served;	/* copy of the shared memory at the last
					 * checkpoint: exit is not serving */
	struct cow_map cow;		/* the template's pages at the fork */
	int cow_error;			/* why copies are not known: -errno */
	int compare_error;		/* why changed pages are not: -errno */
	int swapped;			/* pages of the cell were swapped out */
	int exit_unknown;		/* a worker was gone before it was read */
	struct sample *now;		/* [0] template, then workers */
	double exit_faults;		/* mean */
	json_t *curve;
	json_t *metrics;		/* of the last checkpoint, and more */
	json_t *unavailable;		/* key: reason */
};

json_t *cell_document(const struct cellkey *key, const char *version,
		      const char *executable, const char *status,
		      const char *reason)
{
	char *text = cellkey_format(key);
	json_t *document = json_pack(
		"{ss ss ss ss ss ss sI sI sI sI sI sI ss ss?}",
		"key", text, "python", version, "tag", key->tag,
		"executable", executable,
		"strategy", key->stack, "workload", key->workload,
		"scale", (json_int_t)key->scale,
		"workers", (json_int_t)key->workers,
		"requests", (json_int_t)key->requests,
		"collect_at", (json_int_t)key->collect_at,
		"repeat", (json_int_t)key->repeat,
		"seed", (json_int_t)key->seed,
		"status", status, "reason", reason);

	free(text);
	return document;
}

static struct shm_process *slot(const struct cell *c, long index)
{
	return shm_slot(c->served ? c->served : c->family.shared,
			(uint64_t)index);
}

/* Samples a process that stands at a barrier.  0 or -errno. */
static int sample_process(pid_t pid, struct sample *s)
{
	struct procfs_stat stat;
	int result = procfs_read_memory(pid, &s->memory);

	if (result == 0)
		result = procfs_read_stat(pid, &stat);
	if (result == 0)
		result = procfs_read_cpu(pid, &s->cpu_ns);
	s->minor_faults = stat.minor_faults;
	return result;
}

/* Counts what the workers have copied.  Contents are compared at the last
 * checkpoint only, since that reads every copy, and when all is counted. */
static void count_copies(struct cell *c)
{
	pid_t template = c->family.members[0].pid;
	int workers = c->family.count - 1;

	for (int i = 1; i <= workers && c->cow_error == 0; i++)
		c->cow_error = cow_count(&c->cow, c->family.members[i].pid,
					 &c->now[i].copied);
	if (c->sampled + 1 < c->checkpoints || c->cow_error != 0)
		return;
	for (int i = 1; i <= workers && c->compare_error == 0; i++)
		c->compare_error = cow_compare(&c->cow, template,
					       c->family.members[i].pid,
					       &c->now[i].differ);
}

/* Means over workers of the fields that are sums, in one pass. */
struct means {
	double rss, pss, private, faults, cpu_ms, total_pss, copied, differ;
	double collections[SHM_GENERATIONS], gc_us, gc_faults;
};

static struct means average(const struct cell *c)
{
	struct means m = { .total_pss = (double)c->now[0].memory.pss };
	double w = (double)c->key->workers;

	for (long i = 1; i <= c->key->workers; i++) {
		const struct sample *s = &c->now[i];
		const struct shm_process *p = slot(c, i);

		m.rss += (double)s->memory.rss / w;
		m.pss += (double)s->memory.pss / w;
		m.private += (double)(s->memory.private_clean +
				      s->memory.private_dirty) / w;
		m.total_pss += (double)s->memory.pss;
		m.faults += (double)s->minor_faults / w;
		m.copied += (double)s->copied / w;
		m.differ += (double)s->differ / w;
		m.cpu_ms += (double)s->cpu_ns / 1e6 / w;
		for (int g = 0; g < SHM_GENERATIONS; g++) {
			m.collections[g] += (double)p->collections[g] / w;
			m.gc_us += (double)p->gc_ns[g] / 1e3 / w;
		}
		m.gc_faults += (double)p->gc_faults / w;
	}
	return m;
}

/* The values of one checkpoint under their keys.  A new object. */
static json_t *checkpoint_values(const struct cell *c, const struct means *m)
{
	return json_pack("{sI sI sI sf sf sf sf sf s[fff] sf sf sf}",
		"requests", (json_int_t)c->at[c->sampled],
		"template_rss_kib", (json_int_t)c->now[0].memory.rss,
		"template_pss_kib", (json_int_t)c->now[0].memory.pss,
		"worker_rss_kib", m->rss,
		"worker_pss_kib", m->pss,
		"worker_private_kib", m->private,
		"total_kib", m->total_pss,
		"worker_minor_faults", m->faults,
		"gc_collections", m->collections[0], m->collections[1],
		m->collections[2],
		"gc_time_us", m->gc_us,
		"gc_faults", m->gc_faults,
		"worker_cpu_ms", m->cpu_ms);
}

/* All workers stand still: sample everyone. */
static int take_checkpoint(struct cell *c)
{
	struct means m;
	json_t *values;

	for (int i = 0; i < c->family.count; i++) {
		int result = sample_process(c->family.members[i].pid,
					    &c->now[i]);

		if (result < 0)
			return result;
		c->swapped |= c->now[i].memory.swap > 0;
	}
	count_copies(c);
	m = average(c);
	c->growth[c->sampled] = m.private;
	values = checkpoint_values(c, &m);
	if (c->cow_error == 0)
		json_object_set_new(values, "worker_cow_pages",
				    json_real(m.copied));
	json_object_update(c->metrics, values);
	json_object_set_new(c->metrics, "worker_floor_pages",
			    json_real(m.differ));
	json_array_append_new(c->curve, values);
	c->sampled++;
	return 0;
}

/* Lets all workers go on to the next barrier, at most `parallel` at a time. */
static int serve_to(struct cell *c, long requests)
{
	char name[32];
	int result;

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
	double faults = 0;
	int result;

	for (int i = 1; i < c->family.count; i++) {
		struct procfs_stat stat;

		family_go(&c->family, i);
		result = family_wait_gone(&c->family, i);
		if (result < 0)
			return result;
		if (procfs_read_stat(c->family.members[i].pid, &stat) < 0) {
			c->exit_unknown = 1;
			continue;
		}
		faults += (double)(stat.minor_faults - c->now[i].minor_faults);
	}
	c->exit_faults = faults / (double)c->key->workers;
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
			c->family.error = xasprintf("worker %d %s at its exit",
				i, describe_status(c->family.members[i].status));
			return -ECHILD;
		}
	family_go(&c->family, 0);
	return family_wait_gone(&c->family, 0);
}

static int run_phases(struct cell *c)
{
	static const char *const phases[] = { "start", "warm", "frozen",
					      "forked" };
	int result;

	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
		if (i > 0)
			family_go(&c->family, 0);
		result = family_wait(&c->family, 0, phases[i]);
		if (result < 0)
			return result;
	}
	c->cow_error = cow_note(c->family.members[0].pid, &c->cow);
	for (int i = 1; i < c->family.count; i++) {
		/* The first barrier needs no go: the fork led there. */
		result = family_wait(&c->family, i, "0");
		if (result < 0)
			return result;
		c->family.members[i].pid = slot(c, i)->pid;
	}
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

static void set_null(struct cell *c, const char *key, const char *reason)
{
	json_object_set_new(c->metrics, key, json_null());
	json_object_set_new(c->unavailable, key, json_string(reason));
}

static void set_null_error(struct cell *c, const char *key, const char *what,
			   int error)
{
	char *why = xasprintf("%s: %s", what, strerror(-error));

	set_null(c, key, why);
	free(why);
}

/* What is swapped out is in no resident figure. */
static void forget_memory(struct cell *c)
{
	static const char *const keys[] = {
		"template_rss_kib", "template_pss_kib", "worker_rss_kib",
		"worker_pss_kib", "worker_private_kib", "total_kib",
		"worker_cow_pages", "worker_floor_pages", "leak_kib_per_1k",
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		set_null(c, keys[i], "the host swapped pages of this cell out; "
			 "run fewer workers, or without swap");
}

static void set_real(struct cell *c, const char *key, double value)
{
	json_object_set_new(c->metrics, key, json_real(value));
}

/* Sums a histogram over workers into `sum`. */
static void add_counts(uint64_t sum[HDR_BUCKETS],
		       const uint64_t counts[HDR_BUCKETS])
{
	for (size_t i = 0; i < HDR_BUCKETS; i++)
		sum[i] += counts[i];
}

/* [[lowest ns of the bucket, count], ...] without empty ones.  New. */
static json_t *histogram_json(const uint64_t counts[HDR_BUCKETS])
{
	json_t *list = json_array();

	for (size_t i = 0; i < HDR_BUCKETS; i++)
		if (counts[i] != 0)
			json_array_append_new(list, json_pack("[II]",
				(json_int_t)hdr_lower(i),
				(json_int_t)counts[i]));
	return list;
}

/* A percentile in us; a bucket's middle may lie above the exact longest value. */
static double percentile_us(const uint64_t counts[HDR_BUCKETS], double percent,
			    uint64_t longest)
{
	uint64_t ns = hdr_percentile(counts, percent);

	return (double)(ns < longest ? ns : longest) / 1e3;
}

static void summarize_pauses(struct cell *c, json_t *document)
{
	static uint64_t all[HDR_BUCKETS], one[HDR_BUCKETS];
	uint64_t longest = 0, lost = 0;
	json_t *by_generation = json_array();

	memset(all, 0, sizeof all);
	for (int g = 0; g < SHM_GENERATIONS; g++) {
		memset(one, 0, sizeof one);
		for (long i = 1; i <= c->key->workers; i++)
			add_counts(one, slot(c, i)->pauses[g]);
		add_counts(all, one);
		json_array_append_new(by_generation, histogram_json(one));
	}
	json_object_set_new(document, "pauses", by_generation);
	for (long i = 1; i <= c->key->workers; i++) {
		const struct shm_process *p = slot(c, i);

		if (p->gc_max_ns > longest)
			longest = p->gc_max_ns;
		lost += p->gc_overflow + p->gc_unmatched + p->request_overflow;
	}
	json_object_set_new(document, "lost_samples",
			    json_integer((json_int_t)lost));
	if (hdr_total(all) == 0) {
		const char *why = "no collection ran in any worker";

		set_null(c, "gc_pause_p50_us", why);
		set_null(c, "gc_pause_p99_us", why);
		set_null(c, "gc_pause_max_us", why);
		return;
	}
	set_real(c, "gc_pause_p50_us", percentile_us(all, 50, longest));
	set_real(c, "gc_pause_p99_us", percentile_us(all, 99, longest));
	set_real(c, "gc_pause_max_us", (double)longest / 1e3);
}

static void summarize_requests(struct cell *c, json_t *document)
{
	static uint64_t all[HDR_BUCKETS];
	const struct {
		const char *key;
		double percent;
	} rows[] = {
		{ "request_p50_us", 50 },
		{ "request_p99_us", 99 },
		{ "request_p999_us", 99.9 },
	};

	memset(all, 0, sizeof all);
	for (long i = 1; i <= c->key->workers; i++)
		add_counts(all, slot(c, i)->latencies);
	json_object_set_new(document, "latencies", histogram_json(all));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (hdr_total(all) == 0)
			set_null(c, rows[i].key, "no request was served");
		else
			set_real(c, rows[i].key,
				 (double)hdr_percentile(all, rows[i].percent) /
				 1e3);
}

/* Slope over the second half, per 1000 requests. */
static void summarize_leak(struct cell *c)
{
	double x[CHECKPOINTS_MAX], y[CHECKPOINTS_MAX];
	double c0, c1, cov00, cov01, cov11, sumsq;
	size_t n = 0;

	for (size_t k = 0; k < c->sampled; k++)
		if (2 * c->at[k] >= c->key->requests) {
			x[n] = (double)c->at[k];
			y[n++] = c->growth[k];
		}
	if (n < 3) {
		set_null(c, "leak_kib_per_1k",
			 "needs at least three checkpoints in the second half; "
			 "use more --requests");
		return;
	}
	gsl_fit_linear(x, 1, y, 1, n, &c0, &c1, &cov00, &cov01, &cov11, &sumsq);
	set_real(c, "leak_kib_per_1k", c1 * 1000);
}

static void summarize(struct cell *c, json_t *document)
{
	const struct shm_process *template = slot(c, 0);
	double fork_ns = 0;

	json_object_del(c->metrics, "requests");
	for (long i = 1; i <= c->key->workers; i++)
		fork_ns += (double)slot(c, i)->fork_ns;
	set_real(c, "freeze_us", (double)template->before_fork_ns / 1e3);
	set_real(c, "fork_us", fork_ns / (double)c->key->workers / 1e3);
	set_real(c, "exit_faults", c->exit_faults);
	summarize_pauses(c, document);
	summarize_requests(c, document);
	summarize_leak(c);
	if (template->objects >= 0)
		set_real(c, "template_objects", (double)template->objects);
	else
		set_null(c, "template_objects",
			 "this collector's lists are not known to us");
	set_real(c, "frozen_objects", (double)template->frozen);
	if (c->cow_error != 0)
		set_null_error(c, "worker_cow_pages", "pagemap", c->cow_error);
	if (c->cow_error != 0)
		set_null_error(c, "worker_floor_pages", "pagemap", c->cow_error);
	else if (c->compare_error != 0)
		set_null_error(c, "worker_floor_pages",
			       "reading the memory of a worker",
			       c->compare_error);
	if (c->exit_unknown)
		set_null(c, "exit_faults", "a worker was reaped by the program "
			 "before it could be read");
	if (c->swapped)
		forget_memory(c);
}

/* Every metric has a key in every document: null where nothing was measured. */
static void fill_in(struct cell *c, const char *reason)
{
	for (size_t i = 0; i < metrics_count; i++)
		if (json_object_get(c->metrics, metrics[i].key) == NULL)
			set_null(c, metrics[i].key, reason);
}

/* Who was still busy when time ran out, for the reason; to free. */
static char *who_is_busy(const struct cell *c)
{
	const struct family_member *template = &c->family.members[0];

	for (int i = 1; i < c->family.count; i++) {
		const struct family_member *m = &c->family.members[i];

		if (strcmp(template->at, "forked") == 0 && m->at[0] == '\0' &&
		    !m->gone)
			return xasprintf("worker %d had served %llu requests",
				i, (unsigned long long)slot(c, i)->requests);
	}
	return xstrdup("the template was busy");
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
		*reason = xasprintf("stopped: less than %lld MiB of memory were "
				    "left on this host (--min-free)",
				    (long long)limits->min_free_kib / 1024);
	else if (result == -ECHILD)
		*reason = xstrdup("the template ended before its workers were "
				  "reaped");
	else
		*reason = xasprintf("cannot watch %s: %s", executable,
				    strerror(-result));
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

/* Starts the template.  0 or -errno. */
static int start(struct cell *c, const struct interpreter *interpreter,
		 const char *executable, const struct workload *workload)
{
	char *driver = xasprintf("%s/driver.py", install_workloads_dir());
	char *scale = xasprintf("%ld", c->key->scale);
	char *seed = xasprintf("%ld", c->key->seed);
	char *workers = xasprintf("%ld", c->key->workers);
	char *collect_at = xasprintf("%ld", c->key->collect_at);
	char *checkpoints = join_checkpoints(c);
	char *argv[] = { (char *)executable, "-B", driver, interpreter->ext_dir,
			 c->key->stack, workload->path, scale, seed, NULL, NULL,
			 workers, collect_at, checkpoints, NULL };
	int result;

	setenv("PYTHONHASHSEED", seed, 1);
	unsetenv("PYTHONHOME");
	unsetenv("PYTHONSTARTUP");
	unsetenv("PYTHONINSPECT");
	result = family_start(&c->family, argv, 8);
	free(driver);
	free(scale);
	free(seed);
	free(workers);
	free(collect_at);
	free(checkpoints);
	return result;
}

json_t *cell_run(const struct cellkey *key,
		 const struct interpreter *interpreter,
		 const struct workload *workload,
		 const struct cell_limits *limits, char **error)
{
	const char *executable = key->executable ? key->executable :
		interpreter->executable, *status;
	struct cell c = {
		.key = key,
		.parallel = limits->parallel,
		.now = xcalloc((size_t)key->workers + 1, sizeof *c.now),
		.curve = json_array(),
		.metrics = json_object(),
		.unavailable = json_object(),
	};
	json_t *document = NULL;
	char *reason = NULL;
	int result;

	c.checkpoints = checkpoints_plan(key->requests, c.at);
	result = family_init(&c.family, (int)key->workers, limits->timeout_s,
			     limits->min_free_kib);
	if (result == 0)
		result = start(&c, interpreter, executable, workload);
	if (result < 0)
		c.family.error = xasprintf("cannot start %s: %s", executable,
					   strerror(-result));
	else
		result = run_phases(&c);
	if (result == -EINTR) {
		*error = xstrdup("interrupted");
		goto out;
	}
	status = judge(&c, result, executable, limits, &reason);
	document = cell_document(key, interpreter->version, executable, status,
				 reason);
	json_object_set_new(document, "parallel", json_integer(c.parallel));
	if (result == 0)
		summarize(&c, document);
	else
		json_object_clear(c.metrics);
	fill_in(&c, reason ? reason : "not measured");
	json_object_update(document, c.metrics);
	json_object_set(document, "unavailable", c.unavailable);
	json_object_set(document, "curve", c.curve);
	if (result != 0)
		json_object_set_new(document, "output",
			json_string(family_last_words(&c.family)));
out:
	family_fini(&c.family);
	free(reason);
	free(c.now);
	cow_fini(&c.cow);
	free(c.served);
	json_decref(c.curve);
	json_decref(c.metrics);
	json_decref(c.unavailable);
	return document;
}
