/* runchoice.c - which run of which database a command reads. */
#define _GNU_SOURCE
#include "runchoice.h"

#include "install.h"
#include "util.h"

error_t run_choice_parse(int key, char *arg, struct argp_state *state,
			 struct run_choice *choice)
{
	switch (key) {
	case OPTION_RUN:
		if (parse_long(arg, 1, 1L << 40, &choice->run) < 0)
			argp_error(state,
				   "--run takes a run's number, see "
				   "'list runs'");
		return 0;
	case OPTION_DB:
		choice->db = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "too many arguments");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int run_choice_open(const struct run_choice *choice, struct store *s,
		    int64_t *run)
{
	const char *db = choice->db ? choice->db : install_default_db();

	if (store_open(s, db, STORE_READ) < 0)
		return EXIT_FAULT;
	*run = store_find_run(s, choice->run);
	if (*run > 0)
		return 0;
	store_close(s);
	return *run == 0 ? EXIT_USAGE : EXIT_FAULT;
}
