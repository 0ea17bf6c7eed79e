/* observedoc.c - what is known of a live server, as a JSON document. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe.h"
#include "util.h"

static int64_t private_kib(const struct observe_process *p)
{
	return p->memory.private_clean + p->memory.private_dirty;
}

static int64_t to_kib(double pages)
{
	return (int64_t)(pages * (double)sysconf(_SC_PAGESIZE) / 1024);
}

static void set_count(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

/* A metric that is not known is null, and has its reason. */
static void set_null(json_t *object, const char *key, const char *reason)
{
	json_t *reasons = json_object_get(object, "unavailable");

	json_object_set_new(object, key, json_null());
	json_object_set_new(reasons, key, json_string(reason));
}

/* Faults per second between two readings of one process. */
static void set_rate(json_t *object, const struct observe_process *p,
		     const struct observe_process *earlier)
{
	if (earlier == NULL || earlier->minor_faults > p->minor_faults ||
	    earlier->at >= p->at)
		set_null(object, "faults_per_s", "seen only once so far");
	else
		json_object_set_new(
			object, "faults_per_s",
			json_real((double)(p->minor_faults -
					   earlier->minor_faults) *
				  1e9 / (double)(p->at - earlier->at)));
}

static json_t *process_document(const struct observe_process *p,
				const struct observe_process *earlier)
{
	json_t *d = json_pack(
		"{si ss sI sI sI sI sI sI s{}}", "pid", (int)p->pid, "name",
		p->name, "threads", (json_int_t)p->threads, "rss_kib",
		(json_int_t)p->memory.rss, "pss_kib", (json_int_t)p->memory.pss,
		"private_kib", (json_int_t)private_kib(p), "page_tables_kib",
		(json_int_t)p->page_tables, "minor_faults",
		(json_int_t)p->minor_faults, "unavailable");

	set_rate(d, p, earlier);
	return d;
}

static const struct observe_process *seen_before(const struct observe *o,
						 pid_t pid)
{
	for (size_t i = 0; i < o->before.n; i++)
		if (o->before.workers[i].pid == pid)
			return &o->before.workers[i];
	return NULL;
}

/* Why contents of `w`, or of any if it is NULL, are not known; to free.  NULL: they
 * are. */
static char *why_no_contents(const struct observe *o,
			     const struct observe_worker *w)
{
	if (o->contents_off)
		return xstrdup("not read: --no-contents");
	if (o->contents_at == 0)
		return xstrdup("not read yet");
	if (o->contents_error == -ENODATA)
		return xstrdup(
			"this kernel does not tell which pages are copies");
	if (o->contents_error != 0)
		return observefamily_why_unreadable(o->master,
						    o->contents_error);
	if (w == NULL || w->has_contents)
		return NULL;
	return w->contents_error == 0 ?
		xstrdup("not read yet") :
		observefamily_why_unreadable(w->pid, w->contents_error);
}

static const char *const content_keys[] = {
	"equal_pages",	    "reshareable_pages",
	"changing_pages",   "unread_pages",
	"copies",	    "groups",
	"full_collections",
};
#define CONTENT_KEYS (sizeof content_keys / sizeof *content_keys)

static json_t *copies_document(const struct copies *copies)
{
	json_t *d = json_object();

	for (int place = 0; place < PLACES; place++)
		for (int cause = 0; cause < CAUSES; cause++) {
			char *key = xasprintf("%s/%s", place_names[place],
					      cause_names[cause]);

			if (copies->pages[place][cause] > 0)
				set_count(d, key, copies->pages[place][cause]);
			free(key);
		}
	return d;
}

static json_t *group_document(const struct observe_group *g)
{
	json_t *d = json_object();

	set_count(d, "equal", g->equal);
	set_count(d, "headers", g->headers);
	set_count(d, "differ", g->differ);
	set_count(d, "shared", g->shared);
	return d;
}

