/* fuzz_key.c - the keys of cells: harness/cellkey.c.  What is accepted must print and
 * read back as itself. */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cellkey.h"

static int same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

FUZZ_TARGET(key)
{
	char *text = fuzz_text(data, size), *printed;
	struct cellkey key, again;
	int result = cellkey_parse(text, &key);

	free(text);
	FUZZ_REQUIRE(result == 0 || result == -EINVAL);
	if (result < 0)
		return;
	FUZZ_REQUIRE(key.workers >= 1 && key.workers <= CELL_MAX_WORKERS);
	FUZZ_REQUIRE(key.requests >= 0 && key.collect_at >= -1 &&
		     key.scale >= 0 && key.repeat >= 1 && key.seed >= 0);
	FUZZ_REQUIRE(*key.tag != '\0' && *key.stack != '\0' &&
		     *key.workload != '\0');
	cellkey_uses(&key, "ksm");
	printed = cellkey_format(&key);
	FUZZ_REQUIRE(cellkey_parse(printed, &again) == 0);
	FUZZ_REQUIRE(same(key.tag, again.tag) &&
		     same(key.executable, again.executable) &&
		     same(key.stack, again.stack) &&
		     same(key.workload, again.workload));
	FUZZ_REQUIRE(key.workers == again.workers &&
		     key.requests == again.requests &&
		     key.collect_at == again.collect_at &&
		     key.scale == again.scale && key.repeat == again.repeat &&
		     key.seed == again.seed);
	free(printed);
	cellkey_fini(&again);
	cellkey_fini(&key);
}
