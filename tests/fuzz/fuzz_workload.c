/* fuzz_workload.c - what is read from a workload's source: harness/install.c. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "install.h"

FUZZ_TARGET(workload)
{
	char *path = xasprintf("%s/fuzz.py", fuzz_dir()), *error = NULL;
	struct workload w;

	fuzz_write("fuzz.py", data, size);
	FUZZ_REQUIRE(workload_find(path, &w, &error) == 0);
	FUZZ_REQUIRE(*w.name == '/' && w.scale > 0);
	FUZZ_REQUIRE(strchr(w.summary, '\n') == NULL && is_utf8(w.summary));
	workload_fini(&w);
	free(path);
}