/* Since the fork. */
static void set_collections(json_t *d, const struct observe_collections *c)
{
	if (c->is_counted && c->full >= 0)
		set_count(d, "full_collections", (uint64_t)c->full);
	else
		set_null(d, "full_collections",
			 c->is_counted ?
				 "the master has collected since the fork" :
				 "no count of collections was found in this "
				 "interpreter");
}

static void set_contents(const struct observe *o, json_t *d,
			 const struct observe_worker *w)
{
	char *reason = why_no_contents(o, w);

	if (reason == NULL) {
		set_count(d, "equal_pages", w->pages.equal);
		set_count(d, "reshareable_pages", w->pages.reshareable);
		set_count(d, "changing_pages", w->pages.changing);
		set_count(d, "unread_pages", w->pages.unread);
		set_collections(d, &w->pages.collections);
		json_object_set_new(d, "copies",
				    copies_document(&w->pages.copies));
		json_object_set_new(
			d, "groups",
			json_pack("{so so so}", "tracked",
				  group_document(&w->pages.tracked), "pools",
				  group_document(&w->pages.pools), "other",
				  group_document(&w->pages.other)));
	} else {
		for (size_t k = 0; k < CONTENT_KEYS; k++)
			set_null(d, content_keys[k], reason);
	}
	free(reason);
}

static json_t *worker_document(const struct observe *o, size_t i)
{
	const struct observe_process *p = &o->now.workers[i];
	const struct observe_worker *w = &o->workers[i];
	json_t *d = process_document(p, seen_before(o, p->pid));

	json_object_set_new(d, "parent", json_integer(p->parent));
	if (w->cow_error == 0) {
		set_count(d, "cow_pages", w->counts.copied);
		set_count(d, "new_pages", w->counts.fresh);
	} else {
		const char *reason = w->cow_error == -ENODATA ?
			"this kernel "
			"does not tell which pages are a process's own" :
			strerror(-w->cow_error);

		set_null(d, "cow_pages", reason);
		set_null(d, "new_pages", reason);
	}
	set_contents(o, d, w);
	return d;
}

/* What is not known has `reason`. */
static json_t *range_document(struct observe_range pages, const char *reason)
{
	json_t *d = json_pack("{sI sI s{}}", "low_kib",
			      (json_int_t)to_kib(pages.low), "high_kib",
			      (json_int_t)to_kib(pages.high), "unavailable");

	if (isnan(pages.estimate)) {
		set_null(d, "kib", reason);
		set_null(d, "usual_low_kib", reason);
		set_null(d, "usual_high_kib", reason);
		return d;
	}
	json_object_set_new(d, "kib", json_integer(to_kib(pages.estimate)));
	json_object_set_new(d, "usual_low_kib",
			    json_integer(to_kib(pages.usual_low)));
	json_object_set_new(d, "usual_high_kib",
			    json_integer(to_kib(pages.usual_high)));
	return d;
}

static void add_range(struct observe_range *sum, struct observe_range r,
		      double factor)
{
	sum->low += factor * r.low;
	sum->high += factor * r.high;
	sum->estimate += factor * r.estimate;
	sum->usual_low += factor * r.usual_low;
	sum->usual_high += factor * r.usual_high;
}

/* Why no saving can be predicted; to free.  NULL: it can. */
static char *why_no_saving(const struct observe *o, size_t known)
{
	char *reason = why_no_contents(o, NULL);

	if (reason != NULL)
		return reason;
	if (o->is_reshared)
		return xstrdup(
			"the server runs reshare already; what is equal "
			"now is what its next pass can give back");
	if (o->python.reason != NULL)
		return xasprintf("objects cannot be told from the rest: %s",
				 o->python.reason);
	return known > 0 ? NULL : xstrdup("no worker's contents could be read");
}

/* Workers by what is known of them. */
struct known {
	size_t n, threaded;
	size_t collected[OBSERVE_UNKNOWN + 1];
	double uncollected; /* pages that a first full collection would copy */
};

