/* test_doctor.c - judging invented hosts: harness/doctor.c, doctorrules.c; and
 * finding the control group: harness/hostcgroup.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "metrics.h"

/* A host with nothing to complain of. */
static const char healthy[] =
	"{'interpreters_supported': 2, 'interpreters_found': 3, 'cpus': 4,"
	" 'cpus_allowed': 4, 'cpu_quota': null, 'page_bytes': 4096,"
	" 'memory_kib': 16777216, 'memory_available_kib': 12582912,"
	" 'memory_limit_kib': null, 'swap_kib': 0, 'swap_used_kib': 0,"
	" 'swappiness': 60, 'zswap': 'N', 'overcommit': '0',"
	" 'commit_limit_kib': 8388608, 'committed_kib': 4194304, 'aslr': '2',"
	" 'aslr_off_here': false, 'numa_nodes': 1, 'numa_balancing': 0,"
	" 'transparent_hugepage': 'always [madvise] never',"
	" 'hugepage_sizes_always': '', 'khugepaged': 1, 'ksm': '0',"
	" 'ksm_merge_any': false, 'ksm_merge_across_nodes': 1,"
	" 'governor': 'performance', 'scaling_driver': 'acpi-cpufreq',"
	" 'boost': false, 'virtual_machine': false, 'busy_cpus': 0.1,"
	" 'busiest': '', 'steal_cpus': 0.0, 'user_processes': 20,"
	" 'limit_processes': 4096, 'limit_files': 1024,"
	" 'limit_address_space_kib': null, 'limit_cgroup_processes': null,"
	" 'clock_source': 'tsc', 'clock_ns': 25, 'pagemap': 'yes',"
	" 'pagemap_exclusive': 'yes', 'pagemap_scan': 'yes',"
	" 'child_memory': 'yes', 'process_vm_readv': 'yes', 'stat': 'yes',"
	" 'ptrace_scope': 1, 'smaps_rollup': 'yes', 'pss_parts': 'yes',"
	" 'perf_software': 'yes', 'perf_hardware': 'yes',"
	" 'perf_event_paranoid': 2, 'cgroup_version': 2,"
	" 'cgroup_create': 'yes', 'soft_dirty': 'yes',"
	" 'fork': 'yes', 'userfaultfd_wp': 'yes',"
	" 'userfaultfd_wp_async': 'yes'}";

/* JSON with ' for ". */
static json_t *read_json(const char *text)
{
	char *copy = strdup(text);
	json_t *value;

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	value = json_loads(copy, 0, NULL);
	free(copy);
	assert_non_null(value);
	return value;
}

/* Findings about the healthy host with some facts changed. */
static json_t *judge(const char *changes)
{
	json_t *facts = read_json(healthy), *other = read_json(changes);
	json_t *findings;

	assert_int_equal(json_object_update(facts, other), 0);
	findings = doctor_judge(facts);
	json_decref(facts);
	json_decref(other);
	return findings;
}

static const json_t *find(const json_t *findings, const char *probe)
{
	const json_t *f;
	size_t i;

	json_array_foreach(findings, i, f)
		if (strcmp(json_string_value(json_object_get(f, "probe")),
			   probe) == 0)
			return f;
	fail_msg("no finding of %s", probe);
	return NULL;
}

static const char *get(const json_t *finding, const char *key)
{
	const char *value = json_string_value(json_object_get(finding, key));

	return value != NULL ? value : "";
}

static int concerns(const json_t *finding, const char *metric)
{
	const json_t *key;
	size_t i;

	json_array_foreach(json_object_get(finding, "metrics"), i, key)
		if (strcmp(json_string_value(key), metric) == 0)
			return 1;
	return 0;
}

