/* adopt.h - the heap of this process on private mappings of a memfd, so that
 * pages which a child has copied without changing them can be given back.
 *
 * adopt_heap() moves the heap, at the same addresses and with the same content,
 * onto MAP_PRIVATE mappings of one sparse memfd.  adopt_pass() (giveback.c), in
 * this process or in any that it forks, compares pages which are the process's
 * own with the memfd and drops those that are equal, so that the next read finds
 * the shared page again.
 *
 * What may not happen to such memory, and is not checked: another process or the
 * kernel writing into it while a pass runs (asynchronous I/O into the heap), and
 * a program that expects zeroes after madvise(MADV_DONTNEED) on memory from
 * malloc().  Not a Python file: no function here needs the interpreter, none
 * allocates, and all block signals while they work.
 */
#ifndef PERMAFROST_ADOPT_H
#define PERMAFROST_ADOPT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Each region has a slot of the memfd that is far larger than it, since
 * realloc() lets large blocks grow in place of the file (mremap), and a touch
 * behind a file's end is SIGBUS. */
#define ADOPT_SLOT_BITS 40

/* Region I is at offset I << ADOPT_SLOT_BITS of the memfd. */
struct adopt_region {
	uint64_t start, bytes; /* when it was adopted; 0 bytes: it was not */
	int is_whole;	       /* while adopting: absent pages count, too */
	void *view;	       /* of the memfd's part, to read; or NULL */
	uint64_t first;	       /* number of its first page among all adopted */
};

/* There is one heap and hence one of this. */
struct adopted {
	int is_active;
	int fd;	      /* the memfd */
	dev_t device; /* its identity */
	ino_t inode;
	struct adopt_region *regions; /* in a mapping of its own */
	size_t n;
	/* A bit per page: it has been given back.  In a mapping of its own. */
	uint64_t *given;
	size_t given_bytes;
};
extern struct adopted adopted;

/* Of this process and those it descends from. */
struct adopt_statistics {
	uint64_t passes, pages_looked_at, pages_given_back;
	uint64_t pages_left_hot;  /* copied again since they were given back */
	uint64_t skipped_threads; /* there was more than one thread */
	uint64_t skipped_lost;	  /* somebody has closed the memfd */
	uint64_t skipped_error;	  /* a system call failed */
};
extern struct adopt_statistics adopt_statistics;

/* Number of threads of this process, or -errno. */
int adopt_threads(void);

/* Adopts pools of `pool_bytes` in arenas of `arena_bytes`, the brk range and the
 * large blocks of glibc; what is adopted already goes over to a new memfd with its
 * present content.  0, or -errno with nothing changed; -EBUSY: there are other
 * threads; -EFBIG: the size of files is limited. */
int adopt_heap(size_t pool_bytes, size_t arena_bytes);

/* Gives equal pages back; unless `all`, without a look at those that an earlier pass
 * has given back since the last one of all: the process has copied them again, and
 * would do so once more.  Returns their number; 0 when nothing is adopted or the pass
 * is skipped, which the statistics tell. */
int64_t adopt_pass(int all);

/* Puts anonymous memory back.  0, or -errno; -EBUSY: there are other threads. */
int adopt_undo(void);

/* Whether the memfd is still what its number stands for. */
int adopt_has_memfd(void);

#endif
