/* celljson.h - whether a document that came from elsewhere is a cell's. */
#ifndef PERMAFROST_CELLJSON_H
#define PERMAFROST_CELLJSON_H

#include <jansson.h>
#include <stddef.h>

/* Longer documents are not read, bytes. */
#define CELLJSON_LIMIT ((size_t)64 << 20)

/* Whether store_cell() can take `document` as it is: the types, the bounds and
 * the names that it must have; what is not stored is not looked at.  0, or -1
 * with what is wrong in *problem, static storage. */
int cell_document_check(const json_t *document, const char **problem);

/* Whether these are facts of a host as host_facts() gives them: flat, under plain
 * names. */
int celljson_is_host(const json_t *facts);

/* Reads the text of a document, `length` bytes, and checks it likewise.  New, or
 * NULL with what is wrong in *problem, static storage. */
json_t *cell_document_read(const char *text, size_t length,
			   const char **problem);

#endif
