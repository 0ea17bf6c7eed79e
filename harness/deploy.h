/* deploy.h - lines to paste into a server's configuration. */
#ifndef PERMAFROST_DEPLOY_H
#define PERMAFROST_DEPLOY_H

#include <jansson.h>

struct deployment {
	const char *stack; /* canonical spec */
	const char *tag;   /* of the interpreter it is for */
	long workers;
	long max_requests; /* after which a worker is replaced; -1:
					 * not told */
};

/* What to paste: {"gunicorn": "...", "uwsgi": "...", "celery": "..."}, each of
 * several lines, or a comment that says why there is nothing: stack and tag come
 * out of a database, and here they would become code.  A new object. */
json_t *deploy_lines(const struct deployment *d);

#endif
