/* observepython.h - the interpreter in another process, as far as its memory tells.
 *
 * Nothing of it runs our code, so what the template of a cell says of itself
 * (struct shm_layout) is found out from outside and checked:
 *
 *   the type `type`   the symbol PyType_Type of an ELF file in the process, whose
 *                     own type is itself, and whose flags say "type" and "has a
 *                     collector's header" (bits 31 and 14)
 *   objects           the count comes first, then the type; a type's flags are 168
 *                     bytes into it (Include/object.h and cpython/object.h, 2.7 to
 *                     3.14 on 64-bit machines).  Free-threaded builds differ and
 *                     fail that check.
 *   headers           16, 24 or 32 bytes before an object, whichever has links
 *                     whose neighbour links back
 *   version           the text that Py_GetVersion() keeps in writable memory of
 *                     the same file (Python/getversion.c)
 */
#ifndef PERMAFROST_OBSERVEPYTHON_H
#define PERMAFROST_OBSERVEPYTHON_H

#include <sys/types.h>

#include "causes.h"
#include "maps.h"

struct observe_python {
	char version[64];	    /* "3.11.2", "3.13.0t"; "": not known */
	const char *implementation; /* "CPython", "PyPy", or NULL */
	uint64_t generation0,
		runtime;	  /* symbols of the collector's state, or 0 */
	struct shm_layout layout; /* all 0: not known, because */
	const char *reason;	  /* of this; static storage, or NULL */
};

/* Finds the interpreter of a process by its mappings and its memory (see peek.h).
 * Always fills in *python; what is not known has its reason there. */
void observepython_find(const struct maps *maps, int memory,
			struct observe_python *python);

/* Reads the version from a text such as "3.11.2 (main, Mar 13 2023, 12:18:29) [GCC
 * 12.2.0]", which must have a "(" and a "[", into `version`, with a "t" behind it
 * when the build is free-threaded.  Pure.  0 or -EINVAL. */
int observepython_parse(const char *text, char *version, size_t size);

/* Whether a collector's header of an object that is tracked lies, at least in
 * part, on this page, behind which CAUSES_MARGIN bytes follow. */
int observepython_has_header(struct causes *causes, const void *page,
			     size_t bytes);

#endif
