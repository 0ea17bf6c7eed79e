/* cellresult.c - makes metrics of what was sampled in a cell. */
#define _GNU_SOURCE
#include <errno.h>
#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cellserver.h"
#include "metrics.h"
#include "pages.h"
#include "util.h"

const struct shm_process *cell_slot(const struct cell *c, long index)
{
	return shm_slot(c->served ? c->served : c->family.shared,
			(uint64_t)index);
}

/* One worker: what was sampled, and what it has written itself. */
struct worker {
	const struct sample *s;
	const struct shm_process *p;
};

static double rss(struct worker w)
{
	return (double)w.s->memory.rss;
}

static double peak_rss(struct worker w)
{
	return (double)w.s->peak_rss;
}

static double pss(struct worker w)
{
	return (double)w.s->memory.pss;
}

static double private(struct worker w)
{
	return (double)(w.s->memory.private_clean + w.s->memory.private_dirty);
}

static double faults(struct worker w)
{
	return (double)w.s->minor_faults;
}

static double cow_pages(struct worker w)
{
	return (double)w.s->counts.copied;
}

static double new_pages(struct worker w)
{
	return (double)w.s->counts.fresh;
}

static double floor_pages(struct worker w)
{
	return (double)copies_changed(&w.s->copies);
}

static double arena_share(struct worker w)
{
	return arenas_share(&w.s->arenas);
}

static double gc_time(struct worker w)
{
	double ns = 0;

	for (int g = 0; g < SHM_GENERATIONS; g++)
		ns += (double)w.p->gc_ns[g];
	return ns / 1e3;
}

static double gc_faults(struct worker w)
{
	return (double)w.p->gc_faults;
}

static double app_faults(struct worker w)
{
	return (double)w.s->minor_faults - (double)w.p->gc_faults;
}

static double cpu(struct worker w)
{
	return (double)w.s->cpu_ns / 1e6;
}

static double fork_us(struct worker w)
{
	return (double)w.p->fork_ns / 1e3;
}

static double passes(struct worker w)
{
	return (double)w.p->passes.passes;
}

static double looked_pages(struct worker w)
{
	return (double)w.p->passes.pages_looked_at;
}

static double given_pages(struct worker w)
{
	return (double)w.p->passes.pages_given_back;
}

static double hot_pages(struct worker w)
{
	return (double)w.p->passes.pages_left_hot;
}

static double waited(struct worker w)
{
	return (double)w.p->passes.waited_for_cpu;
}

static double passes_us(struct worker w)
{
	return (double)w.p->passes.ns / 1e3;
}

static double skipped_threads(struct worker w)
{
	return (double)w.p->passes.skipped_threads;
}

static double skipped_lost(struct worker w)
{
	return (double)w.p->passes.skipped_lost;
}

static double skipped_error(struct worker w)
{
	return (double)w.p->passes.skipped_error;
}

static double exit_faults(struct worker w)
{
	return (double)w.s->exit_faults;
}

/* The metrics that are means over workers. */
static const struct {
	const char *key;
	double (*of)(struct worker w);
} worker_metrics[] = {
	{ "worker_rss_kib", rss },
	{ "worker_peak_rss_kib", peak_rss },
	{ "worker_pss_kib", pss },
	{ "worker_private_kib", private },
	{ "worker_minor_faults", faults },
	{ "worker_cow_pages", cow_pages },
	{ "worker_new_pages", new_pages },
	{ "worker_floor_pages", floor_pages },
	{ "worker_arena_share", arena_share },
	{ "gc_time_us", gc_time },
	{ "gc_faults", gc_faults },
	{ "app_faults", app_faults },
	{ "worker_cpu_ms", cpu },
	{ "fork_us", fork_us },
	{ "exit_faults", exit_faults },
	{ "reshare_passes", passes },
	{ "reshare_looked_pages", looked_pages },
	{ "reshare_given_pages", given_pages },
	{ "reshare_hot_pages", hot_pages },
	{ "reshare_waited", waited },
	{ "reshare_us", passes_us },
};
#define WORKER_METRICS (sizeof worker_metrics / sizeof *worker_metrics)

/* Those that only a stack with reshare has. */
static const char *const pass_metrics[] = {
	"reshare_passes",    "reshare_looked_pages", "reshare_given_pages",
	"reshare_hot_pages", "reshare_skipped",	     "reshare_waited",
	"reshare_us",
};
#define PASS_METRICS (sizeof pass_metrics / sizeof *pass_metrics)

