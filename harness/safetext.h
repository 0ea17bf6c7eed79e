/* safetext.h - documents that are to be shown on a terminal. */
#ifndef PERMAFROST_SAFETEXT_H
#define PERMAFROST_SAFETEXT_H

#include <jansson.h>

/* Makes all texts in `value` safe (see make_text_safe()), in place, but for those
 * below a key "deploy": these are lines of our own (see deploy.h).  To be called
 * before names and reasons out of a database are printed as a table. */
void safetext_make(json_t *value);

#endif
