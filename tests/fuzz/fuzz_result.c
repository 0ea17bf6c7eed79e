/* fuzz_result.c - the document that a cell's process, perhaps on another host, gives:
 * harness/storewrite.c, and what reads it afterwards.  Input: JSON; an object
 * without a key gets that of the pending cell, since whoever was asked for the cell
 * knows it. */
#include "fuzz.h"

#include <stdlib.h>

#include "fuzzstore.h"

/* What `run` does with a document before anything else believes it.  0, or -1
 * after one complaint. */
static int take(struct store *s, const json_t *document)
{
	return store_cell(s, FUZZ_RUN, document);
}

FUZZ_TARGET(result)
{
	char *text = fuzz_text(data, size);
	json_t *document = json_loads(text, 0, NULL), *pending;
	struct store s;
	size_t heard;
	int result;

	free(text);
	if (document == NULL)
		return;
	if (json_object_get(document, "key") == NULL)
		json_object_set_new(document, "key", json_string(FUZZ_KEY));
	fuzz_store_begin(&s);
	fuzz_listen();
	result = take(&s, document);
	heard = fuzz_heard();
	FUZZ_REQUIRE(heard == (size_t)(result < 0));
	pending = store_pending(&s, FUZZ_RUN);
	FUZZ_REQUIRE(json_array_size(pending) == (size_t)(result < 0));
	json_decref(pending);
	if (result == 0)
		fuzz_store_read(&s);
	store_close(&s);
	json_decref(document);
}
