/* fanplan.h - what the machines of a run are, and which of its cells each can
 * run. */
#ifndef PERMAFROST_FANPLAN_H
#define PERMAFROST_FANPLAN_H

#include "plan.h"
#include "sshhost.h"

/* Asks every host for its facts and, when `selection` is not NULL, for its plan.
 * `remote` is the harness there, as a shell reads it.  Hosts that do not answer
 * well are dropped with a warning.  *plan gets each cell once: pending when any
 * host can run it, else with the reasons of all.  0, or an exit code after a
 * complaint when no host is left; free *plan in both cases. */
int fanplan_make(struct sshhosts *hosts, const char *remote,
		 const struct selection *selection, struct plan *plan);

#endif