/* Those that need the faults before a collection. */
static const char *const gc_fault_metrics[] = { "gc_faults", "app_faults" };
#define GC_FAULT_METRICS (sizeof gc_fault_metrics / sizeof *gc_fault_metrics)

static struct worker worker(const struct cell *c, long index)
{
	return (struct worker){ &c->now[index], cell_slot(c, index) };
}

static double mean(const struct cell *c, double (*of)(struct worker w))
{
	double sum = 0;

	for (long i = 1; i <= c->key->workers; i++)
		sum += of(worker(c, i));
	return sum / (double)c->key->workers;
}

/* [g0,g1,g2], mean over workers.  New. */
static json_t *collections(const struct cell *c)
{
	double n[SHM_GENERATIONS] = { 0 };

	for (long i = 1; i <= c->key->workers; i++)
		for (int g = 0; g < SHM_GENERATIONS; g++)
			n[g] += (double)cell_slot(c, i)->collections[g] /
				(double)c->key->workers;
	return json_pack("[fff]", n[0], n[1], n[2]);
}

/* Whether the stack gives pages back, and has said how often. */
static int makes_passes(const struct cell *c)
{
	for (long i = 1; i <= c->key->workers; i++)
		if (!cell_slot(c, i)->passes.known)
			return 0;
	return 1;
}

/* PyPy tells of a collection when it is over; what was before is not known. */
static int knows_gc_faults(const struct cell *c)
{
	return cell_slot(c, 0)->gc_source != SHM_GC_HOOKS;
}

/* Sum over all processes. */
static double sum(const struct cell *c, int64_t (*of)(const struct sample *s))
{
	double kib = 0;

	for (long i = 0; i <= c->key->workers; i++)
		kib += (double)of(&c->now[i]);
	return kib;
}

static int64_t all_pss(const struct sample *s)
{
	return s->memory.pss;
}

static int64_t file_pss(const struct sample *s)
{
	return s->memory.pss - s->memory.pss_anon - s->memory.pss_shmem;
}

static int64_t page_tables(const struct sample *s)
{
	return s->page_tables;
}

/* Whether smaps_rollup tells anonymous memory, of which there is always some,
 * apart. */
static int tells_kinds(const struct cell *c)
{
	return c->now[0].memory.pss_anon > 0;
}

/* What total_kib is checked against.  File pages are charged to whoever read them
 * first, not to those who map them, so their share is taken from the PSS. */
static double charged(const struct cell *c)
{
	return (double)(c->charged.anon + c->charged.shmem) +
		(c->charged.kernel >= 0 ? (double)c->charged.kernel :
					  sum(c, page_tables)) +
		sum(c, file_pss);
}

void cellresult_checkpoint(struct cell *c)
{
	json_t *values = json_pack(
		"{sI sI sI sf sI so}", "requests",
		(json_int_t)c->at[c->sampled], "template_rss_kib",
		(json_int_t)c->now[0].memory.rss, "template_pss_kib",
		(json_int_t)c->now[0].memory.pss, "page_tables_kib",
		sum(c, page_tables), "others_kib", (json_int_t)c->others,
		"gc_collections", collections(c));

	if (c->unmapped_error == 0) {
		json_object_set_new(values, "unmapped_kib",
				    json_integer(c->unmapped));
		json_object_set_new(
			values, "total_kib",
			json_real(sum(c, all_pss) + sum(c, page_tables) +
				  (double)(c->others + c->unmapped)));
	}
	if (c->cgroup_error == 0 && tells_kinds(c))
		json_object_set_new(values, "cgroup_kib",
				    json_real(charged(c)));
	if (c->scanner_ns >= 0)
		json_object_set_new(values, "ksm_cpu_ms",
				    json_real((double)c->scanner_ns / 1e6));
	for (size_t i = 0; i < WORKER_METRICS; i++)
		if (metric_find(worker_metrics[i].key)->scope & METRIC_CURVE)
			json_object_set_new(
				values, worker_metrics[i].key,
				json_real(mean(c, worker_metrics[i].of)));
	if (c->cow_error != 0) {
		json_object_del(values, "worker_cow_pages");
		json_object_del(values, "worker_new_pages");
	}
	if (makes_passes(c))
		json_object_set_new(values, "reshare_skipped",
				    json_pack("[fff]", mean(c, skipped_threads),
					      mean(c, skipped_lost),
					      mean(c, skipped_error)));
	else
		for (size_t i = 0; i < PASS_METRICS; i++)
			json_object_del(values, pass_metrics[i]);
	if (!knows_gc_faults(c))
		for (size_t i = 0; i < GC_FAULT_METRICS; i++)
			json_object_del(values, gc_fault_metrics[i]);
	json_object_update(c->metrics, values);
	json_object_del(c->metrics, "requests");
	json_array_append_new(c->curve, values);
}

