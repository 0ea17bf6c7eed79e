/* doctorrules.c - the table of what `harness doctor` looks at: one function per
 * probe, facts in, a finding out, nothing else read or written.
 *
 * Harm is said only of what falsifies or loses a metric.  What merely widens
 * the intervals between repeats, makes sampling slower or makes a cell fail
 * with its reason is `limited` without harm, so that a healthy host gets no
 * warnings. Sources: those of the files that gather the facts; thresholds are
 * ours and are explained where they stand.
 */
#define _GNU_SOURCE
#include "doctorrules.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define MEMORY "KiB"
#define TIMES "us ms"
#define ALL MEMORY " pages faults " TIMES
#define WORKERS 64	    /* as many as a large cell has */
#define GIB (1024.0 * 1024) /* in KiB */

/* A fact as text, or NULL. */
static const char *text(const json_t *facts, const char *key)
{
	return json_string_value(json_object_get(facts, key));
}

/* A fact as a number, be it one or the text of one; -1 when it is not known. */
static double number(const json_t *facts, const char *key)
{
	const json_t *value = json_object_get(facts, key);

	if (json_is_string(value))
		return strtod(json_string_value(value), NULL);
	return json_is_number(value) ? json_number_value(value) : -1;
}

static int is_true(const json_t *facts, const char *key)
{
	return json_is_true(json_object_get(facts, key));
}

static int is_yes(const json_t *facts, const char *key)
{
	const char *value = text(facts, key);

	return value != NULL && strcmp(value, "yes") == 0;
}

/* Why not, of a fact that is not "yes". */
static const char *why(const json_t *facts, const char *key)
{
	const char *value = text(facts, key);

	return value != NULL ? value : "could not be tried";
}

static void __attribute__((format(printf, 3, 4)))
found(struct finding *f, enum doctor_state state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	f->state = state;
	f->detail = xvasprintf(format, args);
	va_end(args);
}

static void advise(struct finding *f, const char *effect, const char *cure)
{
	f->effect = xstrdup(effect);
	f->cure = cure != NULL ? xstrdup(cure) : NULL;
}

static void __attribute__((format(printf, 3, 4)))
harms(struct finding *f, enum doctor_harm harm, const char *because, ...)
{
	va_list args;

	va_start(args, because);
	f->harm = harm;
	f->because = xvasprintf(because, args);
	va_end(args);
}

static void unknown(struct finding *f)
{
	found(f, DOCTOR_UNKNOWN, "not told here");
}

static void judge_interpreters(const json_t *facts, struct finding *f)
{
	double supported = number(facts, "interpreters_supported");
	double all = number(facts, "interpreters_found");

	if (supported < 0) {
		unknown(f);
	} else if (supported == 0) {
		found(f, DOCTOR_MISSING, "none of %.0f found can be measured",
		      all);
		advise(f, "no cell can run",
		       "see 'harness list interpreters' "
		       "for the reasons; then run configure with "
		       "--with-pythons=LIST");
		harms(f, HARM_LOST, "as there is no interpreter to measure");
	} else {
		found(f, DOCTOR_OK, "%.0f of %.0f found can be measured",
		      supported, all);
	}
}

static void judge_pagemap(const json_t *facts, struct finding *f)
{
	const char *no = !is_yes(facts, "pagemap") ?
		why(facts, "pagemap") :
		!is_yes(facts, "pagemap_exclusive") ?
		why(facts, "pagemap_exclusive") :
		NULL;

	if (text(facts, "pagemap") == NULL) {
		unknown(f);
		return;
	}
	if (no == NULL) {
		found(f, DOCTOR_OK, "copied pages are told from shared ones");
		return;
	}
	found(f, DOCTOR_MISSING, "%s", no);
	advise(f, "copied pages cannot be counted",
	       is_yes(facts, "pagemap") ?
		       "Linux 4.2 or later, without patches to bit 56 of pagemap" :
		       "mount /proc, without hidepid; let the sandbox or security "
		       "module allow /proc/PID/pagemap; a kernel with "
		       "CONFIG_PROC_PAGE_MONITOR");
	harms(f, HARM_LOST, "as /proc/PID/pagemap does not tell copies");
}

