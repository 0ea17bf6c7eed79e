/* adopt.c - moves the heap onto a memfd and back.
 *
 * What is adopted is recognised by content (heapmarks.h), not by address: pools,
 * with the gaps between pools of one arena; the brk range; and large blocks of
 * glibc, each as a region of its own, since mremap() takes no block that spans
 * two mappings.  Left alone is all else, and whatever this very code or the kernel
 * writes in the meantime: the segments of ELF files with their .bss
 * (dl_iterate_phdr), the stack that is in use, and the page of errno and of the
 * thread's control block, where the kernel writes, too (rseq).
 */
#define _GNU_SOURCE
#include "adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "heapmarks.h"
#include "vmas.h"

#define MAX_REGIONS 32768
#define MAX_EXCLUDED 8192
#define MAPS_SPARE 256	  /* mappings left for others to make */
#define THREAD_BLOCK 3072 /* glibc's struct pthread has 2304 and more */
#define STACK_MARGIN (UINT64_C(64) << 10)
#define ENTRIES 512 /* of pagemap, read at a time */

#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)
#define PAGE_GUARD (UINT64_C(1) << 58)

struct adopted adopted = { .fd = -1 };

struct range {
	uint64_t start, end;
};

/* What is known while the heap is looked for. */
struct finder {
	size_t page, pool, arena; /* bytes */
	struct adopt_region *regions;
	size_t n, max;
	struct range *excluded;
	size_t n_excluded;
	size_t mappings; /* that the process has */
	int pagemap;
	uint64_t entries[ENTRIES], first; /* of page number `first` on */
	struct range run;		  /* of pools, not yet a region */
	uint64_t arena_start; /* first pool seen of the last one's */
	uint32_t arena_index;
	int broken; /* something else came after that pool */
	int result;
};

int adopt_threads(void)
{
	struct stat st;

	/* A folder has two links of its own and one per folder in it. */
	if (stat("/proc/self/task", &st) < 0)
		return -errno;
	return (int)st.st_nlink - 2;
}

/* Whether this is the only thread: 0, -EBUSY or -errno.  One that the interpreter
 * has joined may still be on its way out of the C library: it gets 50 ms. */
static int check_alone(void)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int n = adopt_threads();

	for (int i = 0; i < 50 && n > 1; i++) {
		nanosleep(&moment, NULL);
		n = adopt_threads();
	}
	return n < 0 ? n : n == 1 ? 0 : -EBUSY;
}

int adopt_has_memfd(void)
{
	struct stat st;

	return fstat(adopted.fd, &st) == 0 && st.st_dev == adopted.device &&
		st.st_ino == adopted.inode;
}

static void *map_table(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void exclude(struct finder *f, uint64_t start, uint64_t end)
{
	if (f->n_excluded == MAX_EXCLUDED) {
		f->result = -E2BIG;
		return;
	}
	f->excluded[f->n_excluded++] = (struct range){
		start / f->page * f->page,
		(end + f->page - 1) / f->page * f->page
	};
}

static int exclude_segments(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_LOAD)
			exclude(arg, start, start + p->p_memsz);
	}
	return 0;
}

/* The thread's control block, and errno, which is among its variables below it. */
static void exclude_thread(struct finder *f)
{
	uint64_t block = (uintptr_t)pthread_self();
	uint64_t variable = (uintptr_t)&errno;

	exclude(f, block < variable ? block : variable,
		(block < variable ? variable : block) + THREAD_BLOCK);
}

static void add_region(struct finder *f, uint64_t start, uint64_t end,
		       int is_whole)
{
	if (f->n == f->max || start >= end)
		return; /* too many: the rest stays as it is */
	f->regions[f->n++] = (struct adopt_region){ start, end - start,
						    is_whole, NULL, 0 };
}

/* The first excluded range that reaches into [start, end), or an empty one at
 * `end`. */
static struct range first_excluded(const struct finder *f, uint64_t start,
				   uint64_t end)
{
	struct range first = { end, end };

	for (size_t i = 0; i < f->n_excluded; i++) {
		const struct range *e = &f->excluded[i];

		if (e->end > start && e->start < first.start)
			first = *e;
	}
	return first;
}

