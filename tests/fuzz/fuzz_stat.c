/* fuzz_stat.c - /proc/PID/stat and the first line of /proc/stat: harness/procfs.c,
 * harness/hostload.c. */
#include "fuzz.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hostparts.h"
#include "procfs.h"

FUZZ_TARGET(stat)
{
	char *text = fuzz_text(data, size);
	struct procfs_stat stat;
	struct cpu_ticks ticks;
	int result;

	memset(&stat, 0x55, sizeof stat);
	result = procfs_parse_stat(text, &stat);
	FUZZ_REQUIRE(result == 0 || result == -EINVAL);
	if (result == 0) {
		FUZZ_REQUIRE(memchr(stat.name, '\0', sizeof stat.name) != NULL);
		FUZZ_REQUIRE(is_utf8(stat.name));
		for (const char *p = stat.name; *p != '\0'; p++)
			FUZZ_REQUIRE(!iscntrl((unsigned char)*p));
	}
	result = hostload_parse_cpu(text, &ticks);
	FUZZ_REQUIRE(result == 0 || result == -1);
	free(text);
}
