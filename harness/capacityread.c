/* capacityread.c - reads groups of cells and makes their models.
 *
 * Cells are read in the order of their ids and looked up one by one in curve and
 * metric, of which a planner needs few keys: the partial indices curve_capacity
 * and metric_capacity of schema.sql hold just these.  Databases without them work,
 * too, only slower.  SQLite takes such an index when a query's condition is that of
 * the index, word for word.
 */
#define _GNU_SOURCE
#include "capacityread.h"

#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "capacityhosts.h"
#include "cellkey.h"
#include "checkpoints.h"
#include "install.h"
#include "storeparts.h"

#define CURVE_KEYS "('total_kib', 'worker_private_kib', 'page_tables_kib')"

static const char cells_sql[] =
	"SELECT cells.id, run, python, tag, executable, instr(key, '@') > 0, "
	"strategy, workload, scale, requests, collect_at, workers, status, "
	"reason, lost_samples, coalesce(host, 0), coalesce(jobs, 1) FROM cells "
	"LEFT JOIN placement ON cell = cells.id ORDER BY cells.id";

enum {
	CELL_ID,
	CELL_RUN,
	CELL_PYTHON,
	CELL_TAG,
	CELL_EXECUTABLE,
	CELL_GIVEN,
	CELL_STRATEGY,
	CELL_WORKLOAD,
	CELL_SCALE,
	CELL_REQUESTS,
	CELL_COLLECT_AT,
	CELL_WORKERS,
	CELL_STATUS,
	CELL_REASON,
	CELL_LOST,
	CELL_HOST,
	CELL_JOBS,
};

static const char curve_sql[] =
	"SELECT requests, key, value FROM curve WHERE cell = ?1 AND "
	"key IN " CURVE_KEYS " ORDER BY requests";

static const char metric_sql[] =
	"SELECT key, value FROM metric WHERE cell = ?1 AND key IN ("
	"'leak_kib_per_1k', 'gc_pause_p50_us', 'gc_pause_p99_us', "
	"'gc_pause_max_us', 'worker_cpu_ms', 'exit_faults')";

/* A group while it is being read. */
struct building {
	struct capacity_group g;
	size_t room; /* for members */
};

/* What is known of one cell. */
struct cell_values {
	size_t n; /* of points */
	struct capacity_point points[CHECKPOINTS_MAX];
	double leak, p50, p99, max, cpu, exit_faults;
};

struct reader {
	struct store *s;
	const struct capacity_choice *choice;
	sqlite3_stmt *cells, *curve, *metric;
	void *tree; /* of struct building, by identity */
	struct building **groups;
	size_t n;
	struct capacity_hosts hosts;
	size_t seen; /* chosen cells, whatever came of them */
	size_t pending;
};

double capacity_mean(const struct capacity_mean *m)
{
	return m->n ? m->sum / (double)m->n : NAN;
}