static void judge_pagemap_scan(const json_t *facts, struct finding *f)
{
	if (is_yes(facts, "pagemap_scan")) {
		found(f, DOCTOR_OK, "available");
		return;
	}
	found(f, DOCTOR_MISSING, "%s", why(facts, "pagemap_scan"));
	advise(f, "sampling large heaps takes longer; no metric changes",
	       "Linux 6.7 or later");
}

static void judge_child_memory(const json_t *facts, struct finding *f)
{
	double scope = number(facts, "ptrace_scope");

	if (text(facts, "child_memory") == NULL) {
		unknown(f);
		return;
	}
	if (is_yes(facts, "child_memory")) {
		found(f, DOCTOR_OK, "readable%s",
		      is_yes(facts, "process_vm_readv") ?
			      "" :
			      " through /proc/PID/mem only");
		return;
	}
	found(f, DOCTOR_MISSING, "%s", why(facts, "child_memory"));
	advise(f,
	       "pages that really changed cannot be told from those copied "
	       "for nothing",
	       scope >= 3 ?
		       "restart with "
		       "kernel.yama.ptrace_scope at 1; 3 cannot be undone" :
		       scope == 2 ? "sysctl kernel.yama.ptrace_scope=1" :
				    "let the sandbox or "
				    "security module allow it; in a container: "
				    "--cap-add=SYS_PTRACE");
	harms(f, HARM_LOST, "as the memory of children cannot be read");
}

static void judge_smaps(const json_t *facts, struct finding *f)
{
	const char *answer = text(facts, "smaps_rollup");

	if (answer == NULL) {
		unknown(f);
	} else if (strcmp(answer, "yes") == 0 && is_yes(facts, "pss_parts")) {
		found(f, DOCTOR_OK, "smaps_rollup, with PSS by kind of memory");
	} else if (strcmp(answer, "yes") == 0) {
		found(f, DOCTOR_LIMITED, "smaps_rollup without PSS by kind");
		advise(f,
		       "PSS holds a share of files, which changes when "
		       "other processes map them, too",
		       "Linux 5.3 or later");
	} else if (strcmp(answer, "smaps") == 0) {
		found(f, DOCTOR_LIMITED, "smaps only, one entry per mapping");
		advise(f,
		       "checkpoints take several times longer; no metric "
		       "changes",
		       "Linux 4.14 or later");
	} else {
		found(f, DOCTOR_MISSING, "%s", answer);
		advise(f, "no process's memory can be measured",
		       "mount /proc, "
		       "without hidepid; let the sandbox or security module "
		       "allow /proc/PID/smaps_rollup");
		harms(f, HARM_LOST, "as smaps of children cannot be read");
	}
}

static void judge_stat(const json_t *facts, struct finding *f)
{
	if (text(facts, "stat") == NULL) {
		unknown(f);
		return;
	}
	if (is_yes(facts, "stat")) {
		found(f, DOCTOR_OK, "told by /proc/PID/stat");
		return;
	}
	found(f, DOCTOR_MISSING, "%s", why(facts, "stat"));
	advise(f, "a process's minor faults cannot be read",
	       "mount /proc, without hidepid");
	harms(f, HARM_LOST, "as /proc/PID/stat cannot be read");
}

static void judge_page_size(const json_t *facts, struct finding *f)
{
	double bytes = number(facts, "page_bytes");

	if (bytes < 0) {
		unknown(f);
	} else if (bytes <= 4096) {
		found(f, DOCTOR_OK, "%.0f KiB", bytes / 1024);
	} else {
		found(f, DOCTOR_LIMITED, "%.0f KiB", bytes / 1024);
		advise(f,
		       "a write copies more, and more objects lie on each "
		       "page: numbers hold for hosts of the same page size "
		       "only",
		       NULL);
	}
}

