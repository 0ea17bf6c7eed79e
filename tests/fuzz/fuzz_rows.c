/* fuzz_rows.c - a database that is one of ours by its form, with whatever content:
 * harness/storeread.c, report.c, tableswrite.c, compare.c, capacity*.c.  Input: SQL
 * that changes the database before it is read. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "fuzzstore.h"

#define LENGTH_MAX 100000 /* bytes of a value, and of the statements */
#define STEPS_MAX 200000

/* Statements must not leave the database for files, nor depend on chance. */
static int allow(void *unused, int action, const char *a, const char *b,
		 const char *c, const char *d)
{
	static const char *const pragmas[] = {
		"user_version", "application_id",	    "writable_schema",
		"foreign_keys", "ignore_check_constraints", "encoding"
	};

	(void)unused;
	(void)c;
	(void)d;
	if (action == SQLITE_ATTACH || action == SQLITE_DETACH)
		return SQLITE_DENY;
	if (action == SQLITE_FUNCTION && strncmp(b, "random", 6) == 0)
		return SQLITE_DENY;
	if (action != SQLITE_PRAGMA)
		return SQLITE_OK;
	for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++)
		if (sqlite3_stricmp(a, pragmas[i]) == 0)
			return SQLITE_OK;
	return SQLITE_DENY;
}

FUZZ_TARGET(rows)
{
	char *sql = fuzz_text(data, size);
	struct store s;

	fuzz_store_begin(&s);
	sqlite3_limit(s.db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
	sqlite3_set_authorizer(s.db, allow, NULL);
	fuzz_store_limit(&s, STEPS_MAX);
	/* Statements before the first bad one have their effect. */
	sqlite3_exec(s.db, sql, NULL, NULL, NULL);
	sqlite3_exec(s.db, "COMMIT", NULL, NULL, NULL);
	sqlite3_set_authorizer(s.db, NULL, NULL);
	fuzz_store_read(&s);
	store_close(&s);
	free(sql);
}
