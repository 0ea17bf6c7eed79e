/* host.c - reads facts of the machine from /proc and /sys. */
#define _GNU_SOURCE
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "procfs.h"
#include "util.h"

/* The first line of a small file, without its newline.  New; null if none. */
static json_t *line_of(const char *path)
{
	char *text;
	json_t *value;

	if (read_file(path, 4096, &text, NULL) < 0)
		return json_null();
	text[strcspn(text, "\n")] = '\0';
	make_text_safe(text);
	value = json_string(text);
	free(text);
	return value;
}

/* "model name" of the first CPU; other architectures name it differently. */
static json_t *cpu_model(void)
{
	char *text, *p;
	json_t *value = json_null();

	if (read_file("/proc/cpuinfo", 65536, &text, NULL) < 0)
		return value;
	p = strstr(text, "model name");
	p = p != NULL ? strchr(p, ':') : NULL;
	if (p != NULL) {
		p += strspn(p, ": \t");
		p[strcspn(p, "\n")] = '\0';
		make_text_safe(p);
		value = json_string(p);
	}
	free(text);
	return value;
}

static json_t *kib(const char *name)
{
	int64_t value = procfs_meminfo(name);

	return value < 0 ? json_null() : json_integer(value);
}

json_t *host_facts(void)
{
	struct utsname u;
	double load[1] = { 0 };

	uname(&u);
	getloadavg(load, 1);
	return json_pack("{ss ss ss so sI sI so so so so so so so sf}",
		"system", u.sysname, "kernel", u.release, "machine", u.machine,
		"cpu", cpu_model(),
		"cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN),
		"page_bytes", (json_int_t)sysconf(_SC_PAGESIZE),
		"memory_kib", kib("MemTotal"),
		"swap_kib", kib("SwapTotal"),
		"transparent_hugepage",
		line_of("/sys/kernel/mm/transparent_hugepage/enabled"),
		"ksm", line_of("/sys/kernel/mm/ksm/run"),
		"overcommit", line_of("/proc/sys/vm/overcommit_memory"),
		"aslr", line_of("/proc/sys/kernel/randomize_va_space"),
		"governor", line_of("/sys/devices/system/cpu/cpu0/cpufreq/"
				    "scaling_governor"),
		"load1", load[0]);
}

/* Ticks that all CPUs have spent and spent idle since boot; proc(5), stat. */
static int read_ticks(unsigned long long *all, unsigned long long *idle)
{
	unsigned long long t[8];
	char *text;
	int n;

	if (read_file("/proc/stat", 65536, &text, NULL) < 0)
		return -1;
	n = sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0],
		   &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
	free(text);
	if (n != 8)
		return -1;
	*all = 0;
	for (int i = 0; i < 8; i++)
		*all += t[i];
	*idle = t[3] + t[4];
	return 0;
}

/* CPUs that are busy right now, while we do nothing ourselves for a moment.  The
 * load average would still remember our own last run.  -1 if unknown. */
static double busy_cpus(void)
{
	unsigned long long all[2], idle[2];

	if (read_ticks(&all[0], &idle[0]) < 0)
		return -1;
	usleep(300000);
	if (read_ticks(&all[1], &idle[1]) < 0 || all[1] == all[0])
		return -1;
	return (1 - (double)(idle[1] - idle[0]) / (double)(all[1] - all[0])) *
		(double)sysconf(_SC_NPROCESSORS_ONLN);
}

void host_warn(void)
{
	double busy = busy_cpus();
	char *text;

	if (busy > 0.5)
		complain("warning: other work keeps %.1f of this host's CPUs "
			 "busy: pauses, latencies and CPU times may be its; "
			 "memory and counts are not affected", busy);
	if (read_file("/sys/kernel/mm/transparent_hugepage/enabled", 4096,
		      &text, NULL) == 0) {
		if (strstr(text, "[always]") != NULL)
			complain("warning: transparent huge pages are 'always':"
				 " a write copies 2 MiB instead of a page");
		free(text);
	}
}
