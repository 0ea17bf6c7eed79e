/* store.c - writes and reads the results database.
 *
 * A rollback journal with synchronous=FULL: after COMMIT a cell survives a
 * crash of the machine, and a killed writer leaves nothing that SQLite does not
 * roll back by itself.  A lock on the file admits one coordinator at a time; two
 * of them would disturb each other's measurements anyway.
 */
#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "install.h"
#include "storeparts.h"
#include "util.h"

#define APPLICATION_ID 0x5066727a

int store_broken(struct store *s, const char *what)
{
	int code = sqlite3_errcode(s->db);
	const char *cure = "";

	switch (code) {
	case SQLITE_FULL:
		cure = "; free some space, then run again with --resume";
		break;
	case SQLITE_IOERR:
		cure = "; the disk may be full or gone: cure that, then run "
		       "again with --resume";
		break;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		cure = "; check its permissions, or use --db=FILE elsewhere";
		break;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		cure = "; move it away, or use --db=FILE for a new one";
		break;
	case SQLITE_BUSY:
		cure = "; another program holds it locked";
		break;
	}
	complain("cannot %s the database %s: %s%s", what, s->path,
		 sqlite3_errmsg(s->db), cure);
	return -1;
}

int store_execute(struct store *s, const char *sql, const char *what)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_broken(s, what);
	return 0;
}

int64_t store_number(struct store *s, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t value = -1;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return store_broken(s, "read");
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		value = sqlite3_column_int64(stmt, 0);
		break;
	case SQLITE_DONE:
		value = 0;
		break;
	default:
		store_broken(s, "read");
	}
	sqlite3_finalize(stmt);
	return value;
}

/* Becomes the only coordinator, by a lock on the database file itself, which does
 * not meet SQLite's own (flock against fcntl).  0 or -1. */
static int take_lock(struct store *s)
{
	s->lock_fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (s->lock_fd < 0) {
		complain(
			"cannot open the database %s: %s; check the "
			"permissions, or use --db=FILE elsewhere",
			s->path, strerror(errno));
		return -1;
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		complain(
			"another run is writing to %s; wait for it, or use "
			"--db=FILE for another database",
			s->path);
		return -1;
	}
	return 0;
}

int store_in_place(struct store *s)
{
	struct stat held, there;

	/* Without a lock it is in memory. */
	if (s->lock_fd < 0 ||
	    (fstat(s->lock_fd, &held) == 0 && stat(s->path, &there) == 0 &&
	     held.st_dev == there.st_dev && held.st_ino == there.st_ino))
		return 0;
	complain(
		"the database %s was moved, deleted or replaced during the run; "
		"put it back, if it is somewhere, and go on with --resume",
		s->path);
	return -1;
}

static int create_schema(struct store *s)
{
	char *path = xasprintf("%s/schema.sql", install_results_dir());
	char *sql = NULL;
	int result = read_file(path, 1 << 20, &sql, NULL);

	if (result < 0) {
		complain("cannot read %s: %s", path, strerror(-result));
	} else {
		char *all = xasprintf("BEGIN IMMEDIATE; %s COMMIT;", sql);

		result = store_execute(s, all, "create");
		free(all);
	}
	free(sql);
	free(path);
	return result < 0 ? -1 : 0;
}

/* Lets readers see a database of version 2, which knew the run's own host only, as
 * what it would become: nothing is written into it. */
static int show_version_2(struct store *s)
{
	return store_execute(s,
			     "CREATE TEMP TABLE hosts (id, run, name, facts);"
			     "CREATE TEMP TABLE placement (cell, host, jobs)",
			     "read");
}

/* Cells as figures take them: what was measured on another machine is under a tag
 * of its own. */
static int make_view(struct store *s)
{
	return store_execute(
		s,
		"CREATE TEMP VIEW placed AS SELECT cells.id, cells.run, "
		"tag || coalesce(' on ' || name, '') AS tag, executable, strategy, "
		"workload, scale, workers, requests, collect_at, repeat, status "
		"FROM cells LEFT JOIN placement ON cell = cells.id "
		"LEFT JOIN hosts ON hosts.id = host",
		"read");
}

