/* celljson.c - checks the document of a cell that another machine has sent.
 *
 * It is data from a program that may be of another version, broken or hostile:
 * nothing of it may spoil a database, a terminal or what is computed of it.
 */
#include "celljson.h"

#include <ctype.h>
#include <string.h>

#include "causes.h"
#include "cellkey.h"
#include "checkpoints.h"
#include "hdr.h"
#include "metrics.h"
#include "places.h"

#define TEXT_MAX 65536 /* bytes; the longest are paths and reasons */
#define NAMES_MAX 64   /* of methods, and of facts of a host */

static int bad(const char **problem, const char *what)
{
	*problem = what;
	return -1;
}

/* A text without control characters. */
static int is_text(const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL || json_string_length(value) > TEXT_MAX)
		return 0;
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			return 0;
	return 1;
}

static int is_absent(const json_t *value)
{
	return value == NULL || json_is_null(value);
}

static int is_count(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

/* What says which cell it is, and what became of it. */
static int check_head(const json_t *document, const char **problem)
{
	static const char *const texts[] = { "key", "python", "tag", "strategy",
					     "workload" };
	static const char *const counts[] = { "scale", "workers", "requests",
					      "repeat", "seed" };
	static const char *const states[] = { "ok", "unsupported", "failed",
					      "timeout" };
	const json_t *status = json_object_get(document, "status");
	const json_t *value;
	struct cellkey key;
	int known = 0;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!is_text(json_object_get(document, texts[i])))
			return bad(problem,
				   "key, python, tag, strategy or "
				   "workload is no text");
	if (cellkey_parse(json_string_value(json_object_get(document, "key")),
			  &key) < 0)
		return bad(problem, "its key is none");
	cellkey_fini(&key);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (!is_count(json_object_get(document, counts[i])))
			return bad(problem,
				   "scale, workers, requests, repeat "
				   "or seed is no number");
	if (!json_is_integer(json_object_get(document, "collect_at")))
		return bad(problem, "collect_at is no number");
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		known |= json_is_string(status) &&
			strcmp(json_string_value(status), states[i]) == 0;
	if (!known)
		return bad(problem, "its status is none");
	value = json_object_get(document, "executable");
	if (!is_absent(value) && !is_text(value))
		return bad(problem, "executable is no text");
	value = json_object_get(document, "reason");
	if (!is_absent(value) && !is_text(value))
		return bad(problem, "reason is no text");
	value = json_object_get(document, "parallel");
	if (!is_absent(value) && !is_count(value))
		return bad(problem, "parallel is no number");
	value = json_object_get(document, "lost_samples");
	if (!is_absent(value) && !is_count(value))
		return bad(problem, "lost_samples is no number");
	return 0;
}

/* Null, a number, or three of either. */
static int is_metric(const json_t *value)
{
	const json_t *item;
	size_t index;

	if (is_absent(value) || json_is_number(value))
		return 1;
	if (!json_is_array(value) || json_array_size(value) != 3)
		return 0;
	json_array_foreach(value, index, item)
		if (!is_absent(item) && !json_is_number(item))
			return 0;
	return 1;
}

static int check_metrics(const json_t *document, const char **problem)
{
	const json_t *unavailable = json_object_get(document, "unavailable");

	if (!is_absent(unavailable) && !json_is_object(unavailable))
		return bad(problem, "unavailable is no object");
	for (size_t i = 0; i < metrics_count; i++) {
		const json_t *reason = json_object_get(unavailable,
						       metrics[i].key);

		if (!is_metric(json_object_get(document, metrics[i].key)))
			return bad(problem, "a metric is no number");
		if (!is_absent(reason) && !is_text(reason))
			return bad(problem, "a metric's reason is no text");
	}
	return 0;
}

/* Points of a curve, requests rising. */
static int check_curve(const json_t *curve, const char **problem)
{
	json_int_t last = -1;
	const json_t *point;
	size_t index;

	if (is_absent(curve))
		return 0;
	if (!json_is_array(curve) || json_array_size(curve) > CHECKPOINTS_MAX)
		return bad(problem, "curve is no list of checkpoints");
	json_array_foreach(curve, index, point) {
		const json_t *at = json_object_get(point, "requests");

		if (!is_count(at) || json_integer_value(at) <= last)
			return bad(problem, "the curve's requests do not rise");
		last = json_integer_value(at);
		for (size_t i = 0; i < metrics_count; i++)
			if (!is_metric(json_object_get(point, metrics[i].key)))
				return bad(problem,
					   "a value of the curve is no "
					   "number");
	}
	return 0;
}

