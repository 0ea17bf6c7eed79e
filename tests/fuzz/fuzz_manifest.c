/* fuzz_manifest.c - interpreters.json: harness/install.c. */
#include "fuzz.h"

#include <ctype.h>
#include <stdlib.h>

#include "install.h"

FUZZ_TARGET(manifest)
{
	char *text = fuzz_text(data, size);
	json_t *root = json_loads(text, 0, NULL);
	struct interpreters list = { NULL, 0 };

	free(text);
	if (root == NULL)
		return;
	if (interpreters_parse(root, &list) == 0)
		for (size_t i = 0; i < list.n; i++) {
			const struct interpreter *p = &list.items[i];

			FUZZ_REQUIRE(interpreter_matches(p, p->tag));
			/* A version alone means CPython's. */
			FUZZ_REQUIRE(!isdigit((unsigned char)*p->version) ||
				     interpreter_is_pypy(p) ||
				     interpreter_matches(p, p->version));
			FUZZ_REQUIRE(interpreter_matches(p, p->executable));
			interpreter_matches(p, "all");
			interpreter_matches(p, "3.11");
			interpreter_matches(p, "go");
		}
	interpreters_fini(&list);
	json_decref(root);
}