/* Adds what of [start, end) is not excluded. */
static void add_around(struct finder *f, uint64_t start, uint64_t end)
{
	while (start < end) {
		struct range hole = first_excluded(f, start, end);

		add_region(f, start, hole.start < end ? hole.start : end, 0);
		start = hole.end > start ? hole.end : end;
	}
}

/* Adds all of [start, end), or nothing. */
static void add_undivided(struct finder *f, uint64_t start, uint64_t end,
			  int is_whole)
{
	if (first_excluded(f, start, end).start >= end)
		add_region(f, start, end, is_whole);
}

/* Whether the page has content; a guard page has none and must not be read. */
static int has_content(struct finder *f, uint64_t address)
{
	uint64_t page = address / f->page, entry;

	if (page < f->first || page >= f->first + ENTRIES) {
		ssize_t n = pread(f->pagemap, f->entries, sizeof f->entries,
				  (off_t)(page * sizeof *f->entries));

		if (n < 0) {
			f->result = -errno;
			return 0;
		}
		memset((char *)f->entries + n, 0,
		       sizeof f->entries - (size_t)n);
		f->first = page;
	}
	entry = f->entries[page - f->first];
	return (entry & PAGE_PRESENT) != 0 ||
		(entry & (PAGE_SWAPPED | PAGE_GUARD)) == PAGE_SWAPPED;
}

static void end_run(struct finder *f)
{
	add_around(f, f->run.start, f->run.end);
	f->run = (struct range){ 0, 0 };
}

/* A pool at `address` prolongs the run if it follows, or if its arena is that of
 * the pool before: what lies between is then of that arena, too.  Nor does a gap end
 * it that is no more than a pool and untouched, as between arenas which do not begin
 * with a pool. */
static void add_pool(struct finder *f, uint64_t address)
{
	const struct pool_header *h = (const void *)(uintptr_t)address;
	int same = f->run.end > 0 && h->arena == f->arena_index &&
		address - f->arena_start < f->arena;
	int near = f->run.end > 0 && !f->broken &&
		address - f->run.end <= f->pool;

	if (!same && !near) {
		end_run(f);
		f->run.start = address;
	}
	f->run.end = address + f->pool;
	f->broken = 0;
	if (!same) {
		f->arena_start = address;
		f->arena_index = h->arena;
	}
}

static void find_in(struct finder *f, uint64_t start, uint64_t end)
{
	while (start < end && f->result == 0) {
		const void *bytes = (const void *)(uintptr_t)start;
		uint64_t chunk;

		if (!has_content(f, start)) {
			start += f->page;
			continue;
		}
		if (start % f->pool == 0 && end - start >= f->pool &&
		    heapmarks_is_pool(bytes, f->pool)) {
			add_pool(f, start);
			start += f->pool;
			continue;
		}
		chunk = heapmarks_mapped_chunk(bytes, f->page, end - start);
		if (chunk > 0) {
			end_run(f);
			add_undivided(f, start, start + chunk, 0);
		}
		f->broken = 1;
		start += chunk > 0 ? chunk : f->page;
	}
	end_run(f);
}

static int is_ours(const struct vma *v)
{
	return adopted.is_active && v->device == adopted.device &&
		v->inode == adopted.inode && v->access[3] == 'p';
}

static int find_heap(void *arg, const struct vma *v)
{
	struct finder *f = arg;

	f->mappings++;
	if (strcmp(v->access, "rw-p") != 0 || v->fixed)
		return 0;
	if (is_ours(v))
		add_undivided(f, v->start, v->end, 1);
	else if (v->inode != 0)
		return 0;
	else if (strcmp(v->path, "[heap]") == 0)
		add_around(f, v->start, v->end);
	else if (v->path[0] == '\0' || strncmp(v->path, "[anon:", 6) == 0)
		find_in(f, v->start, v->end);
	return f->result;
}

/* Mappings that a process may have, by sysctl. */
static size_t mappings_allowed(void)
{
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	char text[32] = "";
	size_t n = 0;

	if (fd >= 0) {
		if (read(fd, text, sizeof text - 1) < 0)
			text[0] = '\0';
		close(fd);
	}
	for (const char *p = text; *p >= '0' && *p <= '9'; p++)
		n = 10 * n + (size_t)(*p - '0');
	return n > 0 ? n : 65530;
}

