/* scale.c - what scale.sh needs: large databases, and the times of programs.
 *
 *     scale fill DB CELLS
 *         makes a run of so many made-up cells and stores them one by one, as
 *         `harness run` does; prints the ms per cell of the last ones: CPU time
 *         and elapsed.  Those before do not wait for the disk.
 *     scale time N OUT PROGRAM ...
 *         the fastest of N runs, with stdout in OUT; prints the ms of CPU time
 *         with and without its children, the ms elapsed, and the KiB that were
 *         resident at most, without its children
 *     scale checkpoints REQUESTS
 *         how many checkpoints a cell has
 *
 * Blocks of 8 stacks and 5 repeats follow each other: with the number of cells
 * grows that of blocks, as it does in a matrix.  A block is of one of 4 hosts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "causes.h"
#include "cell.h"
#include "checkpoints.h"
#include "hdr.h"
#include "metrics.h"
#include "places.h"
#include "procfs.h"
#include "store.h"
#include "util.h"

#define REPEATS 5
#define WORKERS 4
#define REQUESTS 1000
#define TIMED 100 /* cells, the last ones */

static const char *const tags[] = {
	"cp2.7.18", "cp3.4.10", "cp3.5.10",  "cp3.6.15", "cp3.7.16",
	"cp3.8.18", "cp3.9.18", "cp3.10.13", "cp3.11.7", "cp3.13.0",
};
static const char *const stacks[] = {
	"none",
	"freeze",
	"freeze-gen:2",
	"collect+freeze",
	"disable",
	"threshold-zero:0",
	"freeze+reshare:every=0:grow=4M:cpu=1%",
	"freeze+immortal",
};
static const char *const workloads[] = { "objectgraph", "stdlib", "webapp" };
#define N(array) (sizeof(array) / sizeof *(array))

/* The base of those metrics that must fit together. */
static const struct {
	const char *key;
	double value;
} bases[] = {
	{ "total_kib", 400000 },
	{ "worker_private_kib", 40000 },
	{ "page_tables_kib", 1000 },
	{ "leak_kib_per_1k", 30 },
};

/* A number from 0 to 1 that looks random and is always the same. */
static double noise(size_t a, size_t b)
{
	uint64_t x = (a + 1) * UINT64_C(0x9e3779b97f4a7c15) ^
		(b + 1) * UINT64_C(0xbf58476d1ce4e5b9);

	x ^= x >> 31;
	x *= UINT64_C(0x94d049bb133111eb);
	return (double)(x >> 40) / (double)(1 << 24);
}

static double value_of(size_t cell, size_t metric)
{
	double base = 100;
	size_t stack = cell / REPEATS % N(stacks);

	for (size_t i = 0; i < N(bases); i++)
		if (strcmp(bases[i].key, metrics[metric].key) == 0)
			base = bases[i].value;
	return base * (1 - 0.05 * (double)stack + 0.1 * noise(cell, metric));
}

static int is_list(const struct metric *m)
{
	return strstr(m->key, "generation") != NULL ||
		strcmp(m->key, "gc_collections") == 0 ||
		strcmp(m->key, "reshare_skipped") == 0;
}

static json_t *metric_value(size_t cell, size_t metric)
{
	double v = value_of(cell, metric);

	return is_list(&metrics[metric]) ? json_pack("[fff]", v, v / 2, v / 4) :
					   json_real(v);
}

static json_t *curve(size_t cell)
{
	json_t *points = json_array();
	long at[CHECKPOINTS_MAX];
	size_t n = checkpoints_plan(REQUESTS, at);

	for (size_t k = 0; k < n; k++) {
		json_t *point = json_pack("{sI}", "requests",
					  (json_int_t)at[k]);

		for (size_t m = 0; m < metrics_count; m++)
			if (metrics[m].scope & METRIC_CURVE)
				json_object_set_new(point, metrics[m].key,
						    metric_value(cell + k, m));
		json_array_append_new(points, point);
	}
	return points;
}