static void judge_thp(const json_t *facts, struct finding *f)
{
	const char *mode = text(facts, "transparent_hugepage");
	const char *sizes = text(facts, "hugepage_sizes_always");

	if (sizes == NULL)
		sizes = "";
	if (mode != NULL && strstr(mode, "[always]") != NULL)
		found(f, DOCTOR_LIMITED, "always%s",
		      number(facts, "khugepaged") == 1 ?
			      ", and khugepaged makes more of them" :
			      "");
	else if (*sizes != '\0')
		found(f, DOCTOR_LIMITED, "always, of %s", sizes);
	else if (mode == NULL)
		unknown(f);
	else
		found(f, DOCTOR_OK, "%s",
		      strstr(mode, "[never]") != NULL ?
			      "never" :
			      "only for programs that ask for them");
	if (f->state != DOCTOR_LIMITED)
		return;
	/* Since Linux 5.8 a write to a shared huge page splits it and copies
	 * one small page ("thp: change CoW semantics for anon-THP"; seen on
	 * 6.18); before, it copied all of it.  New memory comes as a huge page,
	 * and khugepaged may copy shared pages (max_ptes_shared). */
	advise(f,
	       "a worker's first write to new memory takes up to 2 MiB and "
	       "one fault, in the background shared pages may be copied to "
	       "make huge ones, and before Linux 5.8 a write copies 2 MiB "
	       "instead of a page",
	       *sizes != '\0' ? "echo madvise | sudo tee /sys/kernel/mm/"
				"transparent_hugepage/{,hugepages-*/}enabled" :
				"echo madvise | sudo tee "
				"/sys/kernel/mm/transparent_hugepage/enabled");
	harms(f, HARM_DOUBTFUL, "while transparent huge pages are 'always'");
}

static void judge_ksm(const json_t *facts, struct finding *f)
{
	double run = number(facts, "ksm");

	if (run < 0) {
		unknown(f);
	} else if (run != 1) {
		found(f, DOCTOR_OK, "off");
	} else if (!is_true(facts, "ksm_merge_any")) {
		found(f, DOCTOR_OK, "only for programs that ask for it");
	} else {
		found(f, DOCTOR_LIMITED, "on, and our processes inherit it%s",
		      number(facts, "ksm_merge_across_nodes") == 0 ?
			      " (within each NUMA node)" :
			      "");
		advise(f,
		       "pages become shared again behind our back: private "
		       "memory, PSS and copied pages come out too low",
		       "echo 2 | sudo tee /sys/kernel/mm/ksm/run, or start "
		       "without PR_SET_MEMORY_MERGE (systemd: MemoryKSM=no)");
		harms(f, HARM_DOUBTFUL, "while same-page merging is on");
	}
}

static void judge_swap(const json_t *facts, struct finding *f)
{
	double all = number(facts, "swap_kib");
	double used = number(facts, "swap_used_kib");
	double memory = number(facts, "memory_kib");
	double available = number(facts, "memory_available_kib");
	double swappiness = number(facts, "swappiness");
	const char *zswap = text(facts, "zswap");
	char *more;

	if (all < 0) {
		unknown(f);
		return;
	}
	if (all == 0) {
		found(f, DOCTOR_OK, "none");
		return;
	}
	more = swappiness < 0 ? xstrdup("") :
				xasprintf(", swappiness %.0f", swappiness);
	found(f, used > 0 ? DOCTOR_LIMITED : DOCTOR_OK,
	      "%.1f of %.1f GiB used%s%s", used / GIB, all / GIB, more,
	      zswap != NULL && *zswap == 'Y' ? ", zswap" : "");
	free(more);
	if (used <= 0)
		return;
	advise(f,
	       "a cell of which pages are swapped out has no memory metrics "
	       "(null, with the reason)",
	       "sudo swapoff -a, or more memory");
	/* What was swapped out some day is no harm while memory is plenty. */
	if (memory > 0 && available >= 0 && available < memory / 10)
		harms(f, HARM_DOUBTFUL,
		      "while the host is short of memory and "
		      "swaps");
}

