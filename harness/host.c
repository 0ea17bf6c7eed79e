/* host.c - reads facts of the machine from /proc and /sys.
 *
 * Sources: proc(5); the kernel's Documentation/admin-guide/mm (transhuge, ksm,
 * pagemap), admin-guide/sysctl (vm, kernel) and admin-guide/pm/cpufreq.
 */
#define _GNU_SOURCE
#include "host.h"

#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "hostparts.h"
#include "procfs.h"
#include "util.h"

#define THP "/sys/kernel/mm/transparent_hugepage/"
#define KSM "/sys/kernel/mm/ksm/"
#define VM "/proc/sys/vm/"
#define KERNEL "/proc/sys/kernel/"
#define CPU "/sys/devices/system/cpu/"

/* Facts that are the first line of a file, as text or as a whole number. */
static const struct {
	const char *key, *path;
	int number;
} files[] = {
	{ "transparent_hugepage", THP "enabled", 0 },
	{ "khugepaged", THP "khugepaged/defrag", 1 },
	{ "khugepaged_max_ptes_shared", THP "khugepaged/max_ptes_shared", 1 },
	{ "ksm", KSM "run", 0 },
	{ "ksm_merge_across_nodes", KSM "merge_across_nodes", 1 },
	{ "ksm_pages_sharing", KSM "pages_sharing", 1 },
	{ "overcommit", VM "overcommit_memory", 0 },
	{ "swappiness", VM "swappiness", 1 },
	{ "zswap", "/sys/module/zswap/parameters/enabled", 0 },
	{ "aslr", KERNEL "randomize_va_space", 0 },
	{ "numa_balancing", KERNEL "numa_balancing", 1 },
	{ "ptrace_scope", KERNEL "yama/ptrace_scope", 1 },
	{ "perf_event_paranoid", KERNEL "perf_event_paranoid", 1 },
	{ "governor", CPU "cpu0/cpufreq/scaling_governor", 0 },
	{ "scaling_driver", CPU "cpu0/cpufreq/scaling_driver", 0 },
	{ "clock_source",
	  "/sys/devices/system/clocksource/clocksource0/"
	  "current_clocksource",
	  0 },
};

/* The first line of a small file.  New; null if none, or no number. */
static json_t *line_of(const char *path, int number)
{
	char *text, *rest;
	json_t *value;
	long long v;

	if (read_file(path, 4096, &text, NULL) < 0)
		return json_null();
	text[strcspn(text, "\n")] = '\0';
	if (number) {
		v = strtoll(text, &rest, 10);
		value = rest == text ? json_null() : json_integer(v);
	} else {
		make_text_safe(text);
		value = json_string(text);
	}
	free(text);
	return value;
}

/* "model name" of the first CPU, and whether that is a hypervisor's; other
 * architectures than x86 tell neither in these words. */
void host_parse_cpuinfo(char *text, json_t *facts)
{
	json_t *model = json_null(), *virtual = json_null();
	char *p, *end;

	if (text != NULL) {
		p = strstr(text, "\nflags");
		if (p != NULL) {
			end = strchrnul(p + 1, '\n');
			p = strstr(p, " hypervisor");
			virtual = json_boolean(p != NULL && p < end);
		}
		p = strstr(text, "model name");
		p = p != NULL ? strchr(p, ':') : NULL;
		if (p != NULL) {
			p += strspn(p, ": \t");
			p[strcspn(p, "\n")] = '\0';
			make_text_safe(p);
			model = json_string(p);
		}
	}
	json_object_set_new(facts, "cpu", model);
	json_object_set_new(facts, "virtual_machine", virtual);
}

static void add_cpu(json_t *facts)
{
	char *text;

	if (read_file("/proc/cpuinfo", 65536, &text, NULL) < 0)
		text = NULL;
	host_parse_cpuinfo(text, facts);
	free(text);
}

/* Whether CPUs may run faster than their nominal speed for a while: the switch
 * of intel_pstate, or else that of the other drivers. */
static json_t *boost(void)
{
	json_t *off = line_of(CPU "intel_pstate/no_turbo", 1), *on, *value;

	if (json_is_integer(off))
		return json_boolean(json_integer_value(off) == 0);
	on = line_of(CPU "cpufreq/boost", 1);
	value = json_is_integer(on) ? json_boolean(json_integer_value(on)) :
				      json_null();
	json_decref(on);
	return value;
}

/* Sizes of huge pages that are given out unasked ("64kB,128kB"), apart from the
 * one that `transparent_hugepage` rules; Linux 6.8. */
