/* fuzz_shm.c - shared memory that a worker may have overwritten, made into a cell's
 * document: harness/cellresult.c.  Input: lines "WHERE INDEX VALUE" that set
 * 64-bit words of the header (h) or of the slot of a process (0, 1, 2); all else
 * is 0. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "cellstate.h"
#include "fuzzstore.h"
#include "metrics.h"
#include "server.h"

#define COUNT_MAX (INT64_C(1) << 53) /* as tablefile.c has it */

static void set_words(struct shm_header *area, const char *text)
{
	struct fuzz_word w;

	while (fuzz_next_word(&text, &w)) {
		uint64_t *words = (uint64_t *)area;
		size_t n = sizeof *area / sizeof *words;

		if (w.where >= '0' && w.where <= '2') {
			words = (uint64_t *)shm_slot(area,
						     (uint64_t)(w.where - '0'));
			n = sizeof(struct shm_process) / sizeof *words;
		} else if (w.where != 'h') {
			continue;
		}
		words[w.index % n] = w.value;
	}
}

/* Counts must be such that tables can hold them. */
static void check_counts(const json_t *histogram)
{
	const json_t *bucket;
	size_t i;

	json_array_foreach(histogram, i, bucket) {
		json_int_t n = json_integer_value(json_array_get(bucket, 1));

		FUZZ_REQUIRE(n >= 1 && n <= COUNT_MAX);
	}
}

static void check(const json_t *document)
{
	const json_t *pauses = json_object_get(document, "pauses"), *list;
	const json_t *lost = json_object_get(document, "lost_samples");
	size_t i;

	FUZZ_REQUIRE(json_is_integer(lost) && json_integer_value(lost) >= 0 &&
		     json_integer_value(lost) <= COUNT_MAX);
	for (i = 0; i < metrics_count; i++)
		FUZZ_REQUIRE(json_object_get(document, metrics[i].key));
	check_counts(json_object_get(document, "latencies"));
	json_array_foreach(pauses, i, list)
		check_counts(list);
}

/* The document of the cell, as cell_run() makes it. */
static json_t *make_document(struct cell *c)
{
	json_t *document = cell_document(c->key, "3.11.7", "/python", "ok",
					 NULL);

	c->checkpoints = checkpoints_plan(c->key->requests, c->at);
	for (c->sampled = 0; c->sampled < c->checkpoints; c->sampled++)
		cellresult_checkpoint(c);
	c->served = xcalloc(1, c->family.shared_bytes);
	memcpy(c->served, c->family.shared, c->family.shared_bytes);
	cellresult_summarize(c, document);
	cellresult_fill_in(c, "not measured");
	json_object_update(document, c->metrics);
	json_object_set(document, "unavailable", c->unavailable);
	json_object_set(document, "curve", c->curve);
	free(c->served);
	return document;
}

FUZZ_TARGET(shm)
{
	char *text = fuzz_text(data, size), none[] = "none";
	struct cellkey key;
	struct cell c = {
		.server = (char *)SERVER_NONE,
		.key = &key,
		.cgroup = { .procs = -1, .reason = none },
		.parallel = 2,
		.curve = json_array(),
		.metrics = json_object(),
		.unavailable = json_object(),
	};
	struct store s;
	json_t *document;

	FUZZ_REQUIRE(cellkey_parse(FUZZ_KEY, &key) == 0);
	c.now = xcalloc((size_t)key.workers + 1, sizeof *c.now);
	c.family.shared_bytes = shm_bytes((uint64_t)key.workers + 1);
	c.family.shared = xcalloc(1, c.family.shared_bytes);
	set_words(c.family.shared, text);
	document = make_document(&c);
	check(document);
	fuzz_store_begin(&s);
	fuzz_listen();
	FUZZ_REQUIRE(store_cell(&s, FUZZ_RUN, document) == 0);
	FUZZ_REQUIRE(fuzz_heard() == 0);
	store_close(&s);
	json_decref(document);
	json_decref(c.curve);
	json_decref(c.metrics);
	json_decref(c.unavailable);
	free(c.now);
	free(c.family.shared);
	cellkey_fini(&key);
	free(text);
}
