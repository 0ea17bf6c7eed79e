/* scratch.h - a private folder for the time of a command. */
#ifndef PERMAFROST_SCRATCH_H
#define PERMAFROST_SCRATCH_H

/* Makes a folder of an unguessable name, for this user alone, in TMPDIR or /tmp.
 * Its path, to be freed by scratch_remove(); NULL after a complaint. */
char *scratch_make(void);

/* Removes it with all that is in it. */
void scratch_remove(char *dir);

#endif
