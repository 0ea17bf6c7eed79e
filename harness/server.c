/* server.c - names of real servers, and whether one is there; what starts them is
 * workloads/servers/launch.py, run by harness/cellserver.c.
 */
#define _GNU_SOURCE
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "install.h"
#include "load.h"
#include "util.h"

/* The @ of a name, or NULL.  Paths of workloads have none, whatever they hold. */
static const char *at_sign(const char *workload)
{
	const char *at = strchr(workload, '@');

	return at != NULL && !workload_is_path(workload) &&
			at < workload + strcspn(workload, "/") ?
		at :
		NULL;
}

char *server_of(const char *workload)
{
	const char *at = at_sign(workload);

	return at == NULL ?
		xstrdup(SERVER_NONE) :
		xasprintf("%.*s", (int)strcspn(at + 1, "/"), at + 1);
}

char *server_strip(const char *workload)
{
	const char *at = at_sign(workload);

	return at == NULL ? xstrdup(workload) :
			    xasprintf("%.*s%s", (int)(at - workload), workload,
				      at + strcspn(at, "/"));
}

char *server_add(const char *workload, const char *server)
{
	size_t n = strcspn(workload, "/");

	return strcmp(server, SERVER_NONE) == 0 ?
		xstrdup(workload) :
		xasprintf("%.*s@%s%s", (int)n, workload, server, workload + n);
}

int server_is_known(const char *server)
{
	return strcmp(server, SERVER_NONE) == 0 ||
		strcmp(server, "gunicorn") == 0 || strcmp(server, "uwsgi") == 0;
}

char *server_check(const char *server, const char *executable, char **why)
{
	char *script = xasprintf("%s/servers/launch.py",
				 install_workloads_dir());
	char *argv[] = { (char *)executable, "-B",	     script,
			 "--check",	     (char *)server, NULL };
	char *out = NULL, *err = NULL, *version = NULL;
	int status = 0, result = 0;

	*why = load_missing();
	if (*why == NULL)
		result = run_program(argv, 60, &out, &err, &status);
	if (result < 0)
		*why = xasprintf("cannot run %s: %s", executable,
				 strerror(-result));
	else if (*why == NULL && status != 0)
		*why = xasprintf("--server=%s: %s", server,
				 *last_line(err) ? last_line(err) :
						   describe_status(status));
	else if (*why == NULL)
		version = xstrdup(last_line(out));
	free(script);
	free(out);
	free(err);
	return version;
}
