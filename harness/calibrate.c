/* calibrate.c - known answers. */
#define _GNU_SOURCE
#include "calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "celldoc.h"
#include "procfs.h"
#include "util.h"

#define WORKERS 2

/* Pages that an interpreter copies by forking and serving one request. */
#define CONSTANT 150

/* Rounds of the workload `pauses`: a sleep may be too long on a busy host, but
 * hardly each time. */
#define ROUNDS 5

/* What a check says about one cell. */
struct verdict {
	const struct interpreter *interpreter;
	const json_t *document;
	const char *check; /* what is checked, in words */
	double known;	   /* the scale */
	json_t *rows;
};

/* A cell that did not run misses its answer. */
static void add_failure(struct verdict *v, const char *reason)
{
	json_array_append_new(v->rows,
			      json_pack("{ss ss ss sf sf sn sb ss?}", "tag",
					v->interpreter->tag, "check", v->check,
					"metric", "", "low", 0.0, "high", 0.0,
					"measured", "ok", 0, "reason", reason));
}

/* Adds a row: the value of `metric` must lie in [low, high]; no finite number:
 * unknown, then `reason` says why. */
static void add_row(struct verdict *v, const char *metric, double measured,
		    double low, double high, const char *reason)
{
	int known = isfinite(measured);

	json_array_append_new(
		v->rows,
		json_pack("{ss ss ss sf sf so so ss?}", "tag",
			  v->interpreter->tag, "check", v->check, "metric",
			  metric, "low", low, "high", high, "measured",
			  known ? json_real(measured) : json_null(), "ok",
			  !known ? json_null() :
				   json_boolean(low <= measured &&
						measured <= high),
			  "reason", known ? NULL : reason));
}

/* Why a metric of the cell is null. */
static const char *why(const struct verdict *v, const char *metric)
{
	return json_string_value(json_object_get(
		json_object_get(v->document, "unavailable"), metric));
}

/* The worker whose value lies farthest from [low, high]; the mean of them when
 * all lie within. */
static void judge_workers(struct verdict *v, const char *metric, double low,
			  double high)
{
	double measured = celldoc_number(v->document, metric);
	const char *reason = why(v, metric);
	const json_t *value;
	size_t index;

	json_array_foreach(
		json_object_get(json_object_get(v->document, "per_worker"),
				metric),
		index, value) {
		double x = json_number_value(value);

		if (x < low || x > high)
			measured = x;
	}
	if (v->interpreter->abi_flags != NULL &&
	    strchr(v->interpreter->abi_flags, 't') != NULL) {
		measured = NAN;
		reason = "what a free-threaded build copies by forking was "
			 "never measured";
	}
	add_row(v, metric, measured, low, high, reason);
}

/* By how much a metric of the curve grew from the first checkpoint on. */
static void judge_growth(struct verdict *v, const char *metric, double low,
			 double high)
{
	const json_t *curve = json_object_get(v->document, "curve");
	double first = celldoc_number(json_array_get(curve, 0), metric);
	double last = celldoc_number(
		json_array_get(curve, json_array_size(curve) - 1), metric);
	char *growth = xasprintf("%s grew by", metric);

	add_row(v, growth, last - first, low, high, why(v, metric));
	free(growth);
}

/* Copied pages with this cause, at whatever place. */
static void judge_cause(struct verdict *v, const char *cause, double low,
			double high)
{
	json_t *copies = json_object_get(v->document, "copies"), *row;
	char *metric = xasprintf("copies, %s", cause);
	double pages = json_is_object(copies) ? 0 : NAN;
	const char *place, *reason = why(v, "worker_floor_pages");

	json_object_foreach(copies, place, row)
		pages += celldoc_number(row, cause);
	if (reason == NULL)
		reason = json_string_value(json_object_get(
			json_object_get(v->document, "methods"), "copies"));
	add_row(v, metric, pages, low, high, reason);
	free(metric);
}

static void judge_writes(struct verdict *v)
{
	double k = v->known;

	judge_workers(v, "worker_cow_pages", k, k + CONSTANT);
	judge_growth(v, "worker_cow_pages", k, k + CONSTANT / 4.0);
	judge_growth(v, "worker_minor_faults", k, k + CONSTANT);
}

/* On a cell large enough for what the kernel's figures lag behind. */
static void judge_total(struct verdict *v)
{
	add_row(v, "total_kib / cgroup_kib",
		celldoc_number(v->document, "total_kib") /
			celldoc_number(v->document, "cgroup_kib"),
		0.97, 1.03, why(v, "cgroup_kib"));
}

static void judge_reads(struct verdict *v)
{
	double k = v->known;

	judge_workers(v, "worker_cow_pages", k, k + CONSTANT);
	judge_cause(v, "nothing", k, k + CONSTANT);
}

static void judge_holds(struct verdict *v)
{
	double k = v->known;

	judge_workers(v, "worker_cow_pages", k, k + CONSTANT);
	/* One page or another may hold something else that changes, too. */
	judge_cause(v, "reference_count", 0.99 * k, k + CONSTANT);
}

static void judge_memory(struct verdict *v)
{
	double kib = v->known * 1024;
	double page = (double)sysconf(_SC_PAGESIZE) / 1024;

	judge_growth(v, "worker_private_kib", kib, kib + CONSTANT * page);
	/* The kernel keeps that counter per CPU and adds it up now and then. */
	judge_growth(v, "worker_peak_rss_kib", 0.95 * kib, 1.05 * kib);
	judge_growth(v, "worker_new_pages", kib / page, kib / page + CONSTANT);
	judge_growth(v, "worker_cow_pages", 0, CONSTANT);
}

