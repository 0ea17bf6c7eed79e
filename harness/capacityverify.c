/* capacityverify.c - runs cells to see whether a plan holds.
 *
 * The cell gets a memory cgroup with the memory that was planned for as its limit,
 * where one can be made: the kernel then ends processes when the cell needs more.
 * Elsewhere what the cell occupies is summed up and compared with that memory.
 *
 * The second cell has a quarter more workers.  Where that is not yet clearly too
 * much (a template that is large against its workers), it has as many as the model
 * says need MARGIN times the memory and some for what the kernel does not charge
 * to the cell: pages of libraries that were in memory before.
 */
#define _GNU_SOURCE
#include "capacityverify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "capacity.h"
#include "celldoc.h"
#include "cellprocess.h"
#include "checkpoints.h"
#include "family.h"
#include "procfs.h"
#include "util.h"

#define MARGIN 1.05
#define UNCHARGED_KIB 16384
#define SEED 1000 /* not one that a run begins with */

/* The model of a plan's document; its points are to be freed. */
static struct capacity_model model_of(const json_t *plan)
{
	const json_t *model = json_object_get(plan, "model");
	const json_t *curve = json_object_get(model, "curve"), *row;
	struct capacity_model m = {
		.points = xcalloc(json_array_size(curve) + 1, sizeof *m.points),
		.slope = celldoc_number(model, "slope_kib_per_request"),
	};
	size_t index;

	json_array_foreach(curve, index, row)
		m.points[m.n++] = (struct capacity_point){
			json_number_value(json_array_get(row, 0)),
			json_number_value(json_array_get(row, 1)),
			json_number_value(json_array_get(row, 2)),
		};
	return m;
}

static double peak_kib(const struct capacity_model *m, double age, long workers)
{
	struct capacity_point peak = capacity_peak(m, age, workers);

	return capacity_total(&peak, workers);
}

/* So many workers that the memory cannot hold them, at least a quarter more. */
static long too_many(const struct capacity_model *m, double age, long workers,
		     double memory_kib)
{
	long n = workers + (workers + 3) / 4;

	while (n <= CELL_MAX_WORKERS &&
	       peak_kib(m, age, n) < MARGIN * memory_kib + UNCHARGED_KIB)
		n++;
	return n;
}

/* The first full collection where the measured cells had it; they had it at a
 * checkpoint, and a cell that goes on for longer may have others. */
static long collect_at(const json_t *plan, long requests)
{
	long at[CHECKPOINTS_MAX];
	long measured = (long)celldoc_number(plan, "collect_at");
	size_t n = checkpoints_plan(requests, at);

	if (measured < 0 || measured > requests)
		return measured;
	for (size_t i = 0; i < n; i++)
		if (at[i] == measured)
			return measured;
	return checkpoints_half(requests);
}

/* The largest total_kib of a cell's checkpoints; NAN. */
static double measured_peak(const json_t *cell)
{
	const json_t *point;
	double peak = NAN;
	size_t index;

	json_array_foreach(json_object_get(cell, "curve"), index, point)
		peak = fmax(peak, celldoc_number(point, "total_kib"));
	return peak;
}

