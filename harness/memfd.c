/* memfd.c - adds up shared memory without a name, and what of it is mapped.
 *
 * Allocated is what stat() gives in st_blocks: on tmpfs all pages of the file,
 * those beyond its mapped part and those swapped out included.  Present are the
 * pages that at least one process has in its page table as pages of the file; a
 * private copy of such a page is anonymous memory and does not count.  The
 * difference is in no PSS.
 *
 * Assumed: no swap (a page that is swapped out counts as unmapped); no System V
 * segment that is attached nowhere; and a process outside of the family maps none
 * of the files, since its share would be missing in the family's PSS.  Huge pages
 * of tmpfs are told page by page in both figures.  Files of hugetlbfs come from a
 * pool of their own, which neither PSS nor a cgroup's memory counts: left out.
 */
#define _GNU_SOURCE
#include "memfd.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "maps.h"
#include "pages.h"
#include "util.h"

struct file {
	dev_t device;
	uint64_t inode;
	int sysv;
	int counts;		/* not the exception, and on tmpfs */
	int64_t kib;		/* allocated */
	struct memfd_run *runs; /* present, of all processes */
	size_t n, room;
};

struct files {
	struct file *items;
	size_t n;
	const char *failed;
};

static int begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int ends(const char *text, const char *with)
{
	size_t n = strlen(text), m = strlen(with);

	return n >= m && strcmp(text + n - m, with) == 0;
}

int memfd_is_nameless(const char *path)
{
	/* Shared anonymous memory that prctl() gave a name, Linux 6.2. */
	if (begins(path, "[anon_shmem:"))
		return 1;
	return ends(path, " (deleted)") &&
		(begins(path, "/memfd:") || begins(path, "/SYSV") ||
		 begins(path, "/dev/shm/") ||
		 strcmp(path, "/dev/zero (deleted)") == 0);
}

/* Their inodes are numbered apart: they are the segments' ids. */
static int is_sysv(const char *path)
{
	return begins(path, "/SYSV");
}

static int compare_runs(const void *a, const void *b)
{
	const struct memfd_run *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

uint64_t memfd_cover(struct memfd_run *runs, size_t n)
{
	uint64_t pages = 0, done = 0; /* counted is all before page `done` */

	if (n > 0)
		qsort(runs, n, sizeof *runs, compare_runs);
	for (size_t i = 0; i < n; i++) {
		uint64_t first = runs[i].first;
		uint64_t end = first + runs[i].pages;

		if (first < done)
			first = done;
		if (end > first) {
			pages += end - first;
			done = end;
		}
	}
	return pages;
}

static struct file *find(struct files *files, dev_t device, uint64_t inode,
			 int sysv)
{
	for (size_t i = 0; i < files->n; i++) {
		struct file *f = &files->items[i];

		if (f->device == device && f->inode == inode && f->sysv == sysv)
			return f;
	}
	return NULL;
}

static void add_file(struct files *files, struct file file)
{
	files->items = xrealloc(files->items, files->n + 1,
				sizeof *files->items);
	files->items[files->n++] = file;
}

/* Takes in the file that the link `path` of /proc leads to.  0 or -errno. */
static int note_file(struct files *files, const char *path, int sysv)
{
	struct statfs fs;
	struct stat s;

	if (stat(path, &s) < 0 || statfs(path, &fs) < 0)
		return -errno;
	if (find(files, s.st_dev, s.st_ino, sysv) == NULL)
		add_file(files,
			 (struct file){
				 .device = s.st_dev,
				 .inode = s.st_ino,
				 .sysv = sysv,
				 .kib = s.st_blocks / 2, /* of 512 bytes */
				 .counts = fs.f_type == TMPFS_MAGIC,
			 });
	return 0;
}

/* Takes in what `pid` has open.  0 or -errno. */
static int note_descriptors(struct files *files, pid_t pid)
{
	char path[64], target[PATH_MAX];
	struct dirent *entry;
	int result = 0;
	DIR *directory;

	files->failed = "reading a process's descriptors";
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	if (directory == NULL)
		return -errno;
	while (result == 0 && (entry = readdir(directory)) != NULL) {
		ssize_t n;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%d/fd/%.20s", (int)pid,
			 entry->d_name);
		n = readlink(path, target, sizeof target - 1);
		if (n >= 0) {
			target[n] = '\0';
			if (memfd_is_nameless(target))
				result = note_file(files, path,
						   is_sysv(target));
		} else if (errno != ENOENT) { /* a thread may have closed it */
			result = -errno;
		}
	}
	closedir(directory);
	return result;
}

