/* shmlayout.c - prints where the fields of shm.h lie, as a Python module: PyPy
 * compiles no C, and so there is one description of the shared memory.
 *
 * A program of the build, for the machine that builds.  Numbers are in words of 8
 * bytes where the name does not say otherwise.
 */
#include "shm.h"

#include <stdio.h>

#define PROCESS(field, bytes)                                                  \
	printf("%s = %zu\n", #field,                                           \
	       offsetof(struct shm_process, field) / (bytes))

int main(void)
{
	_Static_assert(sizeof(struct shm_process) % 8 == 0, "words of 8 bytes");
	_Static_assert(sizeof(struct shm_header) % 8 == 0, "words of 8 bytes");
	printf("# Made from strategies/shm.h by the build.\n");
	printf("MAGIC = %#llx\n", (unsigned long long)SHM_MAGIC);
	printf("PROCESS_BYTES = %zu\n", sizeof(struct shm_process));
	printf("HEADER_BYTES = %zu\n", sizeof(struct shm_header));
	printf("# Words of the header.\n");
	printf("magic = %zu\n", offsetof(struct shm_header, magic) / 8);
	printf("size = %zu\n", offsetof(struct shm_header, size) / 8);
	printf("processes = %zu\n", offsetof(struct shm_header, processes) / 8);
	printf("collections_due = %zu\n",
	       offsetof(struct shm_header, collections_due) / 8);
	printf("# Half words of a process.\n");
	PROCESS(pid, 4);
	PROCESS(gc_source, 4);
	printf("GC_HOOKS = %d\n", SHM_GC_HOOKS);
	printf("# Words of a process.\n");
	PROCESS(requests, 8);
	PROCESS(objects, 8);
	PROCESS(frozen, 8);
	PROCESS(before_fork_ns, 8);
	PROCESS(fork_ns, 8);
	PROCESS(collections, 8);
	PROCESS(gc_ns, 8);
	PROCESS(gc_max_ns, 8);
	PROCESS(gc_overflow, 8);
	PROCESS(gc_unmatched, 8);
	PROCESS(request_overflow, 8);
	PROCESS(lost, 8);
	PROCESS(pauses, 8);
	PROCESS(latencies, 8);
	printf("# Of a histogram.\n");
	printf("HDR_BITS = %d\n", HDR_BITS);
	printf("HDR_BUCKETS = %d\n", HDR_BUCKETS);
	printf("HDR_MAX_VALUE = %llu\n", (unsigned long long)HDR_MAX_VALUE);
	return 0;
}
