/* fuzz_cgroup.c - control groups: mountinfo and cgroup of a process, files of limits,
 * memory.stat, names of leftovers: harness/cgrouppath.c, cgroup.c, hostcgroup.c.
 * Input: mountinfo, "--", cgroup, "--", any other file. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "cgrouppath.h"
#include "hostparts.h"

FUZZ_TARGET(cgroup)
{
	static const char *const controllers[] = { "memory", "cpu", "pids" };
	struct strings parts;
	const char *file;
	long long v[2];

	fuzz_parts(data, size, &parts);
	file = fuzz_part(&parts, 2);
	for (size_t i = 0; i < 3; i++)
		for (int version = 1; version <= 2; version++) {
			size_t length = SIZE_MAX;
			char *path = cgroup_locate(
				fuzz_part(&parts, 0), fuzz_part(&parts, 1),
				controllers[i], version, &length);

			FUZZ_REQUIRE(path == NULL || length <= strlen(path));
			free(path);
		}
	for (int version = 1; version <= 2; version++) {
		struct cgroup_memory m = { 0 };
		int result = cgroup_parse_stat(file, version, &m);

		FUZZ_REQUIRE(result == 0 || result == -EINVAL);
		if (result == 0)
			FUZZ_REQUIRE(m.anon >= 0 && m.shmem >= 0 &&
				     m.file >= 0 && m.kernel >= -1);
	}
	hostcgroup_parse_numbers(file, v);
	FUZZ_REQUIRE(cgroup_maker(file) >= 0);
	cgroup_has_word(file, "memory", ' ');
	strings_fini(&parts);
}
