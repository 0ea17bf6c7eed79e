/* cmd_run.c - `harness run`: plans cells, runs each in a process of its own, here
 * or through GNU parallel, stores each in one transaction, prints the whole. */
#define _GNU_SOURCE
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "celllimits.h"
#include "cellprocess.h"
#include "cgroup.h"
#include "commands.h"
#include "doctor.h"
#include "draw.h"
#include "family.h"
#include "fanoptions.h"
#include "fanout.h"
#include "fanplan.h"
#include "host.h"
#include "install.h"
#include "plan.h"
#include "progress.h"
#include "report.h"
#include "safetext.h"
#include "server.h"
#include "stats.h"
#include "store.h"
#include "wsgi.h"

enum {
	KEY_STRATEGY = OPTION_AFTER_FAN,
	KEY_PYTHON,
	KEY_WORKLOAD,
	KEY_URLS,
	KEY_SERVER,
	KEY_SCALE,
	KEY_WORKERS,
	KEY_REQUESTS,
	KEY_REPEAT,
	KEY_SEED,
	KEY_BASELINE,
	KEY_QUICK,
	KEY_CHANCE,
	KEY_PLOT,
	KEY_DB,
	KEY_RESUME,
	KEY_DRY_RUN,
	KEY_FORMAT,
};

struct arguments {
	struct selection selection;
	struct cell_limits limits;
	struct fan_options fan;
	const char *db;
	const char *format;
	const char *plot;   /* folder, or NULL */
	const char *urls;   /* file of requests, or NULL */
	const char *server; /* see server.h, or NULL */
	int quick, resume, dry_run;
	size_t unsupported, failed; /* cells, already by the plan */
	int selected; /* an option that --resume takes from the run */
};

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "What to run:", 1 },
	{ "strategy", KEY_STRATEGY, "STACK,...", 0,
	  "stacks of strategies, e.g. freeze,collect+freeze,freeze-gen:2 "
	  "(default: freeze)",
	  0 },
	{ "baseline", KEY_BASELINE, "STACK", 0,
	  "stack to compare with; run too (default: none)", 0 },
	{ "python", KEY_PYTHON, "PYTHON,...", 0,
	  "version prefixes, pypy, go, tags or paths (default: all)", 0 },
	{ "workload", KEY_WORKLOAD, "NAME,...", 0,
	  "built-in names, paths to .py files, or your own WSGI application in "
	  "the current folder, wsgi:MODULE:APP (default: objectgraph, with "
	  "--server webapp)",
	  0 },
	{ "urls", KEY_URLS, "FILE", 0,
	  "requests to the application, one per line: GET /path (default: GET /)",
	  0 },
	{ "server", KEY_SERVER, "SERVER", 0,
	  "builtin, gunicorn or uwsgi: a real server, and requests from hey, for "
	  "webapp or your own application (default: builtin)",
	  0 },
	{ "scale", KEY_SCALE, "N", 0,
	  "size of the warm heap (default: the workload's)", 0 },
	{ "workers", KEY_WORKERS, "N", 0, "forked workers (default: 4)", 0 },
	{ "requests", KEY_REQUESTS, "N", 0,
	  "requests served by each worker (default: 1000)", 0 },
	{ "repeat", KEY_REPEAT, "N", 0,
	  "run everything N times, shuffled (default: 1)", 0 },
	{ "seed", KEY_SEED, "N", 0,
	  "of shuffling, hashes and workloads (default: 1)", 0 },
	{ "no-full-collection", KEY_CHANCE, 0, 0,
	  "leave a worker's first full collection to chance; otherwise it comes "
	  "when half of the requests are served, unless the stack has turned "
	  "collections off",
	  0 },
	{ "quick", KEY_QUICK, 0, 0,
	  "a small run: scale 20000, 2 workers, 200 requests", 0 },
	{ 0, 0, 0, 0, "How:", 2 },
	LIMIT_OPTIONS,
	{ "db", KEY_DB, "FILE", 0,
	  "the results database (default: permafrost.db, in the build tree when "
	  "run from there, else here)",
	  0 },
	{ "resume", KEY_RESUME, 0, 0,
	  "go on with the newest unfinished run of the database", 0 },
	{ "dry-run", KEY_DRY_RUN, 0, 0,
	  "print the keys of the cells only; with "
	  "--format=cells their documents, one per line",
	  0 },
	{ "plot", KEY_PLOT, "DIR", 0,
	  "draw the figures of the run into DIR, as svg and png", 0 },
	{ "format", KEY_FORMAT, "FORMAT", 0,
	  "table, json or csv (default: table)", 0 },
	{ 0, 0, 0, 0, "Where, several cells at a time:", 3 },
	FAN_OPTIONS,
	{ 0 }
};

