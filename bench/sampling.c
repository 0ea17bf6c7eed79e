/* sampling.c - times ways to read the memory of processes that stand still.
 *
 *     sampling TEMPLATE WORKER...
 *
 * For each line "METHOD COUNT" on stdin it applies METHOD to the first COUNT
 * workers and answers with one line, "NS RSS PRIVATE PAGES": time, and sums
 * over the processes in KiB and pages, 0 for what the method cannot tell;
 * or "unsupported REASON".  The template must not go on before the answer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cow.h"
#include "pagescan.h"
#include "procfs.h"
#include "util.h"

#define THREADS_MAX 64
#define CHUNK 65536 /* pages of pagemap per read */

/* User addresses of x86-64 end here; the kernel's own page lies above. */
#define ADDRESSES_END ((UINT64_C(1) << 47) - 4096)

struct sums {
	int64_t rss, private_, pages;
};

/* Each method adds what it learns of `pid`; 0 or -errno. */
typedef int method(pid_t pid, struct sums *sums);

/* What the harness asks of each process at a checkpoint. */
static int ours(pid_t pid, struct sums *sums)
{
	struct procfs_memory memory;
	struct procfs_stat stat;
	int64_t cpu;
	int result = procfs_read_memory(pid, &memory);

	if (result == 0)
		result = procfs_read_stat(pid, &stat);
	if (result == 0)
		result = procfs_read_cpu(pid, &cpu);
	if (result < 0)
		return result;
	sums->rss += memory.rss;
	sums->private_ += memory.private_clean + memory.private_dirty;
	sums->pages += memory.rss * 1024 / sysconf(_SC_PAGESIZE);
	return 0;
}

static pid_t template;

/* What the harness does with a worker at a checkpoint.  The template's pages are
 * noted by the first call, as they are once in a cell. */
static int checkpoint(pid_t pid, struct sums *sums)
{
	static struct cow_map map;
	struct cow_counts counts;
	int64_t page_tables;
	int result = map.n > 0 ? 0 : cow_note(template, &map);

	if (result == 0)
		result = ours(pid, sums);
	if (result == 0)
		result = procfs_read_page_tables(pid, &page_tables);
	return result < 0 ? result : cow_count(&map, pid, &counts);
}

static int open_of(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Only the read itself of smaps_rollup: the kernel's walk over the pages.
 * The clock runs inside, so that opening does not count. */
static int64_t walk_ns;
static int walk(pid_t pid, struct sums *sums)
{
	char text[4096];
	int fd = open_of(pid, "smaps_rollup"), result;
	int64_t begin = now_ns();

	(void)sums;
	if (fd < 0)
		return fd;
	result = read(fd, text, sizeof text) > 0 ? 0 : -errno;
	walk_ns += now_ns() - begin;
	close(fd);
	return result;
}

/* Of one mapping: bit 63 is present, bit 56 mapped by this process only. */
static int pagemap_range(int pagemap, uint64_t from, uint64_t to,
			 struct sums *sums)
{
	static uint64_t entries[CHUNK];
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE), page = from / size;

	while (page < to / size) {
		uint64_t n = to / size - page;
		ssize_t got = pread(pagemap, entries,
				    (n < CHUNK ? n : CHUNK) * sizeof *entries,
				    (off_t)(page * sizeof *entries));

		if (got <= 0)
			return got < 0 ? -errno : 0;
		got /= (ssize_t)sizeof *entries;
		for (ssize_t i = 0; i < got; i++) {
			int present = entries[i] >> 63 != 0;
			int own = present && (entries[i] >> 56 & 1) != 0;

			sums->pages += present;
			sums->private_ += own ? (int64_t)size / 1024 : 0;
		}
		page += (uint64_t)got;
	}
	return 0;
}

/* pagemap of every mapping, which tells private but no PSS. */
static int pagemap(pid_t pid, struct sums *sums)
{
	char path[64], *text = NULL;
	int fd = open_of(pid, "pagemap"), result;

	if (fd < 0)
		return fd;
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	result = read_file(path, 64u << 20, &text, NULL);
	for (char *line = text; result == 0 && line != NULL && *line != '\0';) {
		char *next = strchr(line, '\n');
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx", &from, &to) == 2 &&
		    to <= ADDRESSES_END)
			result = pagemap_range(fd, from, to, sums);
		line = next != NULL ? next + 1 : NULL;
	}
	free(text);
	close(fd);
	return result;
}