static int check_identity(struct store *s, enum store_mode mode)
{
	int64_t id, version, tables;

	if ((id = store_number(s, "PRAGMA application_id")) < 0 ||
	    (version = store_number(s, "PRAGMA user_version")) < 0 ||
	    (tables = store_number(s, "SELECT count(*) FROM sqlite_master")) <
		    0)
		return -1;
	if (tables == 0 && id == 0 && mode == STORE_WRITE)
		return create_schema(s);
	if (id != APPLICATION_ID) {
		complain(
			"%s is %s, not a database of this program; use "
			"--db=FILE for another",
			s->path,
			tables == 0 ? "an empty database" :
				      "some other database");
		return -1;
	}
	if (version < STORE_SCHEMA_VERSION && mode == STORE_WRITE)
		return create_schema(s);
	if (version == 2)
		return show_version_2(s);
	if (version < STORE_SCHEMA_VERSION) {
		complain(
			"%s was made by an older version of this program; the "
			"next new 'run' with --db=%s brings it up to date",
			s->path, s->path);
		return -1;
	}
	if (version != STORE_SCHEMA_VERSION) {
		complain(
			"%s has schema version %lld, this program knows %d; "
			"use --db=FILE for a new one",
			s->path, (long long)version, STORE_SCHEMA_VERSION);
		return -1;
	}
	return 0;
}

/* Collation VERSION: digits compare as numbers, so 3.6 comes before 3.10. */
static int compare_versions(void *unused, int an, const void *a, int bn,
			    const void *b)
{
	char x[64], y[64];

	(void)unused;
	snprintf(x, sizeof x, "%.*s", an, (const char *)a);
	snprintf(y, sizeof y, "%.*s", bn, (const char *)b);
	return strverscmp(x, y);
}

/* Somebody reads the database in a transaction of his own.  A measured cell is
 * worth waiting for: ten minutes, or until we are interrupted. */
static int wait_for_lock(void *store, int tries)
{
	const struct store *s = store;

	if (tries == 20)
		complain("waiting for another program that holds %s locked",
			 s->path);
	usleep(100000);
	return !interrupted && tries < 6000;
}

/* A file from elsewhere may have a schema that calls functions, or views in place
 * of tables that never end.  As far as this SQLite can: from 3.26, 3.31 and, so that
 * our own temporary view works, 3.35. */
static void defend(struct store *s)
{
#ifdef SQLITE_DBCONFIG_DEFENSIVE
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
#endif
#ifdef SQLITE_DBCONFIG_TRUSTED_SCHEMA
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
#endif
#ifdef SQLITE_DBCONFIG_ENABLE_VIEW
	if (sqlite3_libversion_number() >= 3035000)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
#endif
	(void)s;
}

void store_equip(struct store *s)
{
	defend(s);
	sqlite3_busy_handler(s->db, wait_for_lock, s);
	sqlite3_create_collation(s->db, "VERSION", SQLITE_UTF8, NULL,
				 compare_versions);
}

int store_open(struct store *s, const char *path, enum store_mode mode)
{
	*s = (struct store){ .path = xstrdup(path), .lock_fd = -1 };
	if (mode == STORE_READ && access(path, F_OK) < 0) {
		complain(
			"there is no database %s; 'run' makes one, or use "
			"--db=FILE",
			path);
		goto failed;
	}
	if (mode == STORE_WRITE && take_lock(s) < 0)
		goto failed;
	/* One thread uses it.  Readers may write as far as they have to: to roll back
	 * what a writer that was killed has left. */
	if (sqlite3_open_v2(
		    path, &s->db,
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE |
			    (mode == STORE_READ ? 0 : SQLITE_OPEN_CREATE),
		    NULL) != SQLITE_OK) {
		store_broken(s, "open");
		goto failed;
	}
	store_equip(s);
	if (check_identity(s, mode) < 0 || make_view(s) < 0)
		goto failed;
	if (mode == STORE_READ &&
	    store_execute(s, "PRAGMA query_only=ON", "read") < 0)
		goto failed;
	if (mode == STORE_WRITE &&
	    store_execute(
		    s,
		    "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
		    "BEGIN IMMEDIATE; UPDATE runs SET id = id WHERE 0; COMMIT",
		    "write to") < 0)
		goto failed;
	return 0;
failed:
	store_close(s);
	return -1;
}

void store_close(struct store *s)
{
	sqlite3_close(s->db);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->path);
	*s = (struct store){ .lock_fd = -1 };
}
