/* fuzz_result.c - the document that a cell's process, perhaps on another host, gives:
 * harness/celljson.c, storewrite.c, and what reads it afterwards.  Input: JSON; an
 * object gets what it lacks of the pending cell's identity, since whoever was asked
 * for the cell knows it. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "celljson.h"
#include "fuzzstore.h"

/* Adds what the document lacks of the identity of FUZZ_KEY. */
static void complete(json_t *document)
{
	json_t *identity = json_pack(
		"{ss ss ss ss ss si si si si si si}", "key", FUZZ_KEY, "python",
		"3.11.7", "tag", "cp3.11.7", "strategy", "freeze", "workload",
		"objectgraph", "scale", 100, "workers", 2, "requests", 10,
		"collect_at", 5, "repeat", 1, "seed", 1);

	json_object_update_missing(document, identity);
	json_decref(identity);
}

FUZZ_TARGET(result)
{
	char *text = fuzz_text(data, size);
	json_t *document = json_loads(text, 0, NULL), *pending;
	struct store s;
	const char *problem = NULL, *key;
	size_t heard;
	int result, good;

	free(text);
	if (document == NULL)
		return;
	complete(document);
	good = cell_document_check(document, &problem) == 0;
	FUZZ_REQUIRE(good || (problem != NULL && *problem != '\0'));
	fuzz_store_begin(&s);
	fuzz_listen();
	result = store_cell(&s, FUZZ_RUN, document);
	heard = fuzz_heard();
	FUZZ_REQUIRE(heard == (size_t)(result < 0));
	/* What was checked can be stored, if its cell is waited for. */
	key = json_string_value(json_object_get(document, "key"));
	FUZZ_REQUIRE(result == 0 || !good || strcmp(key, FUZZ_KEY) != 0);
	pending = store_pending(&s, FUZZ_RUN);
	FUZZ_REQUIRE(json_array_size(pending) == (size_t)(result < 0));
	json_decref(pending);
	if (result == 0)
		fuzz_store_read(&s);
	store_close(&s);
	json_decref(document);
}