static int parse_selection(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	struct selection *s = &a->selection;

	switch (key) {
	case KEY_STRATEGY:
		strings_split(&s->stacks, arg, ',');
		if (s->stacks.n == 0)
			argp_error(state, "--strategy needs a stack");
		break;
	case KEY_BASELINE:
		s->baseline = arg;
		break;
	case KEY_PYTHON:
		strings_split(&s->pythons, arg, ',');
		if (s->pythons.n == 0)
			argp_error(state, "--python needs an interpreter");
		break;
	case KEY_WORKLOAD:
		strings_split(&s->workloads, arg, ',');
		if (s->workloads.n == 0)
			argp_error(state, "--workload needs a name");
		break;
	case KEY_URLS:
		a->urls = arg;
		break;
	case KEY_SERVER:
		if (!server_is_known(arg))
			argp_error(state,
				   "--server takes " SERVER_NAMES ", not '%s'",
				   arg);
		a->server = arg;
		break;
	case KEY_SCALE:
		s->scale = argument_number(state, "scale", arg, 1, INT_MAX);
		break;
	case KEY_WORKERS:
		s->workers = argument_number(state, "workers", arg, 1,
					     CELL_MAX_WORKERS);
		break;
	case KEY_REQUESTS:
		s->requests = argument_number(state, "requests", arg, 0,
					      INT_MAX);
		break;
	case KEY_REPEAT:
		s->repeats = argument_number(state, "repeat", arg, 1, 10000);
		break;
	case KEY_SEED:
		s->seed = argument_number(state, "seed", arg, 0, INT_MAX / 2);
		break;
	case KEY_CHANCE:
		s->left_to_chance = 1;
		break;
	case KEY_QUICK:
		a->quick = 1;
		break;
	default:
		return 0;
	}
	a->selected = 1;
	return 1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (parse_selection(key, arg, state))
		return 0;
	switch (key) {
	case KEY_DB:
		if (*arg == '\0')
			argp_error(state, "--db needs a file");
		a->db = arg;
		return 0;
	case KEY_RESUME:
		a->resume = 1;
		return 0;
	case KEY_PLOT:
		a->plot = arg;
		return 0;
	case KEY_DRY_RUN:
		a->dry_run = 1;
		return 0;
	case KEY_FORMAT:
		if (strcmp(arg, "table") != 0 && strcmp(arg, "json") != 0 &&
		    strcmp(arg, "csv") != 0 && strcmp(arg, "cells") != 0)
			argp_error(state,
				   "--format takes table, json or csv, "
				   "not '%s'",
				   arg);
		a->format = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state,
			   "'%s' is no option; stacks go into "
			   "--strategy=",
			   arg);
		return 0;
	case ARGP_KEY_END:
		if (a->resume && a->selected)
			argp_error(state,
				   "--resume takes the selection from "
				   "the run it goes on with; leave the others "
				   "out");
		if (strcmp(a->format, "cells") == 0 &&
		    (!a->dry_run || a->resume))
			argp_error(state,
				   "--format=cells goes with --dry-run "
				   "of a new run");
		fan_check(state, &a->fan);
		return 0;
	default:
		if (limits_parse(key, arg, state, &a->limits) == 0)
			return 0;
		return fan_parse(key, arg, state, &a->fan);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Runs cells (interpreter x stack x workload x repeat), stores "
	       "what they measured, and prints it with ratios to the baseline.",
};

/* Applications have another unit of scale, passes over their requests. */
static int has_application(const struct selection *s)
{
	for (size_t i = 0; i < s->workloads.n; i++)
		if (wsgi_is(s->workloads.items[i]))
			return 1;
	return 0;
}