/* [[lowest ns, count], ...], rising. */
static int is_histogram(const json_t *list)
{
	json_int_t last = -1;
	const json_t *bucket;
	size_t index;

	if (is_absent(list))
		return 1;
	if (!json_is_array(list) || json_array_size(list) > HDR_BUCKETS)
		return 0;
	json_array_foreach(list, index, bucket) {
		const json_t *lower = json_array_get(bucket, 0);

		if (json_array_size(bucket) != 2 || !is_count(lower) ||
		    !is_count(json_array_get(bucket, 1)) ||
		    json_integer_value(json_array_get(bucket, 1)) < 1 ||
		    json_integer_value(lower) <= last)
			return 0;
		last = json_integer_value(lower);
	}
	return 1;
}

static int check_histograms(const json_t *document, const char **problem)
{
	const json_t *pauses = json_object_get(document, "pauses"), *list;
	size_t index;

	if (!is_histogram(json_object_get(document, "latencies")))
		return bad(problem, "latencies are no histogram");
	if (is_absent(pauses))
		return 0;
	if (!json_is_array(pauses) || json_array_size(pauses) > 3)
		return bad(problem, "pauses are no three histograms");
	json_array_foreach(pauses, index, list)
		if (!is_histogram(list))
			return bad(problem, "pauses are no three histograms");
	return 0;
}

static int check_workers(json_t *per_worker, const char **problem)
{
	json_t *list, *value;
	const char *key;
	size_t index;

	if (is_absent(per_worker))
		return 0;
	if (!json_is_object(per_worker))
		return bad(problem, "per_worker is no object");
	json_object_foreach(per_worker, key, list) {
		if (metric_find(key) == NULL || !json_is_array(list) ||
		    json_array_size(list) > CELL_MAX_WORKERS)
			return bad(problem,
				   "per_worker is no list of a metric");
		json_array_foreach(list, index, value)
			if (!json_is_number(value))
				return bad(problem,
					   "a worker's value is no "
					   "number");
	}
	return 0;
}

static int has_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return 0;
}

static int check_copies(json_t *copies, const char **problem)
{
	json_t *row, *pages;
	const char *place, *cause;

	if (is_absent(copies))
		return 0;
	if (!json_is_object(copies))
		return bad(problem, "copies is no object");
	json_object_foreach(copies, place, row) {
		if (!has_name(place_names, PLACES, place) ||
		    !json_is_object(row))
			return bad(problem,
				   "copies names a place that is none");
		json_object_foreach(row, cause, pages)
			if (!has_name(cause_names, CAUSES, cause) ||
			    !json_is_number(pages))
				return bad(problem,
					   "copies names a cause that "
					   "is none");
	}
	return 0;
}

/* An object of few flat facts under plain names. */
static int is_flat(json_t *object)
{
	json_t *value;
	const char *key;

	if (is_absent(object))
		return 1;
	if (!json_is_object(object) || json_object_size(object) > NAMES_MAX * 2)
		return 0;
	json_object_foreach(object, key, value) {
		if (strlen(key) > NAMES_MAX ||
		    key[strspn(key, "abcdefghijklmnopqrstuvwxyz_0123456789")])
			return 0;
		if (!is_text(value) && !json_is_number(value) &&
		    !json_is_boolean(value) && !json_is_null(value))
			return 0;
	}
	return 1;
}

int celljson_is_host(const json_t *facts)
{
	return json_is_object(facts) && is_flat((json_t *)facts);
}

int cell_document_check(const json_t *document, const char **problem)
{
	if (!json_is_object(document))
		return bad(problem, "it is no object");
	if (check_head(document, problem) < 0 ||
	    check_metrics(document, problem) < 0 ||
	    check_curve(json_object_get(document, "curve"), problem) < 0 ||
	    check_histograms(document, problem) < 0 ||
	    check_workers(json_object_get(document, "per_worker"), problem) <
		    0 ||
	    check_copies(json_object_get(document, "copies"), problem) < 0)
		return -1;
	if (!is_flat(json_object_get(document, "methods")))
		return bad(problem, "methods are no flat object");
	if (!is_flat(json_object_get(document, "host")))
		return bad(problem, "host is no flat object");
	return 0;
}

json_t *cell_document_read(const char *text, size_t length,
			   const char **problem)
{
	json_t *document;

	if (length > CELLJSON_LIMIT) {
		*problem = "it is too long";
		return NULL;
	}
	document = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	if (document == NULL) {
		*problem = "it is not JSON";
		return NULL;
	}
	if (cell_document_check(document, problem) == 0)
		return document;
	json_decref(document);
	return NULL;
}