static void judge_memory(const json_t *facts, struct finding *f)
{
	double available = number(facts, "memory_available_kib");
	double limit = number(facts, "memory_limit_kib");
	double usable = limit >= 0 && (available < 0 || limit < available) ?
		limit :
		available;

	if (usable < 0) {
		unknown(f);
		return;
	}
	/* 2 GiB: 8 workers of the default workload without freezing. */
	found(f, usable < 2 * GIB ? DOCTOR_LIMITED : DOCTOR_OK, "%.1f GiB %s",
	      usable / GIB,
	      limit >= 0 && usable == limit ? "allowed by the control group" :
					      "available");
	if (f->state == DOCTOR_LIMITED)
		advise(f,
		       "large cells are stopped (--min-free) or killed, and "
		       "recorded as failed",
		       "lower --scale or --workers, or more memory");
}

static void judge_overcommit(const json_t *facts, struct finding *f)
{
	double mode = number(facts, "overcommit");
	double limit = number(facts, "commit_limit_kib");
	double used = number(facts, "committed_kib");

	if (mode < 0) {
		unknown(f);
	} else if (mode != 2) {
		found(f, DOCTOR_OK, "allowed (mode %.0f)", mode);
	} else {
		found(f, DOCTOR_LIMITED,
		      limit < 0 || used < 0 ?
			      "forbidden "
			      "(mode 2)" :
			      "forbidden (mode 2), %.1f GiB left of %.1f",
		      (limit - used) / GIB, limit / GIB);
		advise(f,
		       "each fork counts the whole template: cells may fail "
		       "to fork while memory is free",
		       "sudo sysctl vm.overcommit_memory=0");
	}
}

static void judge_cgroup(const json_t *facts, struct finding *f)
{
	double version = number(facts, "cgroup_version");

	if (is_yes(facts, "cgroup_create")) {
		found(f, DOCTOR_OK, "version %.0f, can be made for a cell",
		      version);
		return;
	}
	found(f, DOCTOR_MISSING, "%s", why(facts, "cgroup_create"));
	advise(f,
	       "total_kib is not cross-checked with the kernel's own "
	       "account; it is measured all the same",
	       version == 2 ?
		       "systemd-run --user --scope -p Delegate=yes harness run ..." :
		       version == 1 ?
		       "as root, or in a group whose folder is writable" :
		       "a kernel and container with the memory controller");
}

static void judge_numa(const json_t *facts, struct finding *f)
{
	double nodes = number(facts, "numa_nodes");

	if (nodes < 0) {
		unknown(f);
	} else if (nodes <= 1) {
		found(f, DOCTOR_OK, "one");
	} else if (number(facts, "numa_balancing") > 0) {
		found(f, DOCTOR_LIMITED, "%.0f, balanced by the kernel", nodes);
		advise(f,
		       "balancing unmaps pages to see who uses them: that "
		       "counts as minor faults, and takes time",
		       "sudo sysctl kernel.numa_balancing=0, or "
		       "numactl --cpunodebind=0 --membind=0 harness run ...");
		harms(f, HARM_DOUBTFUL, "while NUMA balancing is on");
	} else {
		found(f, DOCTOR_LIMITED, "%.0f", nodes);
		advise(f,
		       "times depend on where memory happens to lie; "
		       "repeats show it as wider intervals",
		       "numactl --cpunodebind=0 --membind=0 harness run ...");
	}
}