/* A mapping of a file, while its present pages are found. */
struct view {
	struct file *file;
	const struct mapping *mapping;
	uint64_t page_bytes;
};

static int add_run(void *arg, uint64_t address, uint64_t n)
{
	const struct view *v = arg;
	struct file *f = v->file;
	uint64_t offset = v->mapping->offset + address - v->mapping->start;

	if (f->n == f->room) {
		f->room = f->room > 0 ? 2 * f->room : 16;
		f->runs = xrealloc(f->runs, f->room, sizeof *f->runs);
	}
	f->runs[f->n++] = (struct memfd_run){ offset / v->page_bytes, n };
	return 0;
}

/* The file of a mapping, taken in through /proc/PID/map_files when nobody has it
 * open.  0 or -errno. */
static int file_of(struct files *files, pid_t pid, const struct mapping *m,
		   struct file **file)
{
	dev_t device = makedev(m->dev_major, m->dev_minor);
	int sysv = is_sysv(m->path), result;
	char path[96];

	*file = find(files, device, m->inode, sysv);
	if (*file != NULL)
		return 0;
	files->failed =
		"reading the size of shared memory that is mapped but "
		"open nowhere (as root it can be had)";
	snprintf(path, sizeof path, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64,
		 (int)pid, m->start, m->end);
	result = note_file(files, path, sysv);
	*file = find(files, device, m->inode, sysv);
	return result < 0 ? result : *file == NULL ? -ESTALE : 0;
}

/* Adds what `pid` has present of the files.  0 or -errno. */
static int add_mappings(struct files *files, pid_t pid)
{
	struct pages pages = { .fd = -1 };
	struct maps maps;
	int result;

	files->failed = "reading a process's mappings";
	result = maps_read(&maps, pid);
	for (size_t i = 0; i < maps.n && result == 0; i++) {
		const struct mapping *m = &maps.items[i];
		struct view view = { .mapping = m };

		if (!memfd_is_nameless(m->path))
			continue;
		result = file_of(files, pid, m, &view.file);
		if (result < 0 || !view.file->counts || view.file->kib == 0)
			continue;
		files->failed = "reading a process's pagemap";
		if (pages.fd < 0)
			result = pages_open(&pages, pid);
		view.page_bytes = pages.page_bytes;
		if (result == 0)
			result = pages_each(&pages, m->start, m->end,
					    PAGES_OF_FILE, add_run, &view);
	}
	pages_close(&pages);
	maps_fini(&maps);
	return result;
}

int memfd_sum(const pid_t *pids, size_t n, const struct stat *except,
	      struct memfd_sum *sum)
{
	struct files files = { .items = NULL };
	int64_t page_kib = sysconf(_SC_PAGESIZE) / 1024;
	int result = 0;

	*sum = (struct memfd_sum){ 0 };
	/* Known from the start, so that it need not be open anywhere. */
	if (except != NULL)
		add_file(&files,
			 (struct file){ .device = except->st_dev,
					.inode = except->st_ino });
	/* All descriptors first: a file open in one process may be mapped only
	 * in another. */
	for (size_t i = 0; i < n && result == 0; i++)
		result = note_descriptors(&files, pids[i]);
	for (size_t i = 0; i < n && result == 0; i++)
		result = add_mappings(&files, pids[i]);
	for (size_t i = 0; i < files.n; i++) {
		struct file *f = &files.items[i];
		int64_t present = (int64_t)memfd_cover(f->runs, f->n) *
			page_kib;

		if (f->counts) {
			sum->files++;
			sum->allocated_kib += f->kib;
			sum->unmapped_kib += f->kib > present ?
				f->kib - present :
				0;
		}
		free(f->runs);
	}
	free(files.items);
	if (result < 0)
		sum->failed = files.failed;
	return result;
}