static void add_known(struct capacity_mean *m, double value)
{
	if (isnan(value))
		return;
	m->sum += value;
	m->n++;
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int compare_numbers(long a, long b)
{
	return (a > b) - (a < b);
}

/* The order of blocks: all but the stack. */
static int compare_blocks(const struct capacity_group *a,
			  const struct capacity_group *b)
{
	int order = strverscmp(a->tag, b->tag);

	if (order == 0)
		order = compare_texts(a->executable, b->executable);
	if (order == 0)
		order = strcmp(a->workload, b->workload);
	if (order == 0)
		order = compare_numbers(a->scale, b->scale);
	if (order == 0)
		order = compare_numbers(a->requests, b->requests);
	if (order == 0)
		order = compare_numbers(a->collect_at, b->collect_at);
	return order;
}

int capacity_lacks_pauses(const struct capacity_group *g)
{
	return g->pause_p99_us.n == 0 && g->crowded == g->cells;
}

int capacity_same_block(const struct capacity_group *a,
			const struct capacity_group *b)
{
	return compare_blocks(a, b) == 0;
}

/* For tsearch() and qsort(): by block, in it `none` first. */
static int compare_groups(const void *x, const void *y)
{
	const struct capacity_group *a = x, *b = y;
	int order = compare_blocks(a, b);

	if (order == 0)
		order = (strcmp(b->strategy, "none") == 0) -
			(strcmp(a->strategy, "none") == 0);
	return order ? order : strcmp(a->strategy, b->strategy);
}

static const char *text(const struct reader *r, int column)
{
	const unsigned char *t = sqlite3_column_text(r->cells, column);

	return t != NULL ? (const char *)t : "";
}

/* A copy that JSON takes, whatever is in the database. */
static char *copy_of(const char *text)
{
	char *copy = xstrdup(text);

	if (!is_utf8(copy))
		make_text_safe(copy);
	return copy;
}

static long number(const struct reader *r, int column)
{
	return (long)sqlite3_column_int64(r->cells, column);
}

/* Whether the current cell is one that was asked for. */
static int is_chosen(const struct reader *r)
{
	static char built[] = "";
	const struct capacity_choice *c = r->choice;
	struct interpreter i = {
		.tag = (char *)text(r, CELL_TAG),
		.version = (char *)text(r, CELL_PYTHON),
		.executable = (char *)text(r, CELL_EXECUTABLE),
		.ext_dir = built,
	};
	int run = c->run_count == 0, python = c->pythons.n == 0;

	if (interpreter_is_go(&i)) /* no server for which to plan */
		return 0;
	for (size_t n = 0; n < c->run_count; n++)
		run |= c->runs[n] == number(r, CELL_RUN);
	for (size_t n = 0; n < c->pythons.n && run; n++)
		python |= interpreter_matches(&i, c->pythons.items[n]);
	return run && python &&
		(c->workloads.n == 0 ||
		 strings_has(&c->workloads, text(r, CELL_WORKLOAD)));
}

/* The group of the current cell, made when it is the first of it. */
static struct building *group_of(struct reader *r)
{
	struct capacity_group like = {
		.tag = (char *)text(r, CELL_TAG),
		.strategy = (char *)text(r, CELL_STRATEGY),
		.workload = (char *)text(r, CELL_WORKLOAD),
		.executable = number(r, CELL_GIVEN) ?
			(char *)text(r, CELL_EXECUTABLE) :
			NULL,
		.scale = number(r, CELL_SCALE),
		.requests = number(r, CELL_REQUESTS),
		.collect_at = number(r, CELL_COLLECT_AT),
	};
	/* The group stands first in its building. */
	void **found = tfind(&like, &r->tree, compare_groups);
	struct building *b;

	if (found != NULL)
		return *found;
	b = xcalloc(1, sizeof *b);
	b->g = like;
	b->g.python = copy_of(text(r, CELL_PYTHON));
	b->g.tag = copy_of(like.tag);
	b->g.strategy = copy_of(like.strategy);
	b->g.workload = copy_of(like.workload);
	b->g.executable = like.executable ? copy_of(like.executable) : NULL;
	b->g.pause_max_us = NAN;
	tsearch(b, &r->tree, compare_groups);
	r->groups = xrealloc(r->groups, r->n + 1, sizeof(struct building *));
	r->groups[r->n++] = b;
	return b;
}

/* A number of a row, or NAN. */
static double value_of(sqlite3_stmt *stmt, int column)
{
	int type = sqlite3_column_type(stmt, column);

	return type == SQLITE_INTEGER || type == SQLITE_FLOAT ?
		sqlite3_column_double(stmt, column) :
		NAN;
}

/* The keys of one checkpoint, as they come in. */
struct curve_row {
	double requests, total, private, tables;
};

/* Adds the checkpoint, if all of it is known. */
static void take_point(struct cell_values *v, const struct curve_row *now,
		       long workers)
{
	double sum = now->total + now->private + now->tables;

	if (!isnan(sum) && v->n < CHECKPOINTS_MAX)
		v->points[v->n++] = capacity_split(now->requests, now->total,
						   now->private, now->tables,
						   workers);
}

/* Reads the checkpoints of a cell.  0 or -1 after a complaint. */
static int read_curve(struct reader *r, int64_t id, long workers,
		      struct cell_values *v)
{
	struct curve_row now = { -1, NAN, NAN, NAN };
	int code;

	v->n = 0;
	sqlite3_bind_int64(r->curve, 1, id);
	while ((code = sqlite3_step(r->curve)) == SQLITE_ROW) {
		double requests = sqlite3_column_double(r->curve, 0);
		const char *key = sqlite3_column_blob(r->curve, 1);
		double value = value_of(r->curve, 2);

		if (requests != now.requests) {
			take_point(v, &now, workers);
			now = (struct curve_row){ requests, NAN, NAN, NAN };
		}
		/* The first letters of CURVE_KEYS differ. */
		*(*key == 't'	      ? &now.total :
			  *key == 'w' ? &now.private :
					&now.tables) = value;
	}
	take_point(v, &now, workers);
	sqlite3_reset(r->curve);
	return code == SQLITE_DONE ? 0 : store_broken(r->s, "read");
}

/* 0 or -1 after a complaint. */
static int read_metrics(struct reader *r, int64_t id, struct cell_values *v)
{
	const struct {
		const char *key;
		double *value;
	} rows[] = {
		{ "leak_kib_per_1k", &v->leak },
		{ "gc_pause_p50_us", &v->p50 },
		{ "gc_pause_p99_us", &v->p99 },
		{ "gc_pause_max_us", &v->max },
		{ "worker_cpu_ms", &v->cpu },
		{ "exit_faults", &v->exit_faults },
	};
	int code;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		*rows[i].value = NAN;
	sqlite3_bind_int64(r->metric, 1, id);
	while ((code = sqlite3_step(r->metric)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(r->metric,
								    0);

		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			if (strcmp(key, rows[i].key) == 0)
				*rows[i].value = value_of(r->metric, 1);
	}
	sqlite3_reset(r->metric);
	return code == SQLITE_DONE ? 0 : store_broken(r->s, "read");
}

static void add_workers(struct capacity_group *g, long workers)
{
	size_t i = 0;

	while (i < g->worker_counts && g->workers[i] < workers)
		i++;
	if (i < g->worker_counts && g->workers[i] == workers)
		return;
	g->workers = xrealloc(g->workers, g->worker_counts + 1,
			      sizeof *g->workers);
	memmove(g->workers + i + 1, g->workers + i,
		(g->worker_counts - i) * sizeof *g->workers);
	g->workers[i] = workers;
	g->worker_counts++;
}

/* Adds a cell that has run well and been measured. */
static void add_cell(struct building *b, const struct cell_values *v,
		     long workers)
{
	struct capacity_group *g = &b->g;
	struct capacity_model *m;

	if (g->cells == b->room) {
		b->room = b->room ? 2 * b->room : 8;
		g->members = xrealloc(g->members, b->room, sizeof *g->members);
	}
	m = &g->members[g->cells++];
	*m = (struct capacity_model){
		.points = xcalloc(v->n, sizeof *m->points),
		.n = v->n,
		.slope = v->leak / 1000,
		.most_measured = workers,
	};
	memcpy(m->points, v->points, v->n * sizeof *m->points);
	if (isnan(m->slope)) {
		m->slope = capacity_last_slope(m->points, m->n);
		g->makeshift++;
	}
	add_workers(g, workers);
	add_known(&g->pause_p50_us, v->p50);
	add_known(&g->pause_p99_us, v->p99);
	add_known(&g->cpu_ms, v->cpu);
	add_known(&g->exit_faults, v->exit_faults);
	g->pause_max_us = fmax(g->pause_max_us, v->max);
}

static void note_problem(struct capacity_group *g, const char *status,
			 const char *reason)
{
	char *problem;

	if (g->problem != NULL)
		return;
	problem = xasprintf("%s%s%s", status, *reason ? ": " : "", reason);
	g->problem = copy_of(problem);
	free(problem);
}

/* Takes in the current cell.  0 or -1. */
static int read_cell(struct reader *r)
{
	struct cell_values v;
	const char *status = text(r, CELL_STATUS);
	int64_t id = sqlite3_column_int64(r->cells, CELL_ID);
	long workers = number(r, CELL_WORKERS);
	struct building *b;

	r->seen++;
	if (strcmp(status, "pending") == 0) {
		r->pending++;
		return 0;
	}
	if (strcmp(status, "unsupported") != 0 &&
	    !capacity_hosts_has(&r->hosts, number(r, CELL_RUN),
				number(r, CELL_HOST)))
		return 0;
	b = group_of(r);
	if (strcmp(status, "ok") != 0) {
		b->g.failed += strcmp(status, "unsupported") != 0;
		note_problem(&b->g, status, text(r, CELL_REASON));
		return 0;
	}
	if (read_curve(r, id, workers, &v) < 0 || read_metrics(r, id, &v) < 0)
		return -1;
	b->g.newest = id;
	b->g.lost_samples = count_sum(b->g.lost_samples, number(r, CELL_LOST));
	if (workers < 1 || workers > CELL_MAX_WORKERS || v.n == 0 ||
	    (long)v.points[v.n - 1].requests != b->g.requests) {
		b->g.unmeasured++;
		note_problem(&b->g, "not measured", "no total_kib");
		return 0;
	}
	add_cell(b, &v, workers);
	b->g.crowded += number(r, CELL_JOBS) > 1;
	return 0;
}

/* Counts the current cell for its host.  0. */
static int count_host(struct reader *r)
{
	if (strcmp(text(r, CELL_STATUS), "ok") == 0)
		capacity_hosts_count(&r->hosts, number(r, CELL_RUN),
				     number(r, CELL_HOST));
	return 0;
}

/* Calls `take` for each of the chosen cells.  0, or -1 after a complaint. */
static int each_cell(struct reader *r, int (*take)(struct reader *r))
{
	int step, result = 0;

	while ((step = sqlite3_step(r->cells)) == SQLITE_ROW && result == 0)
		if (is_chosen(r))
			result = take(r);
	if (result == 0 && step != SQLITE_DONE)
		result = store_broken(r->s, "read");
	sqlite3_reset(r->cells);
	return result;
}

/* Makes the model of a group whose cells have all been read. */
static void finish(struct capacity_group *g)
{
	double slope;

	capacity_average(g->members, g->cells, &g->model);
	slope = g->model.slope;
	g->leak_kib_per_1k = slope * 1000;
	if (!(slope < 0))
		return;
	g->model.slope = 0;
	for (size_t i = 0; i < g->cells; i++)
		g->members[i].slope = 0;
}

/* Complains that nothing is left to plan with.  An exit code. */
static int nothing(const struct reader *r)
{
	int64_t all = store_number(r->s, "SELECT count(*) FROM cells");

	if (all < 0)
		return EXIT_FAULT;
	if (all == 0)
		return fail(EXIT_USAGE, "%s has no runs yet; 'run' makes one",
			    r->s->path);
	if (r->seen == 0)
		return fail(EXIT_USAGE,
			    "none of the %lld cells of %s is of "
			    "what --run, --python and --workload name; see "
			    "'list runs'",
			    (long long)all, r->s->path);
	if (r->pending == r->seen)
		return fail(EXIT_CELL_FAILED,
			    "no cell has run yet; 'run "
			    "--resume --db=%s' goes on",
			    r->s->path);
	for (size_t i = 0; i < r->n; i++)
		if (r->groups[i]->g.problem != NULL)
			return fail(EXIT_CELL_FAILED,
				    "none of %zu cells can be "
				    "planned with; %s on %s: %s",
				    r->seen, r->groups[i]->g.strategy,
				    r->groups[i]->g.tag,
				    r->groups[i]->g.problem);
	return fail(EXIT_CELL_FAILED, "none of %zu cells can be planned with",
		    r->seen);
}

static int prepare(struct reader *r)
{
	const struct {
		sqlite3_stmt **stmt;
		const char *sql;
	} all[] = {
		{ &r->cells, cells_sql },
		{ &r->curve, curve_sql },
		{ &r->metric, metric_sql },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (sqlite3_prepare_v2(r->s->db, all[i].sql, -1, all[i].stmt,
				       NULL) != SQLITE_OK)
			return store_broken(r->s, "read");
	return 0;
}

/* The runs that were asked for by number must be there.  0 or an exit code. */
static int check_runs(struct store *s, const struct capacity_choice *choice)
{
	for (size_t i = 0; i < choice->run_count; i++) {
		int64_t run = store_find_run(s, choice->runs[i]);

		if (run <= 0)
			return run < 0 ? EXIT_FAULT : EXIT_USAGE;
	}
	return 0;
}

static void forget(void *group)
{
	(void)group;
}

int capacity_read(struct store *s, const struct capacity_choice *choice,
		  struct capacity_groups *groups)
{
	struct reader r = { .s = s, .choice = choice };
	size_t planned = 0;
	int code;

	*groups = (struct capacity_groups){ .n = 0 };
	code = check_runs(s, choice);
	if (code == 0 && prepare(&r) < 0)
		code = EXIT_FAULT;
	if (code == 0 && each_cell(&r, count_host) < 0)
		code = EXIT_FAULT;
	if (code == 0)
		code = capacity_hosts_choose(s, &r.hosts, choice->host,
					     &groups->host,
					     &groups->other_hosts);
	if (code == 0 && each_cell(&r, read_cell) < 0)
		code = EXIT_FAULT;
	groups->items = xcalloc(r.n + 1, sizeof *groups->items);
	groups->pending = r.pending;
	for (size_t i = 0; i < r.n; i++) {
		if (r.groups[i]->g.cells > 0)
			finish(&r.groups[i]->g);
		planned += r.groups[i]->g.cells > 0;
		groups->items[groups->n++] = r.groups[i]->g;
	}
	if (code == 0 && planned == 0)
		code = nothing(&r);
	qsort(groups->items, groups->n, sizeof *groups->items, compare_groups);
	tdestroy(r.tree, forget);
	for (size_t i = 0; i < r.n; i++)
		free(r.groups[i]);
	free(r.groups);
	capacity_hosts_fini(&r.hosts);
	sqlite3_finalize(r.cells);
	sqlite3_finalize(r.curve);
	sqlite3_finalize(r.metric);
	return code;
}

void capacity_groups_fini(struct capacity_groups *groups)
{
	for (size_t i = 0; i < groups->n; i++) {
		struct capacity_group *g = &groups->items[i];

		free(g->python);
		free(g->tag);
		free(g->strategy);
		free(g->workload);
		free(g->executable);
		free(g->problem);
		free(g->workers);
		free(g->model.points);
		for (size_t k = 0; k < g->cells; k++)
			free(g->members[k].points);
		free(g->members);
	}
	free(groups->items);
	json_decref(groups->host);
	json_decref(groups->other_hosts);
	*groups = (struct capacity_groups){ .n = 0 };
}