static void judge_aslr(const json_t *facts, struct finding *f)
{
	double mode = number(facts, "aslr");
	int off_here = is_true(facts, "aslr_off_here");

	if (mode > 0 && !off_here) {
		found(f, DOCTOR_OK, mode >= 2 ? "full" : "without the heap");
		return;
	}
	if (mode < 0 && !off_here) {
		unknown(f);
		return;
	}
	found(f, DOCTOR_LIMITED, off_here ? "off for this process" : "off");
	advise(f,
	       "all repeats share one layout of memory: intervals come out "
	       "too narrow",
	       off_here ? "start without setarch -R, and outside "
			  "of a debugger" :
			  "sudo sysctl kernel.randomize_va_space=2");
}

static void judge_limits(const json_t *facts, struct finding *f)
{
	double processes = number(facts, "limit_processes");
	double ours = number(facts, "user_processes");
	double group = number(facts, "limit_cgroup_processes");
	double open_files = number(facts, "limit_files");
	double space = number(facts, "limit_address_space_kib");

	if (ours < 0)
		ours = 0;
	if (text(facts, "fork") != NULL && !is_yes(facts, "fork")) {
		found(f, DOCTOR_MISSING, "no process can be forked: %s",
		      why(facts, "fork"));
		harms(f, HARM_LOST, "as no process can be forked");
	} else if (processes >= 0 && processes < ours + WORKERS + 16) {
		found(f, DOCTOR_LIMITED, "%.0f processes per user, %.0f taken",
		      processes, ours);
	} else if (group >= 0 && group < WORKERS + 16) {
		found(f, DOCTOR_LIMITED, "%.0f processes in the control group",
		      group);
	} else if (open_files >= 0 && open_files < 4 * WORKERS) {
		found(f, DOCTOR_LIMITED, "%.0f open files", open_files);
	} else if (space >= 0) {
		found(f, DOCTOR_LIMITED, "%.1f GiB of addresses per process",
		      space / GIB);
	} else {
		found(f, DOCTOR_OK, "room for %d workers", WORKERS);
	}
	if (f->state != DOCTOR_OK)
		advise(f, "cells with many workers or a large heap fail",
		       "raise it: ulimit -u, -n, -v; pids.max of the group");
}

static void judge_cpus(const json_t *facts, struct finding *f)
{
	double all = number(facts, "cpus");
	double allowed = number(facts, "cpus_allowed");
	double quota = number(facts, "cpu_quota");

	if (allowed < 0)
		allowed = all;
	if (allowed < 0) {
		unknown(f);
	} else if (quota >= 0 && quota < allowed) {
		found(f, DOCTOR_LIMITED,
		      "%.0f, of which the control group "
		      "allows %.1f at a time",
		      allowed, quota);
		advise(f,
		       "workers are stopped for milliseconds when the quota "
		       "is spent, which looks like pauses",
		       "--parallel below "
		       "the quota, or pin the container to CPUs (cpuset) "
		       "instead");
		harms(f, HARM_DOUBTFUL, "while a quota of %.1f CPUs throttles",
		      quota);
	} else if (allowed == 1) {
		found(f, DOCTOR_LIMITED, "1 of %.0f", all > 0 ? all : 1);
		advise(f,
		       "a worker shares its CPU with the harness and all "
		       "else that runs: wider intervals",
		       all > 1 ? "taskset "
				 "with two CPUs or more" :
				 "two CPUs or more");
	} else {
		found(f, DOCTOR_OK, allowed < all ? "%.0f of %.0f" : "%.0f",
		      allowed, all);
	}
}

static void judge_frequency(const json_t *facts, struct finding *f)
{
	const char *governor = text(facts, "governor");
	const json_t *boost = json_object_get(facts, "boost");

	if (governor == NULL) {
		found(f, DOCTOR_UNKNOWN,
		      is_true(facts, "virtual_machine") ?
			      "a virtual machine: up to the host below" :
			      "not told here");
		advise(f,
		       "clock speed may change unseen; repeats show it as "
		       "wider intervals",
		       "more --repeat, or a machine of your own");
		return;
	}
	found(f,
	      strcmp(governor, "performance") == 0 && !json_is_true(boost) ?
		      DOCTOR_OK :
		      DOCTOR_LIMITED,
	      "governor %s%s%s%s", governor,
	      text(facts, "scaling_driver") != NULL ? " of " : "",
	      text(facts, "scaling_driver") != NULL ?
		      text(facts, "scaling_driver") :
		      "",
	      json_is_true(boost)	   ? ", boost on" :
		      json_is_false(boost) ? ", boost off" :
					     "");
	if (f->state == DOCTOR_LIMITED)
		advise(f,
		       "times follow the clock speed, which follows load "
		       "and heat; repeats show it as wider intervals",
		       "sudo cpupower frequency-set -g performance, boost off "
		       "(echo 1 to intel_pstate/no_turbo, or 0 to "
		       "cpufreq/boost)");
}