/* Appends a sentence, which it frees. */
static void add_sentence(json_t *list, char *sentence)
{
	json_array_append_new(list, json_string(sentence));
	free(sentence);
}

/* What the prediction takes for granted, as sentences. */
static json_t *assumptions(const struct observe *o, const struct known *known)
{
	size_t unsure = known->collected[OBSERVE_UNKNOWN];
	size_t no = known->collected[OBSERVE_NO];
	json_t *list = json_array();

	add_sentence(
		list,
		xstrdup("the workers go on as they have until now, and the same "
			"requests come (idle, reshare saves more); freeze is called "
			"right before the fork and reshare passes have their default "
			"options"));
	if (known->collected[OBSERVE_YES] > 0)
		add_sentence(
			list,
			xstrdup("that pages with tracked objects are touched as "
				"in programs measured is an estimate; a program that "
				"goes through all its objects saves less, down to "
				"nothing"));
	if (unsure > 0)
		add_sentence(
			list,
			xasprintf(
				"in %zu of %zu workers it is not known whether the "
				"collector or reference counts have copied the "
				"pages; freeze saves nothing of the latter",
				unsure, known->n));
	if (no > 0)
		add_sentence(
			list,
			xasprintf(
				"in %zu of %zu workers the collector has not "
				"gone through all of the heap; should it do so, "
				"it copies %lld KiB more in each of what is not "
				"frozen, which freeze avoids",
				no, known->n,
				(long long)to_kib(known->uncollected /
						  (double)no)));
	if (known->threaded > 0)
		add_sentence(
			list,
			xasprintf(
				"%zu workers have more than one thread: reshare "
				"gives nothing back in them",
				known->threaded));
	if (o->now.master.threads > 1)
		add_sentence(
			list,
			xasprintf(
				"the master has %lld threads now: reshare needs "
				"it to have one as it forks",
				(long long)o->now.master.threads));
	return list;
}

/* Adds the prediction for all workers; those whose contents are not known are taken
 * to be like the others. */
static void set_saving(const struct observe *o, json_t *d)
{
	static const char unsure[] =
		"content does not tell the collector's copies from those of "
		"reference counts here";
	struct observe_range freeze = { 0 }, both = { 0 };
	struct known known = { 0 };
	double factor;
	char *reason;

	for (size_t i = 0; i < o->now.n; i++)
		known.n += (size_t)o->workers[i].has_contents;
	reason = why_no_saving(o, known.n);
	if (reason != NULL) {
		set_null(d, "saving", reason);
		free(reason);
		return;
	}
	factor = (double)o->now.n / (double)known.n;
	for (size_t i = 0; i < o->now.n; i++) {
		const struct observe_worker *w = &o->workers[i];
		int64_t threads = o->now.workers[i].threads;
		enum observe_answer answer;
		struct observe_saving saving;

		if (!w->has_contents)
			continue;
		observemodel_predict(&w->pages, threads, &saving);
		add_range(&freeze, saving.freeze, factor);
		add_range(&both, saving.freeze_reshare, factor);
		answer = observemodel_is_collected(&w->pages);
		known.collected[answer]++;
		known.threaded += threads > 1;
		if (answer == OBSERVE_NO)
			known.uncollected += (double)w->pages.tracked.shared;
	}
	json_object_set_new(
		d, "saving",
		json_pack("{so so so}", "freeze",
			  range_document(freeze, unsure), "freeze_reshare",
			  range_document(both, unsure), "assumes",
			  assumptions(o, &known)));
}

/* The mean over workers of what is a number in each of them, else null. */
static void set_mean(json_t *means, const json_t *workers, const char *key)
{
	size_t index, n = 0;
	const json_t *w;
	double sum = 0;

	json_array_foreach(workers, index, w) {
		const json_t *value = json_object_get(w, key);

		if (!json_is_number(value))
			continue;
		sum += json_number_value(value);
		n++;
	}
	json_object_set_new(means, key,
			    n > 0 ? json_real(sum / (double)n) : json_null());
}