static void judge_unmapped(struct verdict *v)
{
	double kib = v->known * 1024;

	add_row(v, "unmapped_kib", celldoc_number(v->document, "unmapped_kib"),
		kib, kib + 64, why(v, "unmapped_kib"));
}

/* What the interpreter itself has made besides is a few MiB. */
static void judge_arenas(struct verdict *v)
{
	static const char *const keys[] = { "warm_arena_share",
					    "template_arena_share",
					    "worker_arena_share" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		add_row(v, keys[i], celldoc_number(v->document, keys[i]), 0.48,
			0.53, why(v, keys[i]));
}

/* How many pauses of a generation were at least nearly `ms` long, and the
 * shortest of these in ms, to the precision of a bucket. */
static size_t long_pauses(const json_t *buckets, double ms, double *shortest)
{
	const json_t *bucket;
	size_t index, n = 0;

	*shortest = NAN;
	json_array_foreach(buckets, index, bucket) {
		double lower = json_number_value(json_array_get(bucket, 0)) /
			1e6;

		if (lower < 0.9 * ms)
			continue;
		if (n == 0)
			*shortest = lower;
		n += (size_t)json_integer_value(json_array_get(bucket, 1));
	}
	return n;
}

static void judge_pauses(struct verdict *v)
{
	for (size_t g = 0; g < 3; g++) {
		const json_t *list = json_array_get(
			json_object_get(v->document, "pauses"), g);
		double shortest;
		size_t n = long_pauses(list, v->known, &shortest);
		char *number_of = xasprintf("generation %zu, number", g);
		char *shortest_of = xasprintf("generation %zu, shortest", g);

		add_row(v, number_of, (double)n, ROUNDS * WORKERS,
			ROUNDS * WORKERS, NULL);
		/* A bucket's lower end may lie 1/128 below the value. */
		add_row(v, shortest_of, shortest, v->known * 127 / 128,
			v->known * 1.05, "there is none");
		free(number_of);
		free(shortest_of);
	}
}

static const struct check {
	const char *what; /* with the scale for %ld */
	const char *workload;
	long scale;
	long requests;
	long mib; /* that the cell needs, about */
	void (*judge)(struct verdict *v);
} checks[] = {
	{ "%ld template pages written", "write_pages", 0, 1, 50, judge_writes },
	{ "%ld template page written", "write_pages", 1, 1, 50, judge_writes },
	{ "%ld template pages written", "write_pages", 1000, 1, 50,
	  judge_writes },
	{ "%ld template pages written", "write_pages", 100000, 1, 1300,
	  judge_writes },
	{ "%ld written: the kernel's own account", "write_pages", 20000, 1, 300,
	  judge_total },
	{ "%ld objects read", "read_objects", 1000, 1, 50, judge_reads },
	{ "%ld objects read", "read_objects", 20000, 1, 300, judge_reads },
	{ "%ld objects referred to", "hold_objects", 1000, 1, 50, judge_holds },
	{ "%ld MiB allocated by workers", "new_memory", 64, 1, 200,
	  judge_memory },
	{ "%ld MiB shared, mapped by none", "unmapped_file", 64, 1, 100,
	  judge_unmapped },
	{ "%ld MiB of blocks, every second free", "small_blocks", 64, 1, 250,
	  judge_arenas },
	{ "collections of %ld ms", "pauses", 50, 3L * ROUNDS, 50,
	  judge_pauses },
};

/* Runs one cell and judges it.  0, or -1 as calibrate(). */
static int run_check(const struct check *check, struct verdict *v,
		     const struct cell_limits *limits, char **error)
{
	char *path = xasprintf("%s/calibrate/%s.py", install_workloads_dir(),
			       check->workload);
	struct cellkey key = {
		.tag = v->interpreter->tag,
		.stack = (char *)"none",
		.workload = path,
		.workers = WORKERS,
		.requests = check->requests,
		.collect_at = -1,
		.scale = check->scale,
		.repeat = 1,
		.seed = 1,
	};
	struct workload workload = { .path = path, .bare = 1 };
	int64_t free_kib = procfs_meminfo("MemAvailable") -
		limits->min_free_kib;
	json_t *document = NULL;
	int enough = free_kib >= check->mib * 1024;

	if (enough)
		document = cell_run(&key, v->interpreter, &workload, limits,
				    error);
	v->document = document;
	if (!enough)
		add_row(v, "", NAN, 0, 0,
			"needs more memory than is available");
	else if (document != NULL &&
		 strcmp("ok",
			json_string_value(
				json_object_get(document, "status"))) == 0)
		check->judge(v);
	else if (document != NULL)
		add_failure(
			v,
			json_string_value(json_object_get(document, "reason")));
	json_decref(document);
	free(path);
	return enough && document == NULL ? -1 : 0;
}

static char *name_check(const struct check *check)
{
	return xasprintf(check->what, check->scale);
}

json_t *calibrate(const struct interpreter *interpreter,
		  const struct cell_limits *limits, char **error)
{
	struct verdict v = { .interpreter = interpreter, .rows = json_array() };

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		char *what = name_check(&checks[i]);
		int result;

		v.check = what;
		v.known = (double)checks[i].scale;
		result = run_check(&checks[i], &v, limits, error);
		free(what);
		if (result < 0) {
			json_decref(v.rows);
			return NULL;
		}
	}
	return v.rows;
}
