/* capacityhosts.c - chooses the host to plan for. */
#define _GNU_SOURCE
#include "capacityhosts.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "samehost.h"
#include "storeparts.h"
#include "util.h"

/* A host as one run knows it. */
struct capacity_place {
	int64_t run, host;
	size_t cells;
	size_t class; /* in `classes` */
};

/* By run, in it its own host first. */
static int compare_places(const void *x, const void *y)
{
	const struct capacity_place *a = x, *b = y;

	if (a->run != b->run)
		return (a->run > b->run) - (a->run < b->run);
	return (a->host > b->host) - (a->host < b->host);
}

/* For qsort() of pointers. */
static int compare_pointed(const void *x, const void *y)
{
	struct capacity_place *const *a = x, *const *b = y;

	return compare_places(*a, *b);
}

void capacity_hosts_count(struct capacity_hosts *h, int64_t run, int64_t host)
{
	struct capacity_place like = { .run = run, .host = host }, *p;
	void **found = tfind(&like, &h->tree, compare_places);

	if (found == NULL) {
		p = xcalloc(1, sizeof *p);
		*p = like;
		tsearch(p, &h->tree, compare_places);
		h->places = xrealloc(h->places, h->n + 1,
				     sizeof(struct capacity_place *));
		h->places[h->n++] = p;
	} else {
		p = *found;
	}
	p->cells++;
}

/* What is stored of a place's host; no facts where a database lacks them, or what
 * it has is no JSON.  New, or NULL after a complaint. */
static json_t *read_facts(struct store *s, const struct capacity_place *p)
{
	const char *sql = p->host == 0 ?
		"SELECT host FROM runs WHERE id = ?1" :
		"SELECT facts FROM hosts WHERE id = ?1";
	sqlite3_stmt *stmt = NULL;
	json_t *facts = NULL;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 1, p->host ? p->host : p->run);
		if (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *told = (const char *)sqlite3_column_text(
				stmt, 0);

			facts = told != NULL ? json_loads(told, 0, NULL) : NULL;
			facts = facts != NULL ? facts : json_object();
		}
	}
	if (facts == NULL)
		store_broken(s, "read");
	sqlite3_finalize(stmt);
	return facts;
}

/* The class that is the same machine as `facts`, or one behind the last. */
static size_t class_of(const struct capacity_hosts *h, const json_t *facts)
{
	const json_t *known;
	size_t index;

	json_array_foreach(h->classes, index, known) {
		char *difference = json_equal(known, facts) ?
			NULL :
			samehost_difference(known, facts);

		free(difference);
		if (difference == NULL)
			return index;
	}
	return json_array_size(h->classes);
}

/* Sorts the places into classes; each has the facts of its newest run.  0 or
 * -1. */
static int classify(struct store *s, struct capacity_hosts *h)
{
	h->classes = json_array();
	if (h->n > 0)
		qsort(h->places, h->n, sizeof *h->places, compare_pointed);
	for (size_t i = 0; i < h->n; i++) {
		json_t *facts = read_facts(s, h->places[i]);
		size_t class;

		if (facts == NULL)
			return -1;
		class = class_of(h, facts);
		h->places[i]->class = class;
		if (class == json_array_size(h->classes))
			json_array_append_new(h->classes, facts);
		else
			json_array_set_new(h->classes, class, facts);
	}
	return 0;
}

/* The name of a class, CAPACITY_OWN_HOST for a run's own host. */
static const char *name_of(const struct capacity_hosts *h, size_t class)
{
	const char *name = json_string_value(
		json_object_get(json_array_get(h->classes, class), "name"));

	return name != NULL ? name : CAPACITY_OWN_HOST;
}

static size_t cells_of(const struct capacity_hosts *h, size_t class)
{
	size_t cells = 0;

	for (size_t i = 0; i < h->n; i++)
		cells += h->places[i]->class == class ? h->places[i]->cells : 0;
	return cells;
}

static int64_t newest_run(const struct capacity_hosts *h, size_t class)
{
	int64_t run = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->places[i]->class == class)
			run = h->places[i]->run;
	return run;
}

/* Two machines have the name that was asked for, or none. */
static int refuse(const struct capacity_hosts *h, size_t a, size_t b)
{
	char *difference = samehost_difference(json_array_get(h->classes, a),
					       json_array_get(h->classes, b));
	int64_t run_a = newest_run(h, a), run_b = newest_run(h, b);
	int code = fail(EXIT_USAGE,
			"runs %lld and %lld are from different hosts "
			"(%s); choose those of one host, as in --run=%lld",
			(long long)(run_a < run_b ? run_a : run_b),
			(long long)(run_a < run_b ? run_b : run_a), difference,
			(long long)(run_a < run_b ? run_b : run_a));

	free(difference);
	return code;
}

/* Finds the class to plan for.  0 or an exit code. */
static int choose(struct capacity_hosts *h, const char *wanted)
{
	size_t n = json_array_size(h->classes), found = n;
	char *names = xstrdup("");

	for (size_t i = 0; i < n; i++) {
		const char *name = name_of(h, i);
		int is_own = strcmp(name, CAPACITY_OWN_HOST) == 0;
		char *longer = xasprintf("%s%s%s%s", names, *names ? ", " : "",
					 name,
					 is_own ? " (the run's own host)" : "");

		free(names);
		names = longer;
		if (strcmp(name, wanted ? wanted : CAPACITY_OWN_HOST) != 0)
			continue;
		if (found < n) {
			free(names);
			return refuse(h, found, i);
		}
		found = i;
	}
	if (found == n && wanted != NULL && n > 0) {
		int code = fail(EXIT_USAGE,
				"no good cell is of the host '%s'; "
				"there are: %s",
				wanted, names);

		free(names);
		return code;
	}
	free(names);
	if (wanted == NULL) {
		found = 0;
		for (size_t i = 1; i < n; i++)
			if (cells_of(h, i) > cells_of(h, found))
				found = i;
	}
	h->chosen = found;
	return 0;
}

int capacity_hosts_choose(struct store *s, struct capacity_hosts *h,
			  const char *wanted, json_t **facts, json_t **left_out)
{
	int code = classify(s, h) < 0 ? EXIT_FAULT : choose(h, wanted);

	*left_out = json_array();
	*facts = NULL;
	if (code != 0)
		return code;
	*facts = json_incref(json_array_get(h->classes, h->chosen));
	for (size_t i = 0; i < json_array_size(h->classes); i++)
		if (i != h->chosen)
			json_array_append_new(
				*left_out,
				json_pack("{ss sI}", "host", name_of(h, i),
					  "cells", (json_int_t)cells_of(h, i)));
	return 0;
}

int capacity_hosts_has(struct capacity_hosts *h, int64_t run, int64_t host)
{
	struct capacity_place like = { .run = run, .host = host };
	void **found = tfind(&like, &h->tree, compare_places);
	const struct capacity_place *p = found != NULL ? *found : NULL;

	return h->n == 0 || (p != NULL && p->class == h->chosen);
}

void capacity_hosts_fini(struct capacity_hosts *h)
{
	tdestroy(h->tree, free);
	free(h->places);
	json_decref(h->classes);
	*h = (struct capacity_hosts){ .tree = NULL };
}