/* Whether --server names a real one. */
static int is_served(const struct arguments *a)
{
	return a->server != NULL && strcmp(a->server, SERVER_NONE) != 0;
}

/* The full name of a workload that was typed, with its server.  New, or NULL with
 * one line in *error (to free). */
static char *full_name(const char *typed, const struct arguments *a,
		       char **error)
{
	char *server = server_of(typed), *plain = server_strip(typed);
	char *full = NULL, *name = NULL;

	if (a->server != NULL && strcmp(server, SERVER_NONE) != 0)
		*error = xasprintf("'%s' has its server; leave --server out",
				   typed);
	else if (is_served(a) && workload_is_path(plain))
		*error = xasprintf(
			"--server takes webapp, or wsgi:MODULE:APP, "
			"not the file %s",
			plain);
	else
		full = wsgi_is(plain) ? wsgi_full_name(plain, a->urls, error) :
					xstrdup(plain);
	if (full != NULL)
		name = server_add(full, a->server ? a->server : server);
	free(server);
	free(plain);
	free(full);
	return name;
}

/* Gives workloads their full names.  0 or an exit code. */
static int name_workloads(struct arguments *a)
{
	struct selection *s = &a->selection;

	if (a->urls != NULL && !has_application(s))
		return fail(EXIT_USAGE,
			    "--urls needs --workload="
			    "wsgi:MODULE:APP");
	for (size_t i = 0; i < s->workloads.n; i++) {
		char **name = &s->workloads.items[i], *error = NULL, *full;

		full = full_name(*name, a, &error);
		if (full == NULL) {
			complain("%s", error);
			free(error);
			return EXIT_USAGE;
		}
		free(*name);
		*name = full;
	}
	return 0;
}

static void set_defaults(struct arguments *a)
{
	struct selection *s = &a->selection;

	if (s->stacks.n == 0)
		strings_add(&s->stacks, "freeze");
	if (s->pythons.n == 0)
		strings_add(&s->pythons, "all");
	if (s->workloads.n == 0)
		strings_add(&s->workloads,
			    is_served(a) ? "webapp" : "objectgraph");
	if (s->scale == 0 && a->quick && !has_application(s))
		s->scale = 20000;
	if (s->workers == 0)
		s->workers = a->quick ? 2 : 4;
	if (s->requests < 0)
		s->requests = a->quick ? 200 : 1000;
}

static json_t *list_json(const struct strings *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->items[i]));
	return array;
}

/* What is stored with the run: the command line after all defaults. */
static json_t *options_json(const struct arguments *a, const struct plan *plan)
{
	const struct selection *s = &a->selection;

	return json_pack(
		"{so so so sI sI sI sb sI sI so ss? sI so}", "strategy",
		list_json(&s->stacks), "python", list_json(&s->pythons),
		"workload", list_json(&s->workloads), "scale",
		(json_int_t)s->scale, "workers", (json_int_t)s->workers,
		"requests", (json_int_t)s->requests, "no_full_collection",
		s->left_to_chance, "repeat", (json_int_t)s->repeats, "seed",
		(json_int_t)s->seed, "limits", limits_json(&a->limits),
		"baseline", plan->baseline, "jobs", (json_int_t)a->fan.jobs,
		"sshlogin", fan_logins(&a->fan));
}

/* What a run of cells writes to. */
struct sink {
	struct store *store;
	int64_t run;
	struct progress progress;
	size_t hosts;
};

/* Stores a cell that has ended.  0, or an exit code. */
static int take(void *arg, json_t *document)
{
	struct sink *sink = arg;

	if (store_cell(sink->store, sink->run, document) < 0)
		return EXIT_FAULT;
	progress_done(&sink->progress, document);
	return 0;
}

static void tick(void *arg, size_t running)
{
	struct sink *sink = arg;
	char *what = sink->hosts > 1 ?
		xasprintf("%zu running on %zu hosts", running, sink->hosts) :
		xasprintf("%zu running", running);

	progress_show(&sink->progress, what);
	free(what);
}

