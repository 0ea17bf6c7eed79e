/* wsgi.h - a user's own WSGI application as a workload.
 *
 * It is typed as wsgi:MODULE:APP (APP: `application` by default, NAME or NAME(),
 * dotted).  Its full name, which keys and databases hold, also has the folder to
 * import it from and the file of requests, if there is one, both canonical:
 *
 *   wsgi:MODULE:APP//FOLDER[//FILE]
 *
 * Neither an application nor a canonical path has two slashes in a row, so a name
 * is read in one way only, whatever files are called.
 */
#ifndef PERMAFROST_WSGI_H
#define PERMAFROST_WSGI_H

#include "install.h"

/* The variable by which a cell knows its application: its full name. */
#define WSGI_VARIABLE "PERMAFROST_WSGI"

/* Whether a workload's name is one of these, full or as typed. */
int wsgi_is(const char *name);

/* The full name of what was typed, with the current folder and the file `urls`,
 * unless that is NULL.  A full name is looked at and returned as it is, and takes no
 * `urls`.  New, or NULL with one line in *error (to free). */
char *wsgi_full_name(const char *name, const char *urls, char **error);

/* workload_find() for such a name; typed ones get no file. */
int wsgi_find(const char *name, struct workload *w, char **error);

/* What there is to say of all of them; its name is wsgi:MODULE:APP.  As
 * workload_find(). */
int wsgi_describe(struct workload *w, char **error);

/* Has an interpreter check the file of requests.  0, or -1 with one line in *error
 * (to free) that names the file and the line. */
int wsgi_check(const struct workload *w, const char *executable, char **error);

#endif