/* Others' work displaces ours from half a CPU on, or a tenth of a large host.
 * Not to know of it is no reason to trust times. */
static void judge_load(const json_t *facts, struct finding *f)
{
	double busy = number(facts, "busy_cpus"), cpus = number(facts, "cpus");
	const char *names = text(facts, "busiest");

	if (busy < 0) {
		unknown(f);
		advise(f,
		       "other work may disturb pauses, latencies and CPU "
		       "times unseen",
		       "let /proc/stat be read");
		harms(f, HARM_DOUBTFUL, "as other work cannot be seen");
		return;
	}
	if (busy <= (cpus > 5 ? cpus / 10 : 0.5)) {
		found(f, DOCTOR_OK, "%.1f of %.0f CPUs busy", busy, cpus);
		return;
	}
	found(f, DOCTOR_LIMITED, "%.1f of %.0f CPUs busy%s%s%s", busy, cpus,
	      names != NULL && *names ? " (" : "", names != NULL ? names : "",
	      names != NULL && *names ? ")" : "");
	advise(f,
	       "pauses, latencies and CPU times may be that work's; memory "
	       "and counts are not affected",
	       "stop it, or wait until it is done");
	harms(f, HARM_DOUBTFUL, "while other work keeps %.1f of %.0f CPUs busy",
	      busy, cpus);
}

static void judge_steal(const json_t *facts, struct finding *f)
{
	double steal = number(facts, "steal_cpus");

	if (steal < 0) {
		unknown(f);
	} else if (steal <= 0.1) {
		found(f, DOCTOR_OK, "%.1f CPUs", steal);
	} else {
		found(f, DOCTOR_LIMITED, "%.1f CPUs", steal);
		advise(f,
		       "the host below runs other machines on our CPUs, "
		       "which looks like pauses",
		       "another time, or a machine "
		       "with CPUs of its own");
		harms(f, HARM_DOUBTFUL,
		      "while the host below takes %.1f CPUs "
		      "away",
		      steal);
	}
}

/* Read through the vDSO, a clock costs some 20-60 ns, by a system call 200 or
 * more, from a timer's registers (hpet, acpi_pm) over 1 us. */
static void judge_clock(const json_t *facts, struct finding *f)
{
	const char *source = text(facts, "clock_source");
	double ns = number(facts, "clock_ns");

	if (ns < 0) {
		unknown(f);
		return;
	}
	found(f, ns <= 200 ? DOCTOR_OK : DOCTOR_LIMITED, "%s, %.0f ns to read",
	      source != NULL ? source : "unknown", ns);
	if (ns <= 200)
		return;
	advise(f,
	       "each collection and request is timed by two readings: short "
	       "ones come out too long",
	       "a faster source, see /sys/devices/"
	       "system/clocksource/clocksource0/available_clocksource");
	if (ns > 1000)
		harms(f, HARM_DOUBTFUL, "as reading the clock takes %.1f us",
		      ns / 1000);
}

