/* runchoice.h - the options --run and --db, shared by commands that read a run. */
#ifndef PERMAFROST_RUNCHOICE_H
#define PERMAFROST_RUNCHOICE_H

#include <argp.h>

#include "store.h"

enum run_option {
	OPTION_RUN = 0x200,
	OPTION_DB,
	OPTION_AFTER_RUN,
};

/* clang-format off */
#define RUN_OPTIONS                                                            \
	{ "run", OPTION_RUN, "ID", 0, "which run (default: the newest)", 0 },  \
	{ "db", OPTION_DB, "FILE", 0, "the results database", 0 }
/* clang-format on */

struct run_choice {
	const char *db; /* path; NULL: the default one */
	long run;	/* 0: the newest */
};

/* Takes one of RUN_OPTIONS, for an argp parser; refuses arguments. */
error_t run_choice_parse(int key, char *arg, struct argp_state *state,
			 struct run_choice *choice);

/* Opens the database for reading and finds the run.  0 and the run's id; else an
 * exit code after a complaint, and the store is closed. */
int run_choice_open(const struct run_choice *choice, struct store *s,
		    int64_t *run);

#endif