/* PAGEMAP_SCAN for presence alone, over the whole address space: the cheapest
 * walk there is, and it can say neither PSS nor private. */
static int scan(pid_t pid, struct sums *sums)
{
	static struct scan_region regions[4096];
	int pagemap = open_of(pid, "pagemap"), n = 0;
	struct scan_arg arg = {
		.size = sizeof arg,
		.end = ADDRESSES_END,
		.vec = (uintptr_t)regions,
		.vec_len = sizeof regions / sizeof *regions,
		.category_mask = SCAN_PRESENT,
		.return_mask = SCAN_PRESENT,
	};

	if (pagemap < 0)
		return pagemap;
	while (n >= 0 && arg.start < arg.end) {
		n = ioctl(pagemap, SCAN_IOCTL, &arg);
		for (int i = 0; i < n; i++)
			sums->pages += (int64_t)(regions[i].end -
						 regions[i].start) /
				sysconf(_SC_PAGESIZE);
		arg.start = arg.walk_end;
	}
	n = n < 0 ? -errno : 0;
	close(pagemap);
	return n;
}

static pid_t *pids;

struct share {
	pthread_t thread;
	int first, step, count, result;
	struct sums sums;
};

static void *run_share(void *arg)
{
	struct share *s = arg;

	for (int i = s->first; i < s->count && s->result == 0; i += s->step)
		s->result = ours(pids[i], &s->sums);
	return NULL;
}

/* The same as `ours`, by as many threads as there are processors. */
static int threads(int count, struct sums *sums)
{
	struct share shares[THREADS_MAX] = { 0 };
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	int started = 0, result = 0;

	n = n > THREADS_MAX ? THREADS_MAX : n < 1 ? 1 : n;
	for (; started < n && result == 0; started++) {
		shares[started].first = started;
		shares[started].step = (int)n;
		shares[started].count = count;
		result = -pthread_create(&shares[started].thread, NULL,
					 run_share, &shares[started]);
		if (result < 0)
			break;
	}
	for (int i = 0; i < started; i++) {
		pthread_join(shares[i].thread, NULL);
		result = result < 0 ? result : shares[i].result;
		sums->rss += shares[i].sums.rss;
		sums->private_ += shares[i].sums.private_;
		sums->pages += shares[i].sums.pages;
	}
	return result;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int run(method *m, int count, struct sums *sums)
{
	int result = 0;

	for (int i = 0; i < count && result == 0; i++)
		result = m(pids[i], sums);
	return result;
}

int main(int argc, char **argv)
{
	/* Over many workers a checkpoint takes so long that a busy host always
	 * comes in between; it never waits, so the CPU's time is its own. */
	const struct {
		const char *name;
		method *run; /* NULL: threads() */
		clockid_t clock;
	} methods[] = {
		{ "ours", ours, CLOCK_MONOTONIC },
		{ "checkpoint", checkpoint, CLOCK_PROCESS_CPUTIME_ID },
		{ "walk", walk, CLOCK_MONOTONIC },
		{ "pagemap", pagemap, CLOCK_MONOTONIC },
		{ "scan", scan, CLOCK_MONOTONIC },
		{ "threads", NULL, CLOCK_MONOTONIC },
	};
	char name[32];
	int count, workers = argc - 2;

	if (argc < 2)
		return 2;
	template = atoi(argv[1]);
	pids = xcalloc((size_t)argc, sizeof *pids);
	for (int i = 0; i < workers; i++)
		pids[i] = atoi(argv[i + 2]);
	while (scanf("%31s %d", name, &count) == 2 && count <= workers) {
		struct sums sums = { 0 };
		int result = -EINVAL;
		int64_t ns = 0;

		walk_ns = 0;
		for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
			int64_t begin = clock_ns(methods[i].clock);

			if (strcmp(methods[i].name, name) != 0)
				continue;
			result = methods[i].run != NULL ?
				run(methods[i].run, count, &sums) :
				threads(count, &sums);
			ns = clock_ns(methods[i].clock) - begin;
		}
		if (walk_ns > 0)
			ns = walk_ns;
		if (result < 0)
			printf("unsupported %s\n", strerror(-result));
		else
			printf("%lld %lld %lld %lld\n", (long long)ns,
			       (long long)sums.rss, (long long)sums.private_,
			       (long long)sums.pages);
		fflush(stdout);
	}
	return 0;
}
