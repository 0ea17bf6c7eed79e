/* server.h - real servers that a cell can run on in place of workloads/driver.py.
 *
 * The workload's name says which: that of a built-in one has `@SERVER` behind it,
 * webapp@gunicorn, that of an application behind its own,
 * wsgi:MODULE:APP@SERVER//FOLDER//FILE (wsgi.h).  Neither of these has an @ else, so
 * that keys, databases and plans keep such cells apart without knowing of it.
 */
#ifndef PERMAFROST_SERVER_H
#define PERMAFROST_SERVER_H

/* The name in --server= and documents of workloads/driver.py. */
#define SERVER_NONE "builtin"

/* Which server a workload's name, typed or full, says: SERVER_NONE, or the text
 * behind the @, whatever that is.  New. */
char *server_of(const char *workload);

/* The name without its server.  New. */
char *server_strip(const char *workload);

/* A name that has none with a server; with SERVER_NONE a copy.  New. */
char *server_add(const char *workload, const char *server);

/* Whether there is such a server, SERVER_NONE included. */
int server_is_known(const char *server);

/* For messages; static. */
#define SERVER_NAMES "builtin, gunicorn or uwsgi"

/* Whether an interpreter can run its workloads on this real server: its version, new;
 * or NULL with one line in *why (to free). */
char *server_check(const char *server, const char *executable, char **why);

#endif
