/* hostcgroup.c - the control group that we are in: its limits, and whether one
 * could be made below it.
 *
 * A controller belongs to one hierarchy: to a mount of type cgroup (version 1)
 * that names it in its options, or else to the one of type cgroup2.  In a
 * container the mount may show only a part of the hierarchy; its root then is a
 * prefix of our path.  A limit of any group above counts, too.
 * Source: proc_pid_mountinfo(5), cgroups(7), the kernel's
 * Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
 */
#define _GNU_SOURCE
#include "cgroup.h"
#include "cgrouppath.h"
#include "hostparts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

void hostcgroup_parse_numbers(const char *text, long long v[2])
{
	char *rest, *end;

	v[0] = strtoll(text, &rest, 10);
	if (rest == text) {
		v[0] = -1;
		rest += strncmp(text, "max", 3) == 0 ? 3 : 0;
	}
	v[1] = strtoll(rest, &end, 10);
	if (end == rest)
		v[1] = -1;
}

/* The same of a file; -1 when there is none. */
static void read_numbers(const char *dir, const char *name, long long v[2])
{
	char *path = xasprintf("%s/%s", dir, name), *text;

	v[0] = v[1] = -1;
	if (read_file(path, 4096, &text, NULL) == 0) {
		hostcgroup_parse_numbers(text, v);
		free(text);
	}
	free(path);
}

/* One group's limit of CPUs; -1: none. */
static double quota(int version, const char *dir)
{
	long long v[2], period[2];

	read_numbers(dir, version == 1 ? "cpu.cfs_quota_us" : "cpu.max", v);
	if (version == 1) {
		read_numbers(dir, "cpu.cfs_period_us", period);
		v[1] = period[0];
	}
	return v[0] < 0 || v[1] <= 0 ? -1 : (double)v[0] / (double)v[1];
}

static double memory_limit(int version, const char *dir)
{
	long long v[2];

	read_numbers(dir, version == 1 ? "memory.limit_in_bytes" : "memory.max",
		     v);
	/* Version 1 says "none" with the greatest number of pages. */
	return v[0] < 0 || v[0] > 1LL << 60 ? -1 : (double)v[0] / 1024;
}

static double process_limit(int version, const char *dir)
{
	long long v[2];

	(void)version;
	read_numbers(dir, "pids.max", v);
	return v[0] < 0 ? -1 : (double)v[0];
}

/* The least limit of our group and of all above it; -1: none.  A version 1
 * hierarchy that has the controller is the one that counts. */
static double least(const char *mountinfo, const char *cgroups,
		    const char *controller,
		    double (*limit)(int version, const char *dir))
{
	size_t mount_length = 0;
	int version = 1;
	char *dir = cgroup_locate(mountinfo, cgroups, controller, 1,
				  &mount_length);
	double result = -1;

	if (dir == NULL) {
		version = 2;
		dir = cgroup_locate(mountinfo, cgroups, controller, 2,
				    &mount_length);
	}
	while (dir != NULL) {
		double v = limit(version, dir);
		char *slash = strrchr(dir, '/');

		if (v >= 0 && (result < 0 || v < result))
			result = v;
		if (slash == NULL || strlen(dir) <= mount_length)
			break;
		*slash = '\0';
	}
	free(dir);
	return result;
}

/* Whether a group for a cell can be made: makes one, for a moment. */
static void add_creation(json_t *facts)
{
	struct cgroup group;
	int result = cgroup_make(&group);

	json_object_set_new(
		facts, "cgroup_version",
		group.version ? json_integer(group.version) : json_null());
	json_object_set_new(facts, "cgroup_create",
			    json_string(result == 0 ? "yes" : group.reason));
	cgroup_fini(&group);
}

static json_t *or_null(double v)
{
	return v < 0 ? json_null() : json_real(v);
}

void hostcgroup_add(json_t *facts)
{
	char *mountinfo = NULL, *cgroups = NULL;
	const char *m, *c;

	if (read_file("/proc/self/mountinfo", 4u << 20, &mountinfo, NULL) < 0)
		mountinfo = NULL;
	if (read_file("/proc/self/cgroup", 65536, &cgroups, NULL) < 0)
		cgroups = NULL;
	m = mountinfo != NULL ? mountinfo : "";
	c = cgroups != NULL ? cgroups : "";
	json_object_set_new(facts, "cpu_quota",
			    or_null(least(m, c, "cpu", quota)));
	json_object_set_new(facts, "memory_limit_kib",
			    or_null(least(m, c, "memory", memory_limit)));
	json_object_set_new(facts, "limit_cgroup_processes",
			    or_null(least(m, c, "pids", process_limit)));
	add_creation(facts);
	free(mountinfo);
	free(cgroups);
}