void cellresult_null(struct cell *c, const char *key, const char *reason)
{
	json_object_set_new(c->metrics, key, json_null());
	json_object_set_new(c->unavailable, key, json_string(reason));
}

static void set_null_error(struct cell *c, const char *key, const char *what,
			   int error)
{
	char *why = xasprintf("%s: %s", what, strerror(-error));

	cellresult_null(c, key, why);
	free(why);
}

/* Makes `key` null in the metrics and at all checkpoints. */
static void forget(struct cell *c, const char *key, const char *reason)
{
	const json_t *curve = c->curve;
	json_t *point;
	size_t k;

	cellresult_null(c, key, reason);
	json_array_foreach(curve, k, point)
		json_object_del(point, key);
}

/* What is swapped out is in no resident figure. */
static void forget_memory(struct cell *c)
{
	static const char *const keys[] = {
		"template_rss_kib",   "template_pss_kib",
		"worker_rss_kib",     "worker_pss_kib",
		"worker_private_kib", "total_kib",
		"others_kib",	      "unmapped_kib",
		"cgroup_kib",	      "worker_cow_pages",
		"worker_new_pages",   "worker_floor_pages",
		"leak_kib_per_1k",    "worker_peak_rss_kib",
		"warm_arena_share",   "template_arena_share",
		"worker_arena_share",
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		forget(c, keys[i],
		       "the host swapped pages of this cell out; "
		       "run fewer workers, or without swap");
}

/* What makes no sense where workers are no forks, and without strategies. */
static void forget_fork(struct cell *c)
{
	static const char fork[] =
		"Go cannot fork: a worker is a program of its own, with a graph "
		"that it has built itself",
			  strategies[] = "Go has no strategies",
			  beside[] =
				  "collections of Go run beside the program, so "
				  "that their faults cannot be told apart";
	static const struct {
		const char *key, *reason;
	} rows[] = {
		{ "worker_cow_pages", fork },
		{ "worker_new_pages", fork },
		{ "worker_floor_pages", fork },
		{ "template_pages", fork },
		{ "template_objects", fork },
		{ "fork_us", fork },
		{ "freeze_us", strategies },
		{ "frozen_objects", strategies },
		{ "gc_faults", beside },
		{ "app_faults", beside },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		forget(c, rows[i].key, rows[i].reason);
}

void cellresult_real(struct cell *c, const char *key, double value)
{
	json_object_set_new(c->metrics, key, json_real(value));
}

/* Slope over the second half, per 1000 requests. */
static void summarize_leak(struct cell *c)
{
	double x[CHECKPOINTS_MAX], y[CHECKPOINTS_MAX];
	double c0, c1, cov00, cov01, cov11, sumsq;
	size_t n = 0, k;
	const json_t *point;

	json_array_foreach(c->curve, k, point)
		if (2 * c->at[k] >= c->key->requests) {
			x[n] = (double)c->at[k];
			y[n++] = json_number_value(
				json_object_get(point, "worker_private_kib"));
		}
	if (n < 3) {
		cellresult_null(
			c, "leak_kib_per_1k",
			"needs at least three checkpoints in the second half; "
			"use more --requests");
		return;
	}
	gsl_fit_linear(x, 1, y, 1, n, &c0, &c1, &cov00, &cov01, &cov11, &sumsq);
	cellresult_real(c, "leak_kib_per_1k", c1 * 1000);
}

static int knows_objects(const struct cell *c)
{
	return causes_knows(&c->family.shared->layout);
}

/* The mean over workers of copied pages by place and cause, or null.  New. */
static json_t *copies_json(const struct cell *c)
{
	json_t *map = json_object();

	if (c->cow_error != 0 || c->copies_error != 0 || c->swapped ||
	    !knows_objects(c)) {
		json_decref(map);
		return json_null();
	}
	for (int place = 0; place < PLACES; place++) {
		json_t *row = json_object();

		for (int cause = 0; cause < CAUSES; cause++) {
			double n = 0;

			for (long i = 1; i <= c->key->workers; i++)
				n += (double)c->now[i]
					     .copies.pages[place][cause];
			json_object_set_new(
				row, cause_names[cause],
				json_real(n / (double)c->key->workers));
		}
		json_object_set_new(map, place_names[place], row);
	}
	return map;
}

/* Every worker's own value of those metrics that are known.  New. */
static json_t *per_worker_json(const struct cell *c)
{
	json_t *object = json_object();

	for (size_t k = 0; k < WORKER_METRICS; k++) {
		json_t *list;

		if (!json_is_number(
			    json_object_get(c->metrics, worker_metrics[k].key)))
			continue;
		list = json_array();
		for (long i = 1; i <= c->key->workers; i++)
			json_array_append_new(
				list,
				json_real(worker_metrics[k].of(worker(c, i))));
		json_object_set_new(object, worker_metrics[k].key, list);
	}
	return object;
}

/* Which server it was, and how evenly it has spread the requests. */
static void tell_server(const struct cell *c, json_t *methods)
{
	char *server = xasprintf("%s %s", c->server, c->server_version);
	uint64_t least = UINT64_MAX, most = 0;

	for (long i = 1; i <= c->key->workers; i++) {
		uint64_t n = cell_slot(c, i)->requests;

		least = n < least ? n : least;
		most = n > most ? n : most;
	}
	json_object_set_new(methods, "server", json_string(server));
	json_object_set_new(methods, "requests_least",
			    json_integer((json_int_t)least));
	json_object_set_new(methods, "requests_most",
			    json_integer((json_int_t)most));
	free(server);
}

/* By which means the metrics were had that can be had by several.  New. */
static json_t *methods_json(const struct cell *c)
{
	static const char *const sources[] = {
		[SHM_GC_NONE] = "not seen",
		[SHM_GC_CALLBACKS] = "gc.callbacks",
		[SHM_GC_DEBUG_STATS] = "DEBUG_STATS messages",
		[SHM_GC_HOOKS] = "gc.hooks",
		[SHM_GC_GO] = "debug.ReadGCStats, all pauses of a cycle",
	};
	static const char no_forks[] = "none: workers are no forks";
	uint32_t source = cell_slot(c, 0)->gc_source;
	json_t *methods;

	if (source >= sizeof sources / sizeof *sources ||
	    sources[source] == NULL)
		source = SHM_GC_NONE;
	methods = json_pack(
		"{ss ss ss ss ss ss sI}", "gc_pause", sources[source],
		"worker_cow_pages", c->apart ? no_forks : pages_method(),
		"worker_floor_pages", c->apart ? no_forks : "/proc/PID/mem",
		"copies",
		c->apart ?
			no_forks :
			knows_objects(c) ?
			"content of pages" :
			"none: how objects lie is not known, as in free-threaded builds and PyPy",
		"total_kib", procfs_memory_method(), "cgroup_kib",
		c->cgroup.path == NULL	       ? "none" :
			c->cgroup.version == 1 ? "cgroup v1" :
						 "cgroup v2",
		"environment_bytes", (json_int_t)c->environment_bytes);
	if (cellserver_is_used(c))
		tell_server(c, methods);
	return methods;
}

static void explain_totals(struct cell *c)
{
	if (c->unmapped_error != 0) {
		set_null_error(c, "unmapped_kib", c->unmapped_failed,
			       c->unmapped_error);
		set_null_error(c, "total_kib", c->unmapped_failed,
			       c->unmapped_error);
	}
	if (c->cgroup.path == NULL)
		cellresult_null(c, "cgroup_kib", c->cgroup.reason);
	else if (c->cgroup_error != 0)
		set_null_error(c, "cgroup_kib", "the cell's cgroup",
			       c->cgroup_error);
	else if (!tells_kinds(c))
		cellresult_null(c, "cgroup_kib",
				"this kernel does not tell which part "
				"of a PSS is file pages (Linux 5.3)");
}

static void explain_scanner(struct cell *c)
{
	if (c->scanner == 0)
		cellresult_null(c, "ksm_cpu_ms", "the stack has no ksm");
	else if (c->scanner_ns < 0)
		cellresult_null(c, "ksm_cpu_ms",
				"the kernel's thread ksmd is not to "
				"be seen from here; containers hide it");
}

static void set_share(struct cell *c, const char *key, int error, double share)
{
	if (error == -ENODATA)
		cellresult_null(
			c, key,
			"this interpreter's allocator has no arenas, or they "
			"are not known; only CPython's own has, without "
			"PYTHONMALLOC and with its GIL");
	else if (error != 0)
		set_null_error(c, key, "reading the memory of a process",
			       error);
	else
		cellresult_real(c, key, share);
}

static void summarize_arenas(struct cell *c)
{
	int now = c->arenas_error;

	set_share(c, "warm_arena_share", c->warm_error,
		  c->warm_error ? 0 : arenas_share(&c->warm));
	set_share(c, "template_arena_share", now,
		  now ? 0 : arenas_share(&c->now[0].arenas));
	set_share(c, "worker_arena_share", now, now ? 0 : mean(c, arena_share));
}

static void summarize_copies(struct cell *c)
{
	static const char *const keys[] = { "worker_cow_pages",
					    "worker_new_pages",
					    "worker_floor_pages",
					    "template_pages" };

	if (c->cow_error != 0) {
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			set_null_error(c, keys[i], "pagemap", c->cow_error);
		return;
	}
	cellresult_real(c, "template_pages", (double)cow_noted(&c->cow));
	if (c->copies_error != 0)
		set_null_error(c, "worker_floor_pages",
			       "reading the memory of a worker",
			       c->copies_error);
	else
		cellresult_real(c, "worker_floor_pages", mean(c, floor_pages));
}

/* What only our own driver or only a real server tells. */
static void summarize_template(struct cell *c)
{
	static const char *const keys[] = { "fork_us", "exit_faults",
					    "template_objects",
					    "frozen_objects" };
	const struct shm_process *template = cell_slot(c, 0);

	if (cellserver_is_used(c)) {
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			cellresult_null(
				c, keys[i],
				"a real server forks and reaps its workers by "
				"itself, when nothing can be timed or counted");
		if (isfinite(cellserver_throughput(c)))
			cellresult_real(c, "throughput_rps",
					cellserver_throughput(c));
		else
			cellresult_null(c, "throughput_rps",
					"no request was served");
		return;
	}
	cellresult_null(c, "throughput_rps",
			"requests came from no load generator; use --server");
	cellresult_real(c, "fork_us", mean(c, fork_us));
	if (c->exit_unknown)
		cellresult_null(c, "exit_faults",
				"a worker was reaped by the program "
				"before it could be read");
	else
		cellresult_real(c, "exit_faults", mean(c, exit_faults));
	if (template->objects >= 0)
		cellresult_real(c, "template_objects",
				(double)template->objects);
	else
		cellresult_null(c, "template_objects",
				"this collector's lists are not known to us");
	cellresult_real(c, "frozen_objects", (double)template->frozen);
}

void cellresult_summarize(struct cell *c, json_t *document)
{
	cellresult_real(c, "freeze_us",
			(double)cell_slot(c, 0)->before_fork_ns / 1e3);
	summarize_template(c);
	celltimes_summarize(c, document);
	summarize_leak(c);
	summarize_copies(c);
	summarize_arenas(c);
	if (!makes_passes(c))
		for (size_t i = 0; i < PASS_METRICS; i++)
			cellresult_null(c, pass_metrics[i],
					"the stack gives no pages back");
	if (!knows_gc_faults(c))
		for (size_t i = 0; i < GC_FAULT_METRICS; i++)
			cellresult_null(
				c, gc_fault_metrics[i],
				"PyPy tells of a collection only when it is "
				"over");
	explain_totals(c);
	explain_scanner(c);
	if (c->swapped)
		forget_memory(c);
	if (c->apart)
		forget_fork(c);
	json_object_set_new(document, "copies", copies_json(c));
	json_object_set_new(document, "per_worker", per_worker_json(c));
	json_object_set_new(document, "methods", methods_json(c));
}

void cellresult_fill_in(struct cell *c, const char *reason)
{
	for (size_t i = 0; i < metrics_count; i++)
		if (json_object_get(c->metrics, metrics[i].key) == NULL)
			cellresult_null(c, metrics[i].key, reason);
}
