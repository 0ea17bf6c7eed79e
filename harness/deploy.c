/* deploy.c - what to paste into the configuration of a server.
 *
 * The package's own hooks do the work (strategies/permafrost/gunicorn.py, uwsgi.py
 * and celery.py say which hooks, and when the server calls them); the lines say
 * with which stack, how many workers, and where the package is.
 */
#define _GNU_SOURCE
#include "deploy.h"

#include <stdlib.h>
#include <string.h>

#include "cellkey.h"
#include "install.h"
#include "util.h"

/* What `text` comments on for stacks that want the template to serve requests before
 * it forks, which only the application can do; else nothing.  To free. */
static char *rehearsal(const struct deployment *d, const char *text)
{
	struct cellkey key = { .stack = (char *)d->stack };

	return xstrdup(cellkey_uses(&key, "refork") ? text : "");
}

/* `text` and the number of requests after which a worker is replaced, as a line;
 * nothing if that was not asked for.  To free. */
static char *recycle(const struct deployment *d, const char *text)
{
	return d->max_requests < 0 ?
		xstrdup("") :
		xasprintf("%s = %ld\n", text, d->max_requests);
}

static char *gunicorn_lines(const struct deployment *d, const char *path)
{
	char *requests = recycle(d, "max_requests");
	char *rehearse = rehearsal(
		d,
		"def when_ready(server):     # the application is loaded\n"
		"    pass    # here it serves permafrost.rehearsals() requests of "
		"its own\n");
	char *lines = xasprintf(
		"# the last lines of gunicorn.conf.py; hooks of yours stay in force\n"
		"# start with PYTHONPATH=%s\n"
		"workers = %ld\n"
		"%s%s"
		"import permafrost.gunicorn\n"
		"permafrost.gunicorn.install(globals(), \"%s\")\n",
		path, d->workers, requests, rehearse, d->stack);

	free(rehearse);
	free(requests);
	return lines;
}

/* `text` as uWSGI's files spell it: with each % twice (magic_sub() in core/utils.c
 * eats a single one and what follows).  To free. */
static char *double_percents(const char *text)
{
	char *doubled = xcalloc(2 * strlen(text) + 1, 1), *to = doubled;

	for (; *text != '\0'; text++) {
		*to++ = *text;
		if (*text == '%')
			*to++ = '%';
	}
	return doubled;
}

static char *uwsgi_lines(const struct deployment *d, const char *path)
{
	char *spec = double_percents(d->stack);
	char *place = double_percents(path);
	char *requests = recycle(d, "max-requests");
	char *rehearse = rehearsal(
		d,
		"; as it is loaded, the application serves "
		"permafrost.rehearsals() requests\n; of its own\n");
	char *lines = xasprintf(
		"; uwsgi.ini; not with lazy-apps\n"
		"[uwsgi]\n"
		"master = true\n"
		"processes = %ld\n"
		"%s%s"
		"pythonpath = %s\n"
		"env = PERMAFROST_STRATEGY=%s\n"
		"import = permafrost.uwsgi\n",
		d->workers, requests, rehearse, place, spec);

	free(rehearse);
	free(requests);
	free(place);
	free(spec);
	return lines;
}

static char *celery_lines(const struct deployment *d, const char *path)
{
	char *requests = recycle(d, "app.conf.worker_max_tasks_per_child");
	char *rehearse = rehearsal(
		d,
		"# at worker_init the application serves permafrost.rehearsals() "
		"tasks\n# of its own\n");
	char *lines = xasprintf(
		"# where the Celery app is made; start with PYTHONPATH=%s\n"
		"# and --pool=prefork, the default\n"
		"app.conf.worker_concurrency = %ld\n"
		"%s%s"
		"import permafrost.celery\n"
		"permafrost.celery.install(app, \"%s\")\n",
		path, d->workers, requests, rehearse, d->stack);

	free(rehearse);
	free(requests);
	return lines;
}

/* Whether `text` can stand in code as it is; specs and tags of ours can. */
static int is_word(const char *text)
{
	return text[strspn(text,
			   "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789+:=%._-")] == '\0';
}

json_t *deploy_lines(const struct deployment *d)
{
	static const char refusal[] =
		"# nothing to paste: names in the data "
		"are none of a strategy or an interpreter\n";

	char *path, *gunicorn, *uwsgi, *celery;
	json_t *lines;

	if (!is_word(d->stack) || !is_word(d->tag))
		return json_pack("{ss ss ss}", "gunicorn", refusal, "uwsgi",
				 refusal, "celery", refusal);
	path = xasprintf("%s/%s", install_ext_dir(), d->tag);
	gunicorn = gunicorn_lines(d, path);
	uwsgi = uwsgi_lines(d, path);
	celery = celery_lines(d, path);
	lines = json_pack("{ss ss ss}", "gunicorn", gunicorn, "uwsgi", uwsgi,
			  "celery", celery);
	free(path);
	free(gunicorn);
	free(uwsgi);
	free(celery);
	return lines;
}