static void judge_perf(const json_t *facts, struct finding *f)
{
	const char *software = text(facts, "perf_software");
	const char *hardware = text(facts, "perf_hardware");

	if (is_yes(facts, "perf_software") && is_yes(facts, "perf_hardware")) {
		found(f, DOCTOR_OK, "software and hardware events");
		return;
	}
	if (is_yes(facts, "perf_software"))
		found(f, DOCTOR_LIMITED, "software events only (hardware: %s)",
		      hardware != NULL ? hardware : "not tried");
	else
		found(f, DOCTOR_MISSING, "%s",
		      software != NULL ? software : "could not be tried");
	advise(f,
	       "none: no metric needs them; instructions would be a measure "
	       "of CPU work that other load does not disturb",
	       is_yes(facts, "perf_software") ?
		       "a machine, or a virtual one, "
		       "with performance counters" :
		       number(facts, "perf_event_paranoid") > 2 ?
		       "sudo sysctl kernel.perf_event_paranoid=2" :
		       "let the sandbox allow perf_event_open");
}

static void judge_soft_dirty(const json_t *facts, struct finding *f)
{
	if (is_yes(facts, "soft_dirty")) {
		found(f, DOCTOR_OK, "available");
		return;
	}
	found(f, DOCTOR_MISSING, "%s", why(facts, "soft_dirty"));
	advise(f,
	       "none: no metric needs it; it is a way of strategies to find "
	       "written pages",
	       "a kernel with CONFIG_MEM_SOFT_DIRTY");
}

static void judge_userfaultfd(const json_t *facts, struct finding *f)
{
	if (is_yes(facts, "userfaultfd_wp") &&
	    is_yes(facts, "userfaultfd_wp_async")) {
		found(f, DOCTOR_OK, "available, asynchronous too");
		return;
	}
	if (is_yes(facts, "userfaultfd_wp"))
		found(f, DOCTOR_LIMITED, "synchronous only");
	else
		found(f, DOCTOR_MISSING, "%s", why(facts, "userfaultfd_wp"));
	advise(f,
	       "none: no metric needs it; strategies guard pages with it "
	       "while other threads run",
	       is_yes(facts, "userfaultfd_wp") ?
		       "Linux 6.7 or later" :
		       "Linux 5.7 or later, and a sandbox that "
		       "allows userfaultfd");
}

const struct doctor_rule doctor_rules[] = {
	{ "interpreters", "interpreters", ALL, judge_interpreters },
	{ "smaps", "memory of processes", MEMORY, judge_smaps },
	{ "stat", "faults of processes",
	  "worker_minor_faults app_faults exit_faults", judge_stat },
	{ "pagemap", "copied pages", "pages", judge_pagemap },
	{ "child_memory", "contents of pages", "worker_floor_pages",
	  judge_child_memory },
	{ "pagemap_scan", "fast page scan", "", judge_pagemap_scan },
	{ "cgroup", "control group", "cgroup_kib", judge_cgroup },
	{ "page_size", "page size", MEMORY " pages faults", judge_page_size },
	{ "transparent_hugepage", "huge pages", MEMORY " pages faults",
	  judge_thp },
	{ "ksm", "same-page merging", MEMORY " pages", judge_ksm },
	{ "swap", "swap", MEMORY " pages", judge_swap },
	{ "memory", "free memory", "", judge_memory },
	{ "overcommit", "overcommitting", "", judge_overcommit },
	{ "limits", "limits", ALL, judge_limits },
	{ "aslr", "address randomising", TIMES, judge_aslr },
	{ "numa", "NUMA nodes", "faults " TIMES, judge_numa },
	{ "cpus", "CPUs", TIMES, judge_cpus },
	{ "frequency", "clock speed", TIMES, judge_frequency },
	{ "load", "other work", TIMES, judge_load },
	{ "steal", "stolen time", TIMES, judge_steal },
	{ "clock", "clock", TIMES, judge_clock },
	{ "perf", "perf events", "", judge_perf },
	{ "soft_dirty", "soft-dirty bits", "", judge_soft_dirty },
	{ "userfaultfd", "userfaultfd", "", judge_userfaultfd },
};

const size_t doctor_rules_count = sizeof doctor_rules / sizeof *doctor_rules;