static json_t *per_worker(size_t cell)
{
	json_t *all = json_object();

	for (size_t m = 0; m < metrics_count; m++) {
		json_t *list;

		if (!(metrics[m].scope & METRIC_CURVE) || is_list(&metrics[m]))
			continue;
		list = json_array();
		for (size_t w = 0; w < WORKERS; w++)
			json_array_append_new(list, metric_value(cell + w, m));
		json_object_set_new(all, metrics[m].key, list);
	}
	return all;
}

static json_t *histogram(size_t cell, size_t buckets)
{
	json_t *list = json_array();

	for (size_t i = 0; i < buckets; i++)
		json_array_append_new(
			list,
			json_pack("[II]", (json_int_t)hdr_lower(1000 + 4 * i),
				  (json_int_t)(1 + 100 * noise(cell, i))));
	return list;
}

static json_t *copies(size_t cell)
{
	json_t *map = json_object();

	for (size_t p = 0; p < PLACES; p++) {
		json_t *row = json_object();

		for (size_t c = 0; c < CAUSES; c++)
			json_object_set_new(
				row, cause_names[c],
				json_real(1000 * noise(cell, p * CAUSES + c)));
		json_object_set_new(map, place_names[p], row);
	}
	return map;
}

/* The identity of a cell. */
static json_t *plan_cell(size_t cell)
{
	size_t block = cell / REPEATS / N(stacks);
	struct cellkey key = {
		.tag = (char *)tags[block % N(tags)],
		.stack = (char *)stacks[cell / REPEATS % N(stacks)],
		.workload = (char *)workloads[block / N(tags) % N(workloads)],
		.workers = WORKERS,
		.requests = REQUESTS,
		.collect_at = REQUESTS / 2,
		.scale = (long)(1000 * (1 + block / N(tags) / N(workloads))),
		.repeat = (long)(cell % REPEATS + 1),
		.seed = 1,
	};

	return cell_document(&key, key.tag + 2, "/usr/bin/python", "pending",
			     NULL);
}

/* The document of a cell that has run. */
static json_t *run_cell(size_t cell)
{
	size_t host = cell / REPEATS / N(stacks) % 4;
	json_t *document = plan_cell(cell);

	json_object_set_new(document, "status", json_string("ok"));
	json_object_set_new(document, "parallel", json_integer(2));
	for (size_t m = 0; m < metrics_count; m++)
		json_object_set_new(document, metrics[m].key,
				    metric_value(cell, m));
	json_object_set_new(document, "curve", curve(cell));
	json_object_set_new(document, "per_worker", per_worker(cell));
	json_object_set_new(document, "latencies", histogram(cell, 150));
	json_object_set_new(
		document, "pauses",
		json_pack("[ooo]", histogram(cell, 20), histogram(cell + 1, 10),
			  histogram(cell + 2, 5)));
	json_object_set_new(document, "copies", copies(cell));
	json_object_set_new(
		document, "methods",
		json_pack("{ss ss ss sI}", "gc_pause", "gc.callbacks",
			  "worker_cow_pages", "pagemap", "total_kib",
			  "smaps_rollup", "environment_bytes",
			  (json_int_t)(cell % 4096)));
	if (host > 0) {
		char name[8];

		snprintf(name, sizeof name, "host%zu", host);
		json_object_set_new(
			document, "host",
			json_pack("{ss ss si}", "name", name, "kernel", "6.1",
				  "page_bytes", 4096));
	}
	return document;
}

