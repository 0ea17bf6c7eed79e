/* hostload.c - how busy the CPUs are right now, and with whose work.
 *
 * The load average would still remember our own last run, so the ticks of
 * /proc/stat are compared over a moment in which we do nothing ourselves.
 * Source: proc(5), stat of the system and of a process.  In a container the
 * former is usually the whole host's, while others' processes are not seen.
 */
#define _GNU_SOURCE
#include "hostparts.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "procfs.h"
#include "util.h"

#define MOMENT_US 300000
#define PROCESSES_MAX 4096 /* looked at; more would take too long */
#define NAMED 3		   /* of the busiest */

struct process {
	int pid;
	uint64_t ticks;
	char name[32];
};

struct snapshot {
	struct cpu_ticks cpu;
	struct process *processes; /* by pid, as /proc lists them */
	size_t n;
	long ours; /* processes of our user */
};

int hostload_parse_cpu(const char *text, struct cpu_ticks *ticks)
{
	unsigned long long t[8];

	if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0],
		   &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
		return -1;
	ticks->all = 0;
	for (int i = 0; i < 8; i++)
		ticks->all += t[i];
	ticks->idle = t[3] + t[4];
	ticks->steal = t[7];
	return 0;
}

static int read_ticks(struct cpu_ticks *ticks)
{
	char *text;
	int result;

	if (read_file("/proc/stat", 65536, &text, NULL) < 0)
		return -1;
	result = hostload_parse_cpu(text, ticks);
	free(text);
	return result;
}

/* Reads name and ticks of a process.  0, or -1 when it is gone. */
static int read_process(int pid, struct process *p)
{
	struct procfs_stat stat;

	if (procfs_read_stat(pid, &stat) < 0)
		return -1;
	*p = (struct process){ .pid = pid, .ticks = stat.cpu_ticks };
	memcpy(p->name, stat.name, sizeof p->name);
	return 0;
}

static int take(struct snapshot *s)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	struct stat st;

	*s = (struct snapshot){ .n = 0 };
	if (read_ticks(&s->cpu) < 0 || dir == NULL) {
		if (dir != NULL)
			closedir(dir);
		return -1;
	}
	s->processes = xcalloc(PROCESSES_MAX, sizeof *s->processes);
	while (s->n < PROCESSES_MAX && (entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		    st.st_uid == getuid())
			s->ours++;
		if (read_process(atoi(entry->d_name), &s->processes[s->n]) == 0)
			s->n++;
	}
	closedir(dir);
	return 0;
}

/* Leaves in `after` the ticks since `before`; our own are none. */
static void subtract(struct snapshot *after, const struct snapshot *before)
{
	size_t b = 0;

	for (size_t a = 0; a < after->n; a++) {
		struct process *p = &after->processes[a];

		while (b < before->n && before->processes[b].pid < p->pid)
			b++;
		if (b < before->n && before->processes[b].pid == p->pid)
			p->ticks = p->ticks > before->processes[b].ticks ?
				p->ticks - before->processes[b].ticks :
				0;
		if (p->pid == getpid())
			p->ticks = 0;
	}
}

static int busier(const void *a, const void *b)
{
	const struct process *p = a, *q = b;

	return (p->ticks < q->ticks) - (p->ticks > q->ticks);
}

/* "cc1 0.9, python3 0.4": the processes that took most, in CPUs. */
static json_t *busiest(struct snapshot *s, double ticks_per_cpu)
{
	char *list = xstrdup(""), *longer;
	json_t *value;

	qsort(s->processes, s->n, sizeof *s->processes, busier);
	for (size_t i = 0; i < s->n && i < NAMED; i++) {
		double cpus = (double)s->processes[i].ticks / ticks_per_cpu;

		if (cpus < 0.1)
			break;
		longer = xasprintf("%s%s%s %.1f", list, *list ? ", " : "",
				   s->processes[i].name, cpus);
		free(list);
		list = longer;
	}
	value = json_string(list);
	free(list);
	return value;
}

/* Ticks; the kernel's count of waiting for I/O may go backwards a little. */
static double since(unsigned long long after, unsigned long long before)
{
	return after > before ? (double)(after - before) : 0;
}

void hostload_add(json_t *facts)
{
	double cpus = (double)sysconf(_SC_NPROCESSORS_ONLN), all;
	struct snapshot before, after = { .n = 0 };
	int known = take(&before) == 0;

	json_object_set_new(facts, "user_processes",
			    known ? json_integer(before.ours) : json_null());
	if (known) {
		usleep(MOMENT_US);
		known = take(&after) == 0 && after.cpu.all > before.cpu.all;
	}
	if (known) {
		double idle = since(after.cpu.idle, before.cpu.idle);
		double steal = since(after.cpu.steal, before.cpu.steal);

		all = since(after.cpu.all, before.cpu.all);
		subtract(&after, &before);
		json_object_set_new(
			facts, "busy_cpus",
			json_real(idle + steal < all ?
					  cpus * (1 - (idle + steal) / all) :
					  0));
		json_object_set_new(facts, "steal_cpus",
				    json_real(cpus * steal / all));
		json_object_set_new(facts, "busiest",
				    busiest(&after, all / cpus));
	} else {
		json_object_set_new(facts, "busy_cpus", json_null());
		json_object_set_new(facts, "steal_cpus", json_null());
		json_object_set_new(facts, "busiest", json_null());
	}
	free(before.processes);
	free(after.processes);
}
