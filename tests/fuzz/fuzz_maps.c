/* fuzz_maps.c - /proc/PID/maps: harness/maps.c, and whether a path is that of memory
 * without a name: harness/memfd.c. */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "maps.h"
#include "memfd.h"

FUZZ_TARGET(maps)
{
	struct maps maps;
	int result = maps_parse(&maps, fuzz_text(data, size));

	FUZZ_REQUIRE(result == 0 || result == -EINVAL);
	for (size_t i = 0; i < maps.n; i++) {
		const struct mapping *m = &maps.items[i], *found;

		FUZZ_REQUIRE(m->start <= m->end);
		FUZZ_REQUIRE(strlen(m->permissions) == 4);
		FUZZ_REQUIRE(strchr(m->path, '\n') == NULL);
		mapping_is_private(m);
		memfd_is_nameless(m->path);
		found = maps_find(&maps, m->start);
		FUZZ_REQUIRE(
			found == NULL ||
			(found->start <= m->start && m->start < found->end));
	}
	maps_fini(&maps);
}