static double ms_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int fill(const char *path, long cells)
{
	json_t *options = json_pack("{ss}", "baseline", "none");
	json_t *host = json_pack("{ss si}", "kernel", "6.1", "page_bytes",
				 4096);
	json_t *planned = json_array();
	double cpu = 0, elapsed = 0;
	long timed = cells < 2 * TIMED ? cells / 2 + 1 : TIMED;
	long last = cells - timed;
	struct store s;
	int64_t run;
	int result;

	for (long i = 0; i < cells; i++)
		json_array_append_new(planned, plan_cell((size_t)i));
	result = store_open(&s, path, STORE_WRITE);
	run = result == 0 ? store_begin_run(&s, options, host, planned) : -1;
	if (run > 0)
		sqlite3_exec(s.db, "PRAGMA synchronous = OFF", NULL, NULL,
			     NULL);
	for (long i = 0; i < cells && run > 0 && result == 0; i++) {
		json_t *document = run_cell((size_t)i);
		double begun, used;

		if (i == last)
			sqlite3_exec(s.db, "PRAGMA synchronous = FULL", NULL,
				     NULL, NULL);
		begun = ms_of(CLOCK_MONOTONIC);
		used = ms_of(CLOCK_PROCESS_CPUTIME_ID);

		result = store_cell(&s, run, document);
		if (i >= last) {
			cpu += ms_of(CLOCK_PROCESS_CPUTIME_ID) - used;
			elapsed += ms_of(CLOCK_MONOTONIC) - begun;
		}
		json_decref(document);
	}
	if (run > 0 && result == 0)
		result = store_end_run(&s, run);
	store_close(&s);
	json_decref(planned);
	json_decref(host);
	json_decref(options);
	if (run < 0 || result < 0)
		return EXIT_FAULT;
	printf("%.3f %.3f\n", cpu / (double)timed, elapsed / (double)timed);
	return EXIT_OK;
}

struct usage {
	double own, all, elapsed; /* ms */
	int64_t resident;	  /* KiB */
	int status;
};

/* Runs a program.  0 or -errno. */
static int run(char **argv, const char *out, struct usage *u)
{
	double begun = ms_of(CLOCK_MONOTONIC);
	struct rusage all;
	siginfo_t info = { .si_pid = 0 };
	int64_t ns = 0;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		if (fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
			execvp(argv[0], argv);
		_exit(127);
	}
	*u = (struct usage){ .own = 0 };
	/* A zombie has no memory any more, so that is looked at all the time; but
	 * it still has its clock. */
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) ==
		       0 &&
	       info.si_pid == 0) {
		char *path = xasprintf("/proc/%d/status", (int)pid), *text;

		if (read_file(path, 65536, &text, NULL) == 0) {
			int64_t kib = procfs_parse_field(text, "VmHWM");

			u->resident = kib > u->resident ? kib : u->resident;
			free(text);
		}
		free(path);
		usleep(2000);
	}
	u->elapsed = ms_of(CLOCK_MONOTONIC) - begun;
	if (procfs_read_cpu(pid, &ns) < 0)
		return -ESRCH;
	u->own = (double)ns / 1e6;
	if (wait4(pid, &u->status, 0, &all) < 0)
		return -errno;
	u->all = (double)(all.ru_utime.tv_sec + all.ru_stime.tv_sec) * 1e3 +
		(double)(all.ru_utime.tv_usec + all.ru_stime.tv_usec) / 1e3;
	return 0;
}

static int time_program(long times, const char *out, char **argv)
{
	struct usage best = { .own = 0 }, u = best;

	for (long i = 0; i < times; i++) {
		int result = run(argv, out, &u);

		if (result < 0 || !WIFEXITED(u.status) ||
		    WEXITSTATUS(u.status) == 127)
			return fail(EXIT_FAULT, "cannot run %s: %s", argv[0],
				    result < 0 ? strerror(-result) :
						 describe_status(u.status));
		if (i == 0 || u.own < best.own)
			best = u;
	}
	printf("%.1f %.1f %.1f %lld\n", best.all, best.own, best.elapsed,
	       (long long)best.resident);
	return WEXITSTATUS(best.status);
}

int main(int argc, char **argv)
{
	long at[CHECKPOINTS_MAX], n;

	if (argc == 4 && strcmp(argv[1], "fill") == 0 &&
	    parse_long(argv[3], 1, 10000000, &n) == 0)
		return fill(argv[2], n);
	if (argc > 4 && strcmp(argv[1], "time") == 0 &&
	    parse_long(argv[2], 1, 1000, &n) == 0)
		return time_program(n, argv[3], argv + 4);
	if (argc == 3 && strcmp(argv[1], "checkpoints") == 0 &&
	    parse_long(argv[2], 0, 1000000000, &n) == 0) {
		printf("%zu\n", checkpoints_plan(n, at));
		return EXIT_OK;
	}
	return fail(EXIT_USAGE,
		    "scale fill DB CELLS | time N OUT PROGRAM... | "
		    "checkpoints REQUESTS");
}
