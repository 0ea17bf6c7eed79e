/* fuzzstore.h - a small database for fuzz targets, and all that reads one. */
#ifndef PERMAFROST_FUZZSTORE_H
#define PERMAFROST_FUZZSTORE_H

#include "store.h"

/* The database has one run with two cells of the same size: `none`, which is ok,
 * and this one, which is pending. */
#define FUZZ_KEY "cp3.11.7/freeze/w2/n10/c5/s100/r1/x1/objectgraph"
#define FUZZ_RUN 1

/* Makes the database in memory, the same each time; end it with store_close(). */
void fuzz_store_begin(struct store *s);

/* Has each statement interrupted after so many steps of SQLite's machine. */
void fuzz_store_limit(struct store *s, int steps);

/* Stores the whole database as a file, in pages of 512 bytes. */
void fuzz_store_save(const char *path);

/* Reads the newest run by all ways there are, and throws the results away.  What
 * fails must complain; what takes too many steps of SQLite's is interrupted. */
void fuzz_store_read(struct store *s);

#endif