static json_t *sizes_always(void)
{
	glob_t found;
	char *list = xstrdup("");
	json_t *value;

	if (glob(THP "hugepages-*/enabled", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *size = found.gl_pathv[i] +
				strlen(THP "hugepages-");
			char *text, *longer;

			if (read_file(found.gl_pathv[i], 4096, &text, NULL) < 0)
				continue;
			if (strstr(text, "[always]") != NULL) {
				longer = xasprintf(
					"%s%s%.*s", list, *list ? "," : "",
					(int)strcspn(size, "/"), size);
				free(list);
				list = longer;
			}
			free(text);
		}
		globfree(&found);
	}
	value = json_string(list);
	free(list);
	return value;
}

/* NUMA nodes that have CPUs or memory. */
static json_t *numa_nodes(void)
{
	glob_t found;
	json_t *value = json_null();

	if (glob("/sys/devices/system/node/node[0-9]*", 0, NULL, &found) == 0) {
		value = json_integer((json_int_t)found.gl_pathc);
		globfree(&found);
	}
	return value;
}

static json_t *kib(const char *name)
{
	int64_t value = procfs_meminfo(name);

	return value < 0 ? json_null() : json_integer(value);
}

static void add_memory(json_t *facts)
{
	int64_t swap = procfs_meminfo("SwapTotal");
	int64_t unused = procfs_meminfo("SwapFree");

	json_object_set_new(facts, "memory_kib", kib("MemTotal"));
	json_object_set_new(facts, "memory_available_kib", kib("MemAvailable"));
	json_object_set_new(facts, "swap_kib", kib("SwapTotal"));
	json_object_set_new(facts, "swap_used_kib",
			    swap < 0 || unused < 0 ?
				    json_null() :
				    json_integer(swap - unused));
	json_object_set_new(facts, "commit_limit_kib", kib("CommitLimit"));
	json_object_set_new(facts, "committed_kib", kib("Committed_AS"));
}

/* A limit of this process in `unit`s; null when it is not set. */
static json_t *limit(int resource, rlim_t unit)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)resource, &r) < 0 ||
	    r.rlim_cur == RLIM_INFINITY)
		return json_null();
	return json_integer((json_int_t)(r.rlim_cur / unit));
}

/* Cost of reading the clock: the best of many short trials, so that other work
 * does not count. */
static json_t *clock_cost(void)
{
	int64_t best = INT64_MAX;
	struct timespec t;

	for (int trial = 0; trial < 50; trial++) {
		int64_t begin = now_ns(), ns;

		for (int i = 0; i < 100; i++)
			clock_gettime(CLOCK_MONOTONIC, &t);
		ns = (now_ns() - begin) / 100;
		best = ns < best ? ns : best;
	}
	return json_integer(best);
}

static void add_cpus(json_t *facts)
{
	cpu_set_t allowed;

	add_cpu(facts);
	json_object_set_new(facts, "cpus",
			    json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_set_new(facts, "cpus_allowed",
			    sched_getaffinity(0, sizeof allowed, &allowed) < 0 ?
				    json_null() :
				    json_integer(CPU_COUNT(&allowed)));
	json_object_set_new(facts, "numa_nodes", numa_nodes());
	json_object_set_new(facts, "boost", boost());
	json_object_set_new(facts, "clock_ns", clock_cost());
}

json_t *host_facts(void)
{
	struct utsname u;
	double load[1] = { 0 };
	int persona = personality(0xffffffff); /* only asks */
	json_t *facts;

	uname(&u);
	getloadavg(load, 1);
	facts = json_pack("{ss ss ss sI sf so}", "system", u.sysname, "kernel",
			  u.release, "machine", u.machine, "page_bytes",
			  (json_int_t)sysconf(_SC_PAGESIZE), "load1", load[0],
			  "aslr_off_here",
			  persona < 0 ?
				  json_null() :
				  json_boolean(persona & ADDR_NO_RANDOMIZE));
	add_cpus(facts);
	add_memory(facts);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		json_object_set_new(facts, files[i].key,
				    line_of(files[i].path, files[i].number));
	json_object_set_new(facts, "hugepage_sizes_always", sizes_always());
	/* The kernel does not hold root to this limit. */
	json_object_set_new(
		facts, "limit_processes",
		getuid() == 0 ? json_null() : limit(RLIMIT_NPROC, 1));
	json_object_set_new(facts, "limit_files", limit(RLIMIT_NOFILE, 1));
	json_object_set_new(facts, "limit_address_space_kib",
			    limit(RLIMIT_AS, 1024));
	hostcgroup_add(facts);
	hostprobe_add(facts);
	hostload_add(facts);
	return facts;
}