/* Runs cells one by one in processes of their own.  0, or an exit code. */
static int run_here(struct sink *sink, const json_t *keys,
		    const struct cell_limits *limits)
{
	const json_t *key;
	size_t index;
	int code = EXIT_OK;

	json_array_foreach(keys, index, key) {
		const char *text = json_string_value(key);
		json_t *document;

		progress_show(&sink->progress, text);
		document = cellprocess_run(text, limits);
		if (document == NULL)
			return EXIT_INTERRUPTED;
		code = take(sink, document);
		json_decref(document);
		family_end_strays();
		if (code == EXIT_OK && interrupted)
			code = EXIT_INTERRUPTED;
		if (code != EXIT_OK)
			break;
	}
	return code;
}

/* Hands cells to GNU parallel.  0, or an exit code. */
static int run_fanned(struct sink *sink, const json_t *keys,
		      const struct arguments *a)
{
	struct fanout f = {
		.hosts = &a->fan.hosts,
		.jobs = a->fan.jobs,
		.limits = &a->limits,
		.remote = a->fan.program,
		.joblog = xasprintf("%s.joblog", sink->store->path),
		.take = take,
		.tick = tick,
		.arg = sink,
	};
	int code = fanout_run(&f, keys);

	free((char *)f.joblog);
	return code;
}

/* Runs the pending cells of `run`.  0, or an exit code. */
static int run_pending(struct store *s, int64_t run, const struct arguments *a)
{
	json_t *keys = store_pending(s, run);
	size_t n = json_array_size(keys);
	struct sink sink = { .store = s,
			     .run = run,
			     .hosts = a->fan.hosts.n ? a->fan.hosts.n : 1 };
	int code = keys != NULL ? EXIT_OK : EXIT_FAULT;

	progress_begin(&sink.progress, n, (size_t)a->fan.jobs * sink.hosts);
	sink.progress.unsupported = a->unsupported;
	sink.progress.failed = a->failed;
	if (n > 0)
		code = fan_wanted(&a->fan) ? run_fanned(&sink, keys, a) :
					     run_here(&sink, keys, &a->limits);
	progress_end(&sink.progress);
	if (n > 0 && (sink.progress.terminal || fan_wanted(&a->fan))) {
		char *hosts = fan_fate(&a->fan);

		progress_sum_up(&sink.progress, hosts);
		free(hosts);
	}
	json_decref(keys);
	cgroup_clean(); /* of cells that were killed */
	if (code == EXIT_INTERRUPTED)
		complain(
			"interrupted; finished cells are kept in %s, go on "
			"with 'run --resume --db=%s'",
			s->path, s->path);
	else if (code == EXIT_FAULT && fan_wanted(&a->fan))
		complain(
			"finished cells are kept in %s, go on with 'run "
			"--resume --db=%s'",
			s->path, s->path);
	return code;
}

/* The exit code that the cells of a document call for. */
static int judge(const json_t *document)
{
	size_t ok = 0, failed = 0, timeouts = 0, index;
	json_int_t lost = 0;
	const json_t *cell;

	json_array_foreach(json_object_get(document, "cells"), index, cell) {
		const char *status = json_string_value(
			json_object_get(cell, "status"));

		ok += strcmp(status, "ok") == 0;
		failed += strcmp(status, "failed") == 0;
		timeouts += strcmp(status, "timeout") == 0;
		lost += json_integer_value(
			json_object_get(cell, "lost_samples"));
	}
	if (timeouts > 0 && ok == 0 && failed == 0)
		return EXIT_TIMEOUT;
	if (failed + timeouts > 0)
		return EXIT_CELL_FAILED;
	if (ok == 0)
		return fail(EXIT_UNSUPPORTED,
			    "nothing that was asked for is "
			    "supported here; the reasons are above");
	if (lost > 0)
		return fail(EXIT_UNTRUSTED,
			    "%lld samples were lost; do not "
			    "trust the pauses and latencies of this run",
			    (long long)lost);
	return EXIT_OK;
}

/* Says where total_kib and what the kernel has charged differ.  The kernel's own
 * figures lag behind by up to 64 pages per CPU (see cgroup.c). */