/* What the changed facts lead to; all other probes stay ok. */
static const struct {
	const char *changes, *probe, *state, *harm, *detail;
	const char *metric;	/* one that is concerned, or NULL */
	const char *not_metric; /* one that is not, or NULL */
} cases[] = {
	{ "{'interpreters_supported': 0}", "interpreters", "missing", "lost",
	  "none of 3 ", "total_kib", NULL },
	{ "{'pagemap': 'Permission denied', 'pagemap_exclusive': null}",
	  "pagemap", "missing", "lost", "Permission denied", "worker_cow_pages",
	  "total_kib" },
	{ "{'pagemap_exclusive': 'a page of its own is not marked'}", "pagemap",
	  "missing", "lost", "a page of its own is not marked",
	  "worker_floor_pages", "worker_minor_faults" },
	{ "{'pagemap_scan': 'Inappropriate ioctl for device'}", "pagemap_scan",
	  "missing", "none", "Inappropriate", NULL, "worker_cow_pages" },
	{ "{'child_memory': 'Operation not permitted', 'ptrace_scope': 2}",
	  "child_memory", "missing", "lost", "Operation not permitted",
	  "worker_floor_pages", "worker_cow_pages" },
	{ "{'smaps_rollup': 'smaps', 'pss_parts': 'no'}", "smaps", "limited",
	  "none", "smaps only", "total_kib", NULL },
	{ "{'smaps_rollup': 'Permission denied', 'pss_parts': null}", "smaps",
	  "missing", "lost", "Permission denied", "worker_private_kib",
	  "worker_cow_pages" },
	{ "{'pss_parts': 'not told by this kernel'}", "smaps", "limited",
	  "none", "smaps_rollup without PSS by kind", NULL, NULL },
	{ "{'stat': 'No such file or directory'}", "stat", "missing", "lost",
	  "No such file", "worker_minor_faults", "gc_faults" },
	{ "{'page_bytes': 16384}", "page_size", "limited", "none", "16 KiB",
	  "worker_cow_pages", NULL },
	{ "{'transparent_hugepage': '[always] madvise never'}",
	  "transparent_hugepage", "limited", "doubtful", "always, and khuge",
	  "worker_minor_faults", "request_p99_us" },
	{ "{'transparent_hugepage': '[always] madvise never', 'khugepaged': 0}",
	  "transparent_hugepage", "limited", "doubtful", "always",
	  "worker_private_kib", NULL },
	{ "{'hugepage_sizes_always': '64kB'}", "transparent_hugepage",
	  "limited", "doubtful", "always, of 64kB", "worker_cow_pages", NULL },
	{ "{'ksm': '1', 'ksm_merge_any': true}", "ksm", "limited", "doubtful",
	  "on, and our processes inherit it", "worker_cow_pages",
	  "worker_cpu_ms" },
	{ "{'swap_kib': 1048576, 'swap_used_kib': 524288}", "swap", "limited",
	  "none", "0.5 of 1.0 GiB used, swappiness 60", "total_kib",
	  "gc_time_us" },
	{ "{'swap_kib': 1048576, 'swap_used_kib': 524288, 'zswap': 'Y',"
	  " 'memory_kib': 67108864, 'memory_available_kib': 4194304}",
	  "swap", "limited", "doubtful",
	  "0.5 of 1.0 GiB used, swappiness 60, zswap", "total_kib", NULL },
	{ "{'memory_limit_kib': 1048576.0}", "memory", "limited", "none",
	  "1.0 GiB allowed by the control group", NULL, "total_kib" },
	{ "{'overcommit': '2'}", "overcommit", "limited", "none",
	  "forbidden (mode 2), 4.0 GiB left of 8.0", NULL, "fork_us" },
	{ "{'cgroup_create': 'Permission denied'}", "cgroup", "missing", "none",
	  "Permission denied", NULL, NULL },
	{ "{'numa_nodes': 2}", "numa", "limited", "none", "2", "worker_cpu_ms",
	  NULL },
	{ "{'numa_nodes': 2, 'numa_balancing': 1}", "numa", "limited",
	  "doubtful", "2, balanced", "worker_minor_faults", "total_kib" },
	{ "{'aslr': '0'}", "aslr", "limited", "none", "off", NULL, NULL },
	{ "{'aslr_off_here': true}", "aslr", "limited", "none",
	  "off for this process", NULL, NULL },
	{ "{'fork': 'Resource temporarily unavailable', 'pagemap': 'yes'}",
	  "limits", "missing", "lost", "no process can be forked: Resource",
	  "total_kib", NULL },
	{ "{'limit_processes': 90}", "limits", "limited", "none",
	  "90 processes per user, 20 taken", NULL, NULL },
	{ "{'limit_cgroup_processes': 40.0}", "limits", "limited", "none",
	  "40 processes in the control group", NULL, NULL },
	{ "{'limit_files': 64}", "limits", "limited", "none", "64 open files",
	  NULL, NULL },
	{ "{'limit_address_space_kib': 1048576}", "limits", "limited", "none",
	  "1.0 GiB of addresses", NULL, NULL },
	{ "{'cpu_quota': 1.5}", "cpus", "limited", "doubtful",
	  "4, of which the control group allows 1.5", "request_p99_us",
	  "worker_cow_pages" },
	{ "{'cpus_allowed': 1}", "cpus", "limited", "none", "1 of 4",
	  "gc_pause_max_us", NULL },
	{ "{'governor': 'powersave'}", "frequency", "limited", "none",
	  "governor powersave of acpi-cpufreq, boost off", "worker_cpu_ms",
	  NULL },
	{ "{'boost': true}", "frequency", "limited", "none",
	  "governor performance of acpi-cpufreq, boost on", NULL, NULL },
	{ "{'governor': null, 'virtual_machine': true}", "frequency", "unknown",
	  "none", "a virtual machine", NULL, NULL },
	{ "{'busy_cpus': 1.3, 'busiest': 'cc1 0.9, make 0.2'}", "load",
	  "limited", "doubtful", "1.3 of 4 CPUs busy (cc1 0.9, make 0.2)",
	  "gc_pause_p99_us", "worker_minor_faults" },
	{ "{'busy_cpus': 0.6}", "load", "limited", "doubtful", "0.6 of 4", NULL,
	  NULL },
	{ "{'steal_cpus': 0.4}", "steal", "limited", "doubtful", "0.4 CPUs",
	  "fork_us", "total_kib" },
	{ "{'clock_source': 'refined-jiffies', 'clock_ns': 300}", "clock",
	  "limited", "none", "refined-jiffies, 300 ns", "gc_pause_p50_us",
	  NULL },
	{ "{'clock_source': 'hpet', 'clock_ns': 1300}", "clock", "limited",
	  "doubtful", "hpet, 1300 ns", "gc_pause_p50_us", "worker_cow_pages" },
	{ "{'perf_hardware': 'No such file or directory'}", "perf", "limited",
	  "none", "software events only", NULL, "worker_cpu_ms" },
	{ "{'perf_software': 'Permission denied'}", "perf", "missing", "none",
	  "Permission denied", NULL, NULL },
	{ "{'soft_dirty': 'not built into this kernel'}", "soft_dirty",
	  "missing", "none", "not built", NULL, NULL },
	{ "{'userfaultfd_wp_async': 'Operation not supported'}", "userfaultfd",
	  "limited", "none", "synchronous only", NULL, NULL },
	{ "{'userfaultfd_wp': 'Operation not permitted'}", "userfaultfd",
	  "missing", "none", "Operation not permitted", NULL, NULL },
	/* Facts that look bad and are not. */
	{ "{'ksm': '1'}", "ksm", "ok", "none", "only for programs that ask",
	  NULL, NULL },
	{ "{'swap_kib': 1048576}", "swap", "ok", "none", "0.0 of 1.0", NULL,
	  NULL },
	{ "{'cpu_quota': 4.0}", "cpus", "ok", "none", "4", NULL, NULL },
	{ "{'cpus': 64, 'cpus_allowed': 64, 'busy_cpus': 5.0}", "load", "ok",
	  "none", "5.0 of 64", NULL, NULL },
	{ "{'process_vm_readv': 'Function not implemented'}", "child_memory",
	  "ok", "none", "readable through /proc/PID/mem only", NULL, NULL },
	{ "{'numa_balancing': 1}", "numa", "ok", "none", "one", NULL, NULL },
	{ "{'ptrace_scope': 3}", "child_memory", "ok", "none", "readable", NULL,
	  NULL },
};

