/* commands.h - the subcommands.  A new one: one file cmd_NAME.c, one line in
 * commands.def. */
#ifndef PERMAFROST_COMMANDS_H
#define PERMAFROST_COMMANDS_H

/* Each takes the words after the program's name, argv[0] being what usage
 * messages call it ("harness run"), and returns an exit code. */
#define COMMAND(name, summary) int cmd_##name(int argc, char **argv);
#include "commands.def"
#undef COMMAND

#endif
