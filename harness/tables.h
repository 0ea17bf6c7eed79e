/* tables.h - a run as a folder of wide tab-separated tables, small enough to be
 * committed and made to be compared by diff.
 *
 *   run.json       format, schema, started, finished, options, host, units, the
 *                  number of rows of each table, and hosts if there are any other
 *                  than the run's own; no id
 *   cells.tsv      a row per cell: number, identity, outcome, host and jobs if any
 *                  cell was not alone on the run's own host, metrics
 *   curve.tsv      a row per cell and checkpoint: metrics
 *   worker.tsv     a row per cell and worker: metrics
 *   copies.tsv     a row per cell: pages by PLACE/CAUSE
 *   pauses.tsv     a row per cell and generation: a histogram
 *   latencies.tsv  a row per cell: a histogram; may be left out
 *   methods.tsv    what column `method` of cells.tsv refers to
 *   reasons.tsv    what ?N refers to
 *
 * Each table has one line of names, and its lines are in one order that the
 * content alone decides.  A metric has a column when any row has it, a list of n
 * has the columns KEY[0] to KEY[n-1].  A field is empty where there is nothing
 * at all, "?N" is null for reason N (?0: none told; of a list it stands in the
 * first column), "-" is null in a list.
 * Whole numbers are written in full, others with 6 significant digits.  Texts
 * have \\, \t, \n, \r and \xHH for backslashes and control characters.  A
 * histogram is words of STEP or STEPxCOUNT: so many buckets (strategies/hdr.h)
 * after the one before, the first counted from bucket 0.  The executable is told
 * only of cells whose interpreter was named by its path, as only their key has
 * it.
 */
#ifndef PERMAFROST_TABLES_H
#define PERMAFROST_TABLES_H

#include <jansson.h>

/* Writes a finished run, a document of store_export(), into the folder `dir`,
 * which is made; tables that were there are replaced.  0, or -1 after a
 * complaint. */
int tables_write(const json_t *document, const char *dir, int latencies);

/* Reads and checks the tables in `dir`.  A new document as of store_export(),
 * without "run"; NULL after a complaint that names file and line. */
json_t *tables_read(const char *dir);

#endif
