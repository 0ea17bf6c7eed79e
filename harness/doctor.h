/* doctor.h - judges facts of a host: what can be measured on it, and what those
 * measurements are worth. */
#ifndef PERMAFROST_DOCTOR_H
#define PERMAFROST_DOCTOR_H

#include <jansson.h>

/* What host_facts() says, turned into findings: a new array with one object per
 * probe, in the order of doctorrules.c:
 *
 *   probe    its name
 *   label    the same in plain words
 *   state    "ok", "limited", "missing" or "unknown"
 *   detail   what was found, in words
 *   harm     "none", "doubtful" or "lost": what that does to `metrics`
 *   metrics  keys of the metrics that depend on it
 *   effect   what follows from it, or null
 *   cure     what helps, or null
 *   because  for a verdict: "while ...", "as ..."; null without harm
 *
 * Pure: the facts may be those of another host, or of a stored run; a fact that
 * is not there is unknown. */
json_t *doctor_judge(const json_t *facts);

/* A new array of sentences, one per kind of metric: which can be trusted. */
json_t *doctor_verdict(const json_t *findings);

/* Whether no metric is lost or doubtful. */
int doctor_trustworthy(const json_t *findings);

/* Complains, in one line each, about what makes metrics doubtful or loses them.
 * `facts` may be NULL: then they are asked for, which takes 0.3 s. */
void doctor_warn(const json_t *facts);

#endif
