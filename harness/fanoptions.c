/* fanoptions.c - where cells run: options, and what is set up for them. */
#define _GNU_SOURCE
#include "fanoptions.h"

#include <stdlib.h>
#include <string.h>

#include "fanout.h"
#include "install.h"

#define FATE_TIMEOUT_S 20
#define JOBS_MAX 1024

static void add_login(struct argp_state *state, struct fan_options *fan,
		      const char *login)
{
	if (sshhosts_add(&fan->hosts, login) < 0)
		argp_error(state,
			   "'%s' is not [USER@]HOST[:PORT]; options of "
			   "ssh go into its configuration or PARALLEL_SSH",
			   login);
}

/* Adds the logins of a file: one per line, without comments. */
static void read_logins(struct argp_state *state, struct fan_options *fan,
			const char *path)
{
	struct strings lines = { NULL, 0 };
	char *text;
	int result = read_file(path, 1 << 20, &text, NULL);

	if (result < 0) {
		argp_error(state, "--sshloginfile=%s: %s", path,
			   strerror(-result));
		return;
	}
	strings_split(&lines, text, '\n');
	for (size_t i = 0; i < lines.n; i++) {
		char *line = lines.items[i] + strspn(lines.items[i], " \t\r");

		line[strcspn(line, "# \t\r")] = '\0';
		if (*line != '\0')
			add_login(state, fan, line);
	}
	strings_fini(&lines);
	free(text);
}

error_t fan_parse(int key, char *arg, struct argp_state *state,
		  struct fan_options *fan)
{
	struct strings logins = { NULL, 0 };

	switch (key) {
	case OPTION_JOBS:
		fan->jobs = argument_number(state, "jobs", arg, 1, JOBS_MAX);
		return 0;
	case OPTION_SSHLOGIN:
		strings_split(&logins, arg, ',');
		if (logins.n == 0)
			argp_error(state, "--sshlogin needs a host");
		for (size_t i = 0; i < logins.n; i++)
			add_login(state, fan, logins.items[i]);
		strings_fini(&logins);
		return 0;
	case OPTION_SSHLOGINFILE:
		read_logins(state, fan, arg);
		if (fan->hosts.n == 0)
			argp_error(state, "--sshloginfile=%s names no host",
				   arg);
		return 0;
	case OPTION_SHIP:
		fan->shipping = 1;
		return 0;
	case OPTION_REMOTE_HARNESS:
		fan->remote = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void fan_check(struct argp_state *state, const struct fan_options *fan)
{
	if ((fan->shipping || fan->remote != NULL) &&
	    sshhosts_remote(&fan->hosts) == 0)
		argp_error(state,
			   "--ship and --remote-harness need --sshlogin "
			   "with another machine");
	if (fan->shipping && fan->remote != NULL)
		argp_error(state,
			   "--ship brings the program along; leave "
			   "--remote-harness out");
}

int fan_wanted(const struct fan_options *fan)
{
	return fan->jobs > 1 || fan->hosts.n > 0;
}

int fan_begin(struct fan_options *fan, int dry)
{
	int code;

	if (fan_wanted(fan) && !dry) {
		code = fanout_check();
		if (code != 0)
			return code;
	}
	if (sshhosts_remote(&fan->hosts) == 0)
		return 0;
	if (fan->shipping) {
		code = ship_begin(&fan->ship, &fan->hosts);
		if (code != 0)
			return code;
		if (fan->hosts.n == 0)
			return fail(EXIT_FAULT, "no host is left");
		fan->program = xstrdup(fan->ship.program);
		return 0;
	}
	fan->program = shell_quote(fan->remote != NULL ? fan->remote :
							 install_program());
	return 0;
}

void fan_end(struct fan_options *fan)
{
	ship_end(&fan->ship);
	sshhosts_fini(&fan->hosts);
	free(fan->program);
	fan->program = NULL;
}

json_t *fan_logins(const struct fan_options *fan)
{
	json_t *logins = json_array();

	for (size_t i = 0; i < fan->hosts.n; i++)
		json_array_append_new(logins,
				      json_string(fan->hosts.items[i].login));
	return logins;
}

char *fan_fate(const struct fan_options *fan)
{
	const struct sshhosts *hosts = &fan->hosts;
	struct sshanswer *answers;
	size_t lost = 0;
	char *fate;

	if (sshhosts_remote(hosts) == 0 || interrupted)
		return xstrdup("");
	answers = sshhosts_ask(hosts, "exit 0", FATE_TIMEOUT_S);
	for (size_t i = 0; i < hosts->n; i++) {
		if (hosts->items[i].local ||
		    (answers[i].asked && answers[i].status == 0))
			continue;
		lost++;
		complain("warning: %s does not answer any more: %s",
			 hosts->items[i].login, sshanswer_problem(&answers[i]));
	}
	sshanswers_free(answers, hosts->n);
	fate = lost > 0 ?
		xasprintf("; %zu hosts, %zu of them lost", hosts->n, lost) :
		xasprintf("; %zu host%s", hosts->n, hosts->n > 1 ? "s" : "");
	return fate;
}
