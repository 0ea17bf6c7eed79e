/* probe-headers.c - compiled by configure against the headers of each
 * interpreter, so that one with headers that we cannot read is listed with the
 * reason instead of breaking the build.  The two texts are read from the
 * preprocessor's output. */
#include "gcstate.h"

_Static_assert(sizeof(void *) == PROBE_POINTER,
	       "interpreter and compiler differ in the size of a pointer");

const char probe_era[] = GCSTATE_ERA;
const char probe_version[] = PY_VERSION;
