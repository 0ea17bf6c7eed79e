/* cellprocess.c - starts `harness cell KEY` and takes its document. */
#define _GNU_SOURCE
#include "cellprocess.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

/* A document for a cell whose own process gave none. */
static json_t *failed_document(const char *key_text, const char *reason)
{
	json_t *document = json_pack("{ss ss ss}", "key", key_text, "status",
				     "failed", "reason", reason);

	if (document == NULL)
		document = json_pack("{ss ss ss}", "key", key_text, "status",
				     "failed", "reason", "no readable reason");
	return document;
}

json_t *cellprocess_run(const char *key, const struct cell_limits *limits)
{
	char *timeout = xasprintf("--timeout=%ld", limits->timeout_s);
	char *min_free = xasprintf("--min-free=%lldK",
				   (long long)limits->min_free_kib);
	char *parallel = xasprintf("--parallel=%d", limits->parallel);
	char *memory = limits->memory_kib > 0 ?
		xasprintf("--memory-limit=%lldK",
			  (long long)limits->memory_kib) :
		NULL;
	/* A key out of a database may look like an option. */
	char *argv[] = { "/proc/self/exe", "cell",   timeout,
			 min_free,	   parallel, "--",
			 (char *)key,	   NULL,     NULL };
	char *out = NULL, *err = NULL, *reason = NULL;
	json_t *document = NULL;
	int status = 0, result;

	if (memory != NULL) {
		argv[5] = memory;
		argv[6] = "--";
		argv[7] = (char *)key;
	}
	/* The cell keeps its own time limit; this one is for a cell's process
	 * that itself hangs. */
	result = run_program(argv, limits->timeout_s + 60, &out, &err, &status);
	/* A cell that ended as the signal came is finished all the same. */
	document = result == 0 ? json_loads(out, 0, NULL) : NULL;
	if (document != NULL || interrupted)
		goto out;
	if (result < 0)
		reason = xasprintf("the cell's process: %s", strerror(-result));
	else
		reason = xasprintf("the cell's process %s%s%.300s",
				   describe_status(status), *err ? ": " : "",
				   last_line(err));
	document = failed_document(key, reason);
out:
	free(timeout);
	free(min_free);
	free(parallel);
	free(memory);
	free(out);
	free(err);
	free(reason);
	return document;
}
