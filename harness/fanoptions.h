/* fanoptions.h - the options of `run` that say where cells run and how many at a
 * time, and what they need before and after. */
#ifndef PERMAFROST_FANOPTIONS_H
#define PERMAFROST_FANOPTIONS_H

#include <argp.h>

#include "celllimits.h"
#include "ship.h"
#include "sshhost.h"

enum fan_option {
	OPTION_JOBS = OPTION_AFTER_LIMITS,
	OPTION_SSHLOGIN,
	OPTION_SSHLOGINFILE,
	OPTION_SHIP,
	OPTION_REMOTE_HARNESS,
	OPTION_AFTER_FAN,
};

/* clang-format off */
#define FAN_OPTIONS                                                            \
	{ "jobs", OPTION_JOBS, "N", 0,                                         \
	  "cells at a time on each host, through GNU parallel, whose account " \
	  "goes into FILE.joblog beside the database; with more than 1 times " \
	  "are not measured (default: 1)", 0 },                                \
	{ "sshlogin", OPTION_SSHLOGIN, "HOST,...", 0,                          \
	  "run cells on these machines, as [USER@]HOST[:PORT]; ':' is this "   \
	  "one", 0 },                                                          \
	{ "sshloginfile", OPTION_SSHLOGINFILE, "FILE", 0,                      \
	  "the same, one per line", 0 },                                       \
	{ "ship", OPTION_SHIP, 0, 0,                                           \
	  "copy this build to them for the time of the run", 0 },              \
	{ "remote-harness", OPTION_REMOTE_HARNESS, "PATH", 0,                  \
	  "this program on the other machines (default: its own path here)", 0 }
/* clang-format on */

struct fan_options {
	long jobs;
	struct sshhosts hosts; /* none: this machine alone */
	int shipping;
	const char *remote; /* --remote-harness, or NULL */
	char *program;	    /* the harness there, as a shell reads it */
	struct ship ship;
};

/* Takes one of FAN_OPTIONS, for an argp parser. */
error_t fan_parse(int key, char *arg, struct argp_state *state,
		  struct fan_options *fan);

/* Refuses what does not go together, when all options are read. */
void fan_check(struct argp_state *state, const struct fan_options *fan);

/* Whether GNU parallel is needed at all. */
int fan_wanted(const struct fan_options *fan);

/* Sees to it that parallel (unless `dry`) and the program are where they are
 * needed.  0, or an exit code after a complaint; fan_end() in both cases. */
int fan_begin(struct fan_options *fan, int dry);
void fan_end(struct fan_options *fan);

/* The logins, for what is stored with the run.  New. */
json_t *fan_logins(const struct fan_options *fan);

/* "; 3 hosts, 1 of them lost", with a warning for each that does not answer any
 * more; "" when no other machine was used.  New. */
char *fan_fate(const struct fan_options *fan);

#endif