/* Fills f->regions.  0 or -errno. */
static int find(struct finder *f)
{
	uint64_t frame = (uintptr_t)__builtin_frame_address(0);
	size_t allowed = mappings_allowed();

	exclude(f, frame - STACK_MARGIN, frame + STACK_MARGIN);
	exclude_thread(f);
	dl_iterate_phdr(exclude_segments, f);
	f->first = UINT64_MAX - ENTRIES;
	f->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (f->pagemap < 0)
		return -errno;
	if (f->result == 0)
		f->result = vmas_each(1, find_heap, f);
	/* A region makes up to three mappings more of one. */
	allowed = allowed > f->mappings + MAPS_SPARE ?
		(allowed - f->mappings - MAPS_SPARE) / 3 :
		0;
	if (f->n > allowed)
		f->n = allowed;
	return f->result;
}

/* Writes [start, start + bytes), at whose pages the kernel looks itself, so that
 * a bad one is an error and no crash.  0 or -errno. */
static int write_all(int fd, uint64_t start, uint64_t bytes, uint64_t offset)
{
	while (bytes > 0) {
		ssize_t n = pwrite(fd, (const void *)(uintptr_t)start, bytes,
				   (off_t)offset);

		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		start += (uint64_t)n;
		offset += (uint64_t)n;
		bytes -= (uint64_t)n;
	}
	return 0;
}

/* Copies region `i` into its slot, without pages that have no content, and maps a
 * view of the copy.  The template keeps its pages in that view: what the workers
 * have given back, or read alone, is then in a process's PSS all the same, and
 * shared.  Such a mapping costs fork() no page tables.  0 or -errno. */
static int copy_region(struct finder *f, int fd, size_t i)
{
	struct adopt_region *r = &f->regions[i];
	uint64_t address = r->start, end = r->start + r->bytes;
	off_t slot = (off_t)((uint64_t)i << ADOPT_SLOT_BITS);
	void *view = mmap(NULL, r->bytes, PROT_READ, MAP_SHARED, fd, slot);
	int result = 0;

	if (view == MAP_FAILED)
		return -errno;
	r->view = view;
	while (address < end && result == 0) {
		uint64_t from = address;

		while (address < end &&
		       (r->is_whole || has_content(f, address)))
			address += f->page;
		if (address > from)
			result = write_all(fd, from, address - from,
					   (uint64_t)slot + from - r->start);
		for (uint64_t a = from; a < address && result == 0;
		     a += f->page) /* by reading */
			(void)*((const volatile char *)view + (a - r->start));
		if (address == from)
			address += f->page;
	}
	return result != 0 ? result : f->result;
}

/* A sparse file with a slot for each of `n` regions.  Its descriptor or -errno. */
static int make_memfd(size_t n)
{
	struct rlimit limit;
	int fd, result;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		return -EFBIG; /* trying would be SIGXFSZ */
	fd = memfd_create("permafrost-reshare",
			  MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)((uint64_t)(n + 1) << ADOPT_SLOT_BITS)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0) {
		result = -errno;
		close(fd);
		return result;
	}
	return fd;
}

static void unmap_regions(struct adopt_region *regions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (regions[i].view != NULL)
			munmap(regions[i].view, regions[i].bytes);
	if (regions != NULL)
		munmap(regions, MAX_REGIONS * sizeof *regions);
}

static void close_adopted(void)
{
	if (adopt_has_memfd())
		close(adopted.fd);
	if (adopted.given != NULL)
		munmap(adopted.given, adopted.given_bytes);
	unmap_regions(adopted.regions, adopted.n);
	adopted = (struct adopted){ .fd = -1 };
}

/* Puts the memfd's pages in place of the heap.  Nothing that is written from the
 * first copy_region() on may be in a region. */
