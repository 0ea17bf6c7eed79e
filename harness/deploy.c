/* deploy.c - what to paste into the configuration of a server, by its hooks:
 *
 * gunicorn  The configuration file runs first, then preload_app loads the
 *	application, then when_ready is called, then workers are forked and call
 *	post_fork (gunicorn/arbiter.py: setup(), start(), spawn_worker()).  All
 *	workers, also those that replace others, are forks of this one process.
 * uWSGI	Without lazy-apps the master loads the WSGI file, then forks; the last
 *	line of that file is the last moment before.  after_req_hook is looked up
 *	when the file has been loaded (plugins/python/python_plugin.c).
 * Celery	worker_init is sent in the parent when the tasks are loaded and before
 *	the prefork pool is made, worker_process_init in each child
 *	(celery/worker/worker.py: setup_instance(), celery/concurrency/prefork.py).
 *
 * Hooks that no part of a stack has do nothing, so the lines are the same for all.
 */
#define _GNU_SOURCE
#include "deploy.h"

#include <stdlib.h>
#include <string.h>

#include "cellkey.h"
#include "install.h"
#include "util.h"

/* A comment for stacks that want the template to serve requests before it forks,
 * which only the application can do; else nothing.  To free. */
static char *rehearsal(const struct deployment *d, const char *indent)
{
	struct cellkey key = { .stack = (char *)d->stack };

	return cellkey_uses(&key, "refork") ?
		xasprintf("%s# here the application serves stack.rehearsals() "
			  "requests of its own\n", indent) : xstrdup("");
}

/* `text` and the number of requests after which a worker is replaced, and `end`;
 * nothing if that was not asked for.  To free. */
static char *recycle(const struct deployment *d, const char *text,
		     const char *end)
{
	return d->max_requests < 0 ? xstrdup("") :
		xasprintf("%s%ld%s", text, d->max_requests, end);
}

static char *gunicorn_lines(const struct deployment *d, const char *path)
{
	char *requests = recycle(d, "max_requests = ", "\n");
	char *rehearse = rehearsal(d, "    ");
	char *lines = xasprintf(
		"# gunicorn.conf.py; start with PYTHONPATH=%s\n"
		"import permafrost\n"
		"preload_app = True\n"
		"workers = %ld\n"
		"%s"
		"stack = permafrost.Stack(\"%s\")\n"
		"stack.before_warm()\n"
		"def when_ready(server):     # the application is loaded, no worker yet\n"
		"%s"
		"    stack.before_fork()\n"
		"def post_fork(server, worker):\n"
		"    stack.after_fork_child()\n"
		"def post_request(worker, req, environ, resp):\n"
		"    stack.after_request()\n",
		path, d->workers, requests, d->stack, rehearse);

	free(rehearse);
	free(requests);
	return lines;
}

static char *uwsgi_lines(const struct deployment *d, const char *path)
{
	char *requests = recycle(d, " --max-requests=", "");
	char *rehearse = rehearsal(d, "");
	char *lines = xasprintf(
		"# permafrost_wsgi.py; start with PYTHONPATH=%s\n"
		"# uwsgi --master --processes=%ld%s --wsgi-file=permafrost_wsgi.py\n"
		"import permafrost, uwsgi, uwsgidecorators\n"
		"stack = permafrost.Stack(\"%s\")\n"
		"stack.before_warm()\n"
		"from myapp import application      # yours; not with --lazy-apps\n"
		"uwsgidecorators.postfork(stack.after_fork_child)\n"
		"uwsgi.after_req_hook = stack.after_request\n"
		"%s"
		"stack.before_fork()                # last, right before the first fork\n",
		path, d->workers, requests, d->stack, rehearse);

	free(rehearse);
	free(requests);
	return lines;
}

static char *celery_lines(const struct deployment *d, const char *path)
{
	char *requests = recycle(d, "app.conf.worker_max_tasks_per_child = ",
				 "\n");
	char *rehearse = rehearsal(d, "    ");
	char *lines = xasprintf(
		"# where the Celery app is made; start with PYTHONPATH=%s\n"
		"# and --pool=prefork, the default\n"
		"import permafrost\n"
		"from celery import signals\n"
		"app.conf.worker_concurrency = %ld\n"
		"%s"
		"stack = permafrost.Stack(\"%s\")\n"
		"@signals.worker_init.connect       # the tasks are loaded, no child yet\n"
		"def prepare(**kwargs):\n"
		"%s"
		"    stack.before_fork()\n"
		"@signals.worker_process_init.connect\n"
		"def forked(**kwargs):\n"
		"    stack.after_fork_child()\n"
		"@signals.task_postrun.connect\n"
		"def served(**kwargs):\n"
		"    stack.after_request()\n",
		path, d->workers, requests, d->stack, rehearse);

	free(rehearse);
	free(requests);
	return lines;
}

/* Whether `text` can stand in code as it is; specs and tags of ours can. */
static int is_word(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789+:=%._-")] == '\0';
}

json_t *deploy_lines(const struct deployment *d)
{
	static const char refusal[] = "# nothing to paste: names in the data "
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