static void test_healthy(void **state)
{
	json_t *findings = judge("{}"), *verdict = doctor_verdict(findings);
	const json_t *item;
	size_t i;

	(void)state;
	json_array_foreach(findings, i, item) {
		if (strcmp(get(item, "state"), "ok") != 0 ||
		    !json_is_null(json_object_get(item, "effect")))
			fail_msg("%s: %s", get(item, "probe"),
				 get(item, "detail"));
		assert_string_equal(get(item, "harm"), "none");
	}
	assert_true(doctor_trustworthy(findings));
	assert_int_equal(json_array_size(verdict), 4);
	json_array_foreach(verdict, i, item)
		assert_non_null(
			strstr(json_string_value(item), ": trustworthy."));
	json_decref(verdict);
	json_decref(findings);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		json_t *findings = judge(cases[c].changes);
		const json_t *f = find(findings, cases[c].probe), *other;
		int harm = strcmp(cases[c].harm, "none") != 0;
		size_t i;

		print_message("%s\n", cases[c].changes);
		assert_string_equal(get(f, "state"), cases[c].state);
		assert_string_equal(get(f, "harm"), cases[c].harm);
		if (strncmp(get(f, "detail"), cases[c].detail,
			    strlen(cases[c].detail)) != 0)
			fail_msg("detail: %s", get(f, "detail"));
		assert_int_equal(*get(f, "effect") != '\0',
				 strcmp(cases[c].state, "ok") != 0);
		assert_int_equal(*get(f, "because") != '\0', harm);
		assert_int_equal(doctor_trustworthy(findings), !harm);
		if (cases[c].metric != NULL)
			assert_true(concerns(f, cases[c].metric));
		if (cases[c].not_metric != NULL)
			assert_false(concerns(f, cases[c].not_metric));
		json_array_foreach(findings, i, other)
			if (other != f)
				assert_string_equal(get(other, "state"), "ok");
		json_decref(findings);
	}
}

