/* fuzz_smaps.c - smaps, smaps_rollup: harness/procfs.c. */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>

#include "procfs.h"

FUZZ_TARGET(smaps)
{
	char *text = fuzz_text(data, size);
	struct procfs_memory m;
	int result = procfs_parse_memory(text, &m);

	FUZZ_REQUIRE(result == 0 || result == -EINVAL);
	if (result == 0)
		FUZZ_REQUIRE(m.rss >= 0 && m.pss >= 0 && m.pss_anon >= 0 &&
			     m.pss_shmem >= 0 && m.private_clean >= 0 &&
			     m.private_dirty >= 0 && m.swap >= 0);
	free(text);
}