static json_t *means_of(const json_t *workers)
{
	static const char *const keys[] = {
		"rss_kib",	"pss_kib",	     "private_kib",
		"faults_per_s", "cow_pages",	     "new_pages",
		"equal_pages",	"reshareable_pages", "changing_pages",
	};
	json_t *means = json_object();

	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
		set_mean(means, workers, keys[k]);
	return means;
}

static json_t *contents_document(const struct observe *o)
{
	if (o->contents_at == 0)
		return json_null();
	return json_pack("{sf sf sf sI sI}", "age_s",
			 (double)(now_ns() - o->contents_at) / 1e9, "took_s",
			 (double)o->contents_ns / 1e9, "cpu_s",
			 (double)o->contents_cpu_ns / 1e9, "read_kib",
			 (json_int_t)(o->contents_bytes / 1024), "every",
			 (json_int_t)o->contents_step);
}

static void set_python(const struct observe *o, json_t *master)
{
	char *reason = why_no_contents(o, NULL);

	if (reason != NULL || o->python.version[0] == '\0')
		set_null(master, "python",
			 reason ? reason :
				 o->python.reason ?
				  o->python.reason :
				  "its version was not found");
	else
		json_object_set_new(master, "python",
				    json_string(o->python.version));
	json_object_set_new(master, "implementation",
			    o->python.implementation == NULL ?
				    json_null() :
				    json_string(o->python.implementation));
	free(reason);
}

/* CPU time that watching has taken since it began, in per cent of one CPU. */
static double own_cpu_percent(const struct observe *o)
{
	int64_t passed = now_ns() - o->began, ns;

	return procfs_read_cpu(getpid(), &ns) < 0 || passed <= 0 ?
		0 :
		100.0 * (double)(ns - o->cpu_began) / (double)passed;
}

json_t *observe_document(const struct observe *o)
{
	const struct observe_process *m = &o->now.master;
	json_t *d = json_pack("{s{} s[] s[]}", "unavailable", "workers",
			      "others");
	json_t *workers = json_object_get(d, "workers");
	json_t *others = json_object_get(d, "others");
	json_t *master = process_document(
		m, o->before.master.pid == m->pid ? &o->before.master : NULL);
	int64_t total = m->memory.pss + m->page_tables, swap = m->memory.swap;

	set_python(o, master);
	json_object_set_new(d, "master", master);
	for (size_t i = 0; i < o->now.n; i++) {
		const struct observe_process *p = &o->now.workers[i];

		json_array_append_new(workers, worker_document(o, i));
		total += p->memory.pss + p->page_tables;
		swap += p->memory.swap;
	}
	for (size_t i = 0; i < o->now.n_strangers; i++) {
		const struct observe_stranger *s = &o->now.strangers[i];

		json_array_append_new(
			others,
			json_pack("{si ss ss}", "pid", (int)s->pid, "name",
				  s->name, "reason", s->reason));
	}
	if (o->unmapped_kib > 0)
		total += o->unmapped_kib;
	set_count(d, "total_kib", (uint64_t)total);
	set_count(d, "swap_kib", (uint64_t)swap);
	if (o->unmapped_kib >= 0)
		set_count(d, "unmapped_kib", (uint64_t)o->unmapped_kib);
	else
		set_null(d, "unmapped_kib",
			 o->contents_off ? "not read: "
					   "--no-contents" :
					   "shared memory could not be looked "
					   "at");
	json_object_set_new(d, "mean", means_of(workers));
	set_saving(o, d);
	json_object_set_new(d, "contents", contents_document(o));
	json_object_set_new(d, "cpu_percent", json_real(own_cpu_percent(o)));
	set_count(d, "page_kib", (uint64_t)sysconf(_SC_PAGESIZE) / 1024);
	return d;
}