static void warn_of_totals(const json_t *document)
{
	const json_t *host = json_object_get(document, "host"), *cell;
	double slack = 64.0 / 1024 *
		json_number_value(json_object_get(host, "page_bytes")) *
		json_number_value(json_object_get(host, "cpus"));
	size_t index;

	json_array_foreach(json_object_get(document, "cells"), index, cell) {
		double total = json_number_value(
			json_object_get(cell, "total_kib"));
		double charged = json_number_value(
			json_object_get(cell, "cgroup_kib"));

		if (total > 0 && charged > 0 &&
		    fabs(total - charged) > 0.03 * charged + slack)
			complain(
				"warning: %s: total_kib is %.0f, but the "
				"kernel has charged %.0f KiB to the cell; do "
				"not trust its total",
				json_string_value(json_object_get(cell, "key")),
				total, charged);
	}
}

static int print_run(struct store *s, int64_t run, const char *format)
{
	json_t *document = store_export(s, run);
	int code;

	if (document == NULL)
		return EXIT_FAULT;
	if (strcmp(format, "json") == 0) {
		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (strcmp(format, "csv") == 0) {
		report_rows(stdout, document, ',');
	} else {
		safetext_make(document);
		report_table(stdout, document,
			     json_string_value(json_object_get(
				     json_object_get(document, "options"),
				     "baseline")));
	}
	fflush(stdout);
	warn_of_totals(document);
	code = judge(document);
	json_decref(document);
	return code;
}

/* Draws the run and says where.  0 or an exit code. */
static int plot_run(struct store *s, int64_t run, const char *dir)
{
	struct strings figures = { NULL, 0 }, formats = { NULL, 0 };
	int result;

	draw_figures(&figures);
	strings_split(&formats, "svg,png", ',');
	fprintf(stderr, "\nFigures:\n");
	result = draw_all(s, run, &figures, &formats, dir, stderr);
	strings_fini(&figures);
	strings_fini(&formats);
	return result < 0 ? EXIT_FAULT : EXIT_OK;
}

/* Tells a person what to try after this run. */
static void suggest(const struct store *s, int64_t run, int plotted,
		    const struct selection *selection)
{
	const char *name = program_invocation_name;

	fprintf(stderr, "\nRun %lld is stored in %s.  Next, try:\n",
		(long long)run, s->path);
	if (plotted)
		fprintf(stderr,
			"  %s run --workload=webapp --strategy="
			"freeze,freeze-gen:2,threshold-zero --db=%s\n",
			name, s->path);
	else
		fprintf(stderr, "  %s plot --run=%lld --db=%s\n", name,
			(long long)run, s->path);
	for (size_t i = 0;
	     i < selection->stacks.n && selection->repeats >= STATS_MIN_REPEATS;
	     i++) {
		const char *stack = selection->stacks.items[i];

		if (strcmp(stack, selection->baseline) == 0)
			continue;
		fprintf(stderr, "  %s compare %lld:%s %lld:%s --db=%s\n", name,
			(long long)run, selection->baseline, (long long)run,
			stack, s->path);
		break;
	}
}

/* Counts the cells of which the plan knows already that they do not run. */
static void count_decided(struct arguments *a, const json_t *cells)
{
	const json_t *cell;
	size_t index;

	json_array_foreach(cells, index, cell) {
		const char *status = json_string_value(
			json_object_get(cell, "status"));

		a->unsupported += strcmp(status, "unsupported") == 0;
		a->failed += strcmp(status, "failed") == 0;
	}
}

static void print_cell(const json_t *cell)
{
	json_dumpf(cell, stdout, JSON_COMPACT);
	putchar('\n');
}

/* Plans a new run, or prints its keys.  Its id in *run; 0 or an exit code. */
static int begin(struct arguments *a, struct store *s, int64_t *run)
{
	struct plan plan;
	json_t *cell, *stored, *host;
	size_t index;
	int code = sshhosts_remote(&a->fan.hosts) > 0 ?
		fanplan_make(&a->fan.hosts, a->fan.program, &a->selection,
			     &plan) :
		plan_make(&a->selection, &plan);

	*run = 0;
	if (interrupted)
		code = fail(EXIT_INTERRUPTED,
			    "interrupted; nothing was stored");
	if (code == 0 && a->dry_run) {
		json_array_foreach(plan.cells, index, cell)
			if (strcmp(a->format, "cells") == 0)
				print_cell(cell);
			else
				printf("%s\n",
				       json_string_value(
					       json_object_get(cell, "key")));
	} else if (code == 0 && store_open(s, a->db, STORE_WRITE) < 0) {
		code = EXIT_FAULT;
	} else if (code == 0) {
		count_decided(a, plan.cells);
		host = host_facts();
		stored = options_json(a, &plan);
		*run = store_begin_run(s, stored, host, plan.cells);
		doctor_warn(host);
		json_decref(host);
		json_decref(stored);
		if (*run < 0)
			code = EXIT_FAULT;
	}
	plan_fini(&plan);
	return code;
}

/* The cells of a database name interpreters and workloads by path, which are run:
 * refuses one that somebody else has made.  0 or an exit code. */
static int check_owner(const struct store *s)
{
	struct stat st;

	if (fstat(s->lock_fd, &st) == 0 && st.st_uid == geteuid())
		return 0;
	return fail(EXIT_USAGE,
		    "%s belongs to another user, and --resume runs "
		    "the programs that it names; see them with --dry-run, and "
		    "go on with a copy of it if you trust them",
		    s->path);
}

static int resume(struct arguments *a, struct store *s, int64_t *run)
{
	json_t *keys, *key, *stored;
	size_t index;

	/* Opening it for reading first leaves nothing behind if there is none. */
	if (store_open(s, a->db, STORE_READ) < 0)
		return EXIT_FAULT;
	*run = store_latest_run(s, 1);
	if (*run < 0)
		return EXIT_FAULT;
	if (*run == 0)
		return fail(EXIT_USAGE, "%s has no unfinished run to resume",
			    a->db);
	if (a->dry_run) {
		keys = store_pending(s, *run);
		json_array_foreach(keys, index, key)
			puts(json_string_value(key));
		*run = 0;
		if (keys == NULL)
			return EXIT_FAULT;
		json_decref(keys);
		return 0;
	}
	if (sshhosts_remote(&a->fan.hosts) > 0) {
		struct plan none;
		int code = fanplan_make(&a->fan.hosts, a->fan.program, NULL,
					&none);

		plan_fini(&none);
		if (code == EXIT_INTERRUPTED)
			complain("interrupted; nothing was begun");
		if (code != 0)
			return code;
	}
	stored = store_run_options(s, *run);
	limits_restore(&a->limits, json_object_get(stored, "limits"));
	json_decref(stored);
	store_close(s);
	if (store_open(s, a->db, STORE_WRITE) < 0)
		return EXIT_FAULT;
	return check_owner(s);
}

int cmd_run(int argc, char **argv)
{
	struct arguments a = {
		.selection = { .baseline = "none",
			       .repeats = 1,
			       .seed = 1,
			       .requests = -1 },
		.limits = limits_default(),
		.fan = { .jobs = 1 },
		.db = install_default_db(),
		.format = "table",
	};
	struct store s = { .lock_fd = -1 };
	int64_t run = 0;
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	set_defaults(&a);
	catch_signals();
	family_adopt_strays();
	code = name_workloads(&a);
	if (code == 0)
		code = fan_begin(&a.fan, a.dry_run);
	if (code == EXIT_INTERRUPTED)
		complain("interrupted; nothing was begun");
	if (code == 0)
		code = a.resume ? resume(&a, &s, &run) : begin(&a, &s, &run);
	if (code == 0 && run > 0) {
		if (a.resume)
			doctor_warn(NULL);
		code = run_pending(&s, run, &a);
		if (code == 0 && store_end_run(&s, run) < 0)
			code = EXIT_FAULT;
		if (code == 0) {
			code = print_run(&s, run, a.format);
			if (a.plot != NULL && code != EXIT_UNSUPPORTED) {
				int plotted = plot_run(&s, run, a.plot);

				code = code ? code : plotted;
			}
			if (code == 0 && strcmp(a.format, "table") == 0)
				suggest(&s, run, a.plot != NULL, &a.selection);
		}
	}
	store_close(&s);
	fan_end(&a.fan);
	strings_fini(&a.selection.stacks);
	strings_fini(&a.selection.pythons);
	strings_fini(&a.selection.workloads);
	return code;
}
