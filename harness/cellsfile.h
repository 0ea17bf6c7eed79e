/* cellsfile.h - documents of cells that were run by hand or by a scheduler. */
#ifndef PERMAFROST_CELLSFILE_H
#define PERMAFROST_CELLSFILE_H

#include <jansson.h>

/* Reads documents as `harness cell --host KEY` prints them, one per line, from
 * the file `path`, "-" being standard input.  A run's document for
 * store_import(), new; NULL after a complaint that names the line. */
json_t *cellsfile_read(const char *path);

#endif