static int take_over(struct finder *f)
{
	int fd = make_memfd(f->n), result = fd < 0 ? fd : 0;
	struct stat st;
	uint64_t pages = 0, *given = NULL;
	size_t given_bytes;

	for (size_t i = 0; i < f->n; i++) {
		f->regions[i].first = pages;
		pages += f->regions[i].bytes / f->page;
	}
	given_bytes = (pages / 64 + 1) * sizeof *given;
	if (result == 0) {
		given = map_table(given_bytes);
		result = given == NULL ? -ENOMEM : 0;
	}
	for (size_t i = 0; i < f->n && result == 0; i++)
		result = copy_region(f, fd, i);
	if (result == 0 && fstat(fd, &st) < 0)
		result = -errno;
	if (result != 0) {
		if (given != NULL)
			munmap(given, given_bytes);
		if (fd >= 0)
			close(fd);
		return result;
	}
	for (size_t i = 0; i < f->n; i++) {
		struct adopt_region *r = &f->regions[i];
		/* A failure leaves what is there: the limits that could fail
		 * later than that were looked at in find(). */
		void *p = mmap((void *)(uintptr_t)r->start, r->bytes,
			       PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
			       fd, (off_t)((uint64_t)i << ADOPT_SLOT_BITS));

		if (p == MAP_FAILED) {
			munmap(r->view, r->bytes);
			r->view = NULL;
			r->bytes = 0;
		}
	}
	close_adopted();
	adopted = (struct adopted){ 1,		fd,   st.st_dev, st.st_ino,
				    f->regions, f->n, given,	 given_bytes };
	f->regions = NULL;
	f->n = 0;
	return 0;
}

int adopt_heap(size_t pool_bytes, size_t arena_bytes)
{
	struct finder f = {
		.page = (size_t)sysconf(_SC_PAGESIZE),
		.pool = pool_bytes,
		.arena = arena_bytes,
		.max = MAX_REGIONS,
		.pagemap = -1,
	};
	sigset_t all, before;
	int result = check_alone();

	if (result < 0)
		return result;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	f.regions = map_table(MAX_REGIONS * sizeof *f.regions);
	f.excluded = map_table(MAX_EXCLUDED * sizeof *f.excluded);
	result = f.regions == NULL || f.excluded == NULL ? -ENOMEM : find(&f);
	if (result == 0)
		result = take_over(&f);
	unmap_regions(f.regions, f.n);
	if (f.excluded != NULL)
		munmap(f.excluded, MAX_EXCLUDED * sizeof *f.excluded);
	if (f.pagemap >= 0)
		close(f.pagemap);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}

/* Our mappings as they are now. */
struct present {
	struct adopt_region *items;
	size_t n;
};

static int note_ours(void *arg, const struct vma *v)
{
	struct present *p = arg;
	uint64_t frame = (uintptr_t)__builtin_frame_address(0);

	/* One with another access, or that is the stack in use, may stay. */
	if (!is_ours(v) || strcmp(v->access, "rw-p") != 0 ||
	    (v->start <= frame && frame < v->end))
		return 0;
	if (p->n == MAX_REGIONS)
		return -E2BIG;
	p->items[p->n++] = (struct adopt_region){ v->start, v->end - v->start,
						  0, NULL, 0 };
	return 0;
}

/* Anonymous memory with the same content in place of a mapping.  0 or -errno. */
static int restore(const struct adopt_region *r)
{
	void *here = (void *)(uintptr_t)r->start;
	void *copy = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		return -errno;
	memcpy(copy, here, r->bytes);
	if (mremap(copy, r->bytes, r->bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
		   here) == MAP_FAILED) {
		int result = -errno;

		munmap(copy, r->bytes);
		return result;
	}
	return 0;
}

int adopt_undo(void)
{
	struct present present = { NULL, 0 };
	sigset_t all, before;
	int result;

	if (!adopted.is_active)
		return 0;
	result = check_alone();
	if (result < 0)
		return result;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	present.items = map_table(MAX_REGIONS * sizeof *present.items);
	result = present.items == NULL ? -ENOMEM :
					 vmas_each(0, note_ours, &present);
	for (size_t i = 0; i < present.n && result == 0; i++)
		result = restore(&present.items[i]);
	if (present.items != NULL)
		munmap(present.items, MAX_REGIONS * sizeof *present.items);
	if (result == 0)
		close_adopted();
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}
