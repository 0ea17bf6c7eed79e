/* main.c - finds the subcommand and runs it. */
#define _GNU_SOURCE
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "util.h"

static const struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND(name, summary) { #name, summary, cmd_##name },
#include "commands.def"
#undef COMMAND
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "%s\n", PACKAGE_STRING);
}

static void usage(void)
{
	const char *name = program_invocation_short_name;

	printf("Usage: %s COMMAND [OPTION...]\n"
	       "Measures what freezing the garbage collector's heap saves in "
	       "forked Python workers.\n\n",
	       name);
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-8s %s\n", commands[i].name, commands[i].summary);
	printf("\n'%s COMMAND --help' tells the options; '%s --version' the "
	       "version.\n\n"
	       "Exit codes: 0 all cells ran; 1 the harness itself failed; 2 "
	       "usage; 3 a cell\nfailed; 4 nothing that was asked for is "
	       "supported here; 5 do not trust the\ndata; "
	       "124 every cell timed out; 130 interrupted.\n",
	       name, name);
}

/* Data on stdout is complete, or the exit code says so.  Run at exit, since argp
 * leaves the program by itself after --help. */
static void close_stdout(void)
{
	if (fflush(stdout) != 0 || ferror(stdout) || fclose(stdout) != 0) {
		complain("cannot write to standard output: %s",
			 strerror(errno));
		_exit(EXIT_FAULT);
	}
}

/* A database must not get descriptor 1 and then be printed into.  A closed
 * stdout is opened for reading, so that printing fails and is told. */
static void open_missing_streams(void)
{
	static const int modes[] = { O_RDONLY, O_RDONLY, O_WRONLY };

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", modes[fd]);
}

int main(int argc, char **argv)
{
	const char *names[COMMANDS], *near;

	open_missing_streams();
	signal(SIGXFSZ,
	       SIG_IGN); /* a write beyond ulimit -f fails and is told */
	atexit(close_stdout);
	argp_err_exit_status = EXIT_USAGE;
	argp_program_version_hook = print_version;
	if (argc < 2)
		return fail(EXIT_USAGE, "which command? Try '%s --help'",
			    program_invocation_short_name);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		usage();
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		print_version(stdout, NULL);
		return EXIT_OK;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		names[i] = commands[i].name;
		if (strcmp(argv[1], names[i]) == 0) {
			argv[1] = xasprintf("%s %s",
					    program_invocation_short_name,
					    names[i]);
			return commands[i].run(argc - 1, argv + 1);
		}
	}
	near = nearest(argv[1], names, COMMANDS);
	return fail(EXIT_USAGE, "unknown command '%s'%s%s%s; try '%s --help'",
		    argv[1], near ? ", did you mean '" : "", near ? near : "",
		    near ? "'?" : "", program_invocation_short_name);
}