static json_t *real(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

/* Whether `measured` is what was predicted for the plan's own workers. */
static int is_near(const json_t *plan, double predicted, double measured)
{
	const json_t *i = json_object_get(plan, "total_kib_interval");

	return fabs(predicted / measured - 1) * 100 <= VERIFY_TOLERANCE ||
		(json_is_array(i) &&
		 measured >= json_number_value(json_array_get(i, 0)) &&
		 measured <= json_number_value(json_array_get(i, 1)));
}

/* Runs one cell of `workers`.  A new object, or NULL when interrupted. */
static json_t *try_out(const json_t *document, const json_t *plan,
		       const struct capacity_model *m, long workers,
		       int expect_hit, const struct cell_limits *limits)
{
	double memory = celldoc_number(document, "memory_kib");
	double age = celldoc_number(plan, "age");
	struct capacity_point at = capacity_at(m, age);
	double predicted = capacity_total(&at, workers), measured, peak;
	struct cell_limits own = *limits;
	struct cellkey key = {
		.tag = (char *)celldoc_text(plan, "tag"),
		.executable = (char *)json_string_value(
			json_object_get(plan, "executable")),
		.stack = (char *)celldoc_text(plan, "strategy"),
		.workload = (char *)celldoc_text(plan, "workload"),
		.scale = (long)celldoc_number(plan, "scale"),
		.workers = workers,
		.requests = (long)age,
		.collect_at = collect_at(plan, (long)age),
		.repeat = 1,
		.seed = SEED,
	};
	char *text = cellkey_format(&key);
	json_t *cell, *result;
	int ok, hit, good;

	own.memory_kib = (int64_t)memory;
	cell = cellprocess_run(text, &own);
	free(text);
	if (cell == NULL)
		return NULL;
	ok = strcmp(celldoc_text(cell, "status"), "ok") == 0;
	measured = ok ? celldoc_number(cell, "total_kib") : NAN;
	peak = ok ? measured_peak(cell) : NAN;
	hit = celldoc_number(cell, "oom_kills") > 0 || peak > memory;
	good = expect_hit ? hit : !hit && is_near(plan, predicted, measured);
	result = json_pack(
		"{sI so so so so so so sb sb sb ss ss?}", "workers",
		(json_int_t)workers, "predicted_kib", real(predicted),
		"measured_kib", real(measured), "error_percent",
		real((predicted / measured - 1) * 100), "predicted_peak_kib",
		real(peak_kib(m, age, workers)), "measured_peak_kib",
		real(peak), "memory_limit_kib",
		json_incref(json_object_get(cell, "memory_limit_kib") ?:
				    json_null()),
		"expected_limit_hit", expect_hit, "limit_hit", hit, "good",
		good, "status", celldoc_text(cell, "status"), "reason",
		json_string_value(json_object_get(cell, "reason")));
	json_decref(cell);
	return result;
}

/* Refuses what cannot be tried out here.  0 or an exit code. */
static int check(const json_t *document, const json_t *plan,
		 const struct cell_limits *limits)
{
	double memory = celldoc_number(document, "memory_kib");
	double workers = celldoc_number(plan, "workers");
	double needs = json_is_integer(json_object_get(document, "workers")) ?
		fmin(memory, celldoc_number(plan, "peak_kib")) :
		memory;
	int64_t available = procfs_meminfo("MemAvailable");

	if (workers > CELL_MAX_WORKERS)
		return fail(EXIT_USAGE,
			    "--verify: %.0f workers are more than the "
			    "%d that a cell can have; give less --memory, or "
			    "--workers=N",
			    workers, CELL_MAX_WORKERS);
	if (available >= 0 &&
	    needs > (double)(available - limits->min_free_kib))
		return fail(EXIT_USAGE,
			    "--verify needs %.0f MiB, this host has "
			    "%.0f to spare; give less --memory",
			    needs / 1024,
			    (double)(available - limits->min_free_kib) / 1024);
	return 0;
}

/* What the cells of a verification call for. */
static int judge(const json_t *cells)
{
	const json_t *cell;
	size_t index;
	int good = 1;

	json_array_foreach(cells, index, cell) {
		if (strcmp(celldoc_text(cell, "status"), "ok") != 0 &&
		    !json_is_true(json_object_get(cell, "limit_hit")))
			return fail(EXIT_CELL_FAILED,
				    "--verify: the cell of %.0f "
				    "workers: %s",
				    celldoc_number(cell, "workers"),
				    celldoc_text(cell, "reason"));
		good &= json_is_true(json_object_get(cell, "good"));
	}
	return good ? EXIT_OK : EXIT_UNTRUSTED;
}

int capacity_verify(json_t *document, const struct cell_limits *limits)
{
	const json_t *recommended = json_object_get(document, "recommended");
	const json_t *plan = json_array_get(
		json_object_get(document, "plans"),
		(size_t)json_integer_value(
			json_object_get(recommended, "plan")));
	long workers = (long)celldoc_number(plan, "workers"), more = 0;
	struct capacity_model m;
	json_t *cells, *cell;
	int code;

	code = check(document, plan, limits);
	if (code != 0)
		return code;
	m = model_of(plan);
	cells = json_array();
	if (!json_is_integer(json_object_get(document, "workers")))
		more = too_many(&m, celldoc_number(plan, "age"), workers,
				celldoc_number(document, "memory_kib"));
	for (int i = 0; i < 2 && code == 0; i++) {
		if (i == 1 && (more == 0 || more > CELL_MAX_WORKERS))
			break;
		cell = try_out(document, plan, &m, i ? more : workers, i,
			       limits);
		family_end_strays();
		if (cell == NULL)
			code = fail(EXIT_INTERRUPTED, "interrupted");
		else
			json_array_append_new(cells, cell);
	}
	if (code == 0)
		code = judge(cells);
	json_object_set_new(document, "verify",
			    json_pack("{ss ss sI so}", "strategy",
				      celldoc_text(plan, "strategy"), "tag",
				      celldoc_text(plan, "tag"), "age",
				      (json_int_t)celldoc_number(plan, "age"),
				      "cells", cells));
	if (more > CELL_MAX_WORKERS)
		json_object_set_new(
			json_object_get(document, "verify"), "note",
			json_string("more workers than fit were not tried: a "
				    "cell cannot have so many"));
	free(m.points);
	return code;
}