/* Metrics that are named one by one exist; harm always concerns some. */
static void test_metrics(void **state)
{
	(void)state;
	assert_non_null(metric_find("worker_floor_pages"));
	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		json_t *findings = judge(cases[c].changes);
		const json_t *f = find(findings, cases[c].probe), *key;
		size_t i;

		if (strcmp(cases[c].harm, "none") != 0)
			assert_true(json_array_size(
					    json_object_get(f, "metrics")) > 0);
		json_array_foreach(json_object_get(f, "metrics"), i, key)
			assert_non_null(metric_find(json_string_value(key)));
		json_decref(findings);
	}
}

/* Nothing known: nothing is claimed, and nothing falls over. */
static void test_unknown(void **state)
{
	json_t *facts = json_object(), *findings = doctor_judge(facts);
	static const char *const unknown[] = {
		"interpreters",
		"smaps",
		"stat",
		"pagemap",
		"child_memory",
		"page_size",
		"transparent_hugepage",
		"ksm",
		"swap",
		"memory",
		"overcommit",
		"numa",
		"aslr",
		"cpus",
		"frequency",
		"steal",
		"clock",
	};

	(void)state;
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		const json_t *f = find(findings, unknown[i]);

		assert_string_equal(get(f, "state"), "unknown");
		assert_string_equal(get(f, "harm"), "none");
	}
	assert_string_equal(get(find(findings, "load"), "state"), "unknown");
	assert_string_equal(get(find(findings, "load"), "harm"), "doubtful");
	json_decref(findings);
	json_decref(facts);
}

static void expect_verdict(const char *changes, size_t which,
			   const char *wanted)
{
	json_t *findings = judge(changes), *verdict = doctor_verdict(findings);

	assert_string_equal(json_string_value(json_array_get(verdict, which)),
			    wanted);
	json_decref(verdict);
	json_decref(findings);
}

static void test_verdict(void **state)
{
	(void)state;
	expect_verdict("{'busy_cpus': 1.3}", 0, "Memory: trustworthy.");
	expect_verdict("{'busy_cpus': 1.3}", 3,
		       "Pauses, latencies and CPU time: not trustworthy while "
		       "other work keeps 1.3 of 4 CPUs busy.");
	expect_verdict("{'busy_cpus': 1.3, 'steal_cpus': 0.5}", 3,
		       "Pauses, latencies and CPU time: not trustworthy while "
		       "other work keeps 1.3 of 4 CPUs busy, and while the "
		       "host below takes 0.5 CPUs away.");
	expect_verdict(
		"{'child_memory': 'no', 'ksm': '1', 'ksm_merge_any': "
		"true}",
		1,
		"Copied pages: worker_floor_pages not "
		"measured as the memory of children cannot be read; not "
		"trustworthy while same-page merging is on.");
	expect_verdict("{'ksm': '1', 'ksm_merge_any': true}", 3,
		       "Pauses, latencies and CPU time: trustworthy.");
	expect_verdict("{'child_memory': 'no'}", 1,
		       "Copied pages: worker_floor_pages not measured as the "
		       "memory of children cannot be read.");
	expect_verdict("{'pagemap': 'no'}", 1,
		       "Copied pages: not measured as "
		       "/proc/PID/pagemap does not tell copies.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy), cmocka_unit_test(test_cases),
		cmocka_unit_test(test_metrics), cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
