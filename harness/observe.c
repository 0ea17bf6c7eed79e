/* observe.c - watches a live server; see observe.h. */
#define _GNU_SOURCE
#include "observe.h"

#include <stdlib.h>
#include <unistd.h>

#include "memfd.h"
#include "util.h"

#define CONTENTS_APART_NS (INT64_C(10) * 1000000000)
#define CONTENTS_SHARE 50 /* 1 / 2 % */

static int64_t own_cpu(void)
{
	int64_t ns;

	return procfs_read_cpu(getpid(), &ns) == 0 ? ns : 0;
}

void observe_begin(struct observe *o, pid_t master, int without_contents)
{
	*o = (struct observe){
		.master = master,
		.contents_off = without_contents,
		.unmapped_kib = -1,
		.began = now_ns(),
		.cpu_began = own_cpu(),
	};
}

void observe_end(struct observe *o)
{
	observefamily_fini(&o->now);
	observefamily_fini(&o->before);
	free(o->workers);
	o->workers = NULL;
}

/* Counts each worker's copies.  Those whose contents were read keep what was found
 * then. */
static void count_copies(struct observe *o)
{
	struct observe_worker *old = o->workers;
	size_t n_old = o->before.n;
	struct cow_map map;
	int result = cow_note(o->master, &map);

	o->workers = xcalloc(o->now.n, sizeof *o->workers);
	for (size_t i = 0; i < o->now.n; i++) {
		struct observe_worker *w = &o->workers[i];

		for (size_t k = 0; k < n_old; k++)
			if (old[k].pid == o->now.workers[i].pid)
				*w = old[k];
		w->pid = o->now.workers[i].pid;
		w->cow_error = result == 0 ?
			cow_count(&map, w->pid, &w->counts) :
			result;
	}
	free(old);
	cow_fini(&map);
}

int observe_refresh(struct observe *o)
{
	struct observe_family now;
	int result = observefamily_read(&now, o->master);

	if (result < 0) {
		observefamily_fini(&now);
		return result;
	}
	observefamily_fini(&o->before);
	o->before = o->now;
	o->now = now;
	count_copies(o);
	return 0;
}

/* Memory that the server holds but no process maps, as that of reshare. */
static void sum_unmapped(struct observe *o)
{
	pid_t *pids = xcalloc(o->now.n + 1, sizeof *pids);
	struct memfd_sum sum;

	for (size_t i = 0; i < o->now.n; i++)
		pids[i] = o->now.workers[i].pid;
	pids[o->now.n] = o->master;
	o->unmapped_kib = memfd_sum(pids, o->now.n + 1, NULL, &sum) == 0 ?
		sum.unmapped_kib :
		-1;
	free(pids);
}

void observe_read_contents(struct observe *o)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int64_t start = now_ns(), cpu = own_cpu();
	struct observe_heap heap;
	uint64_t pages = 0;

	for (size_t i = 0; i < o->now.n; i++)
		pages += o->workers[i].counts.copied;
	/* Each is read on both sides. */
	o->contents_step = 2 * pages * page / OBSERVE_READ_BYTES + 1;
	o->contents_error = observepages_open(&heap, o->master);
	for (size_t i = 0; i < o->now.n && o->contents_error == 0; i++) {
		struct observe_worker *w = &o->workers[i];

		w->contents_error = observepages_look(
			&heap, w->pid, o->contents_step, &w->pages);
		w->has_contents = w->contents_error == 0;
	}
	o->python = heap.python;
	o->is_reshared = heap.is_reshared;
	o->contents_bytes = heap.read_bytes;
	observepages_close(&heap);
	sum_unmapped(o);
	o->contents_at = now_ns();
	o->contents_ns = o->contents_at - start;
	o->contents_cpu_ns = own_cpu() - cpu;
}

int64_t observe_contents_due(const struct observe *o)
{
	int64_t apart = CONTENTS_SHARE * o->contents_cpu_ns;

	if (o->contents_at == 0)
		return 0;
	return o->contents_at +
		(apart > CONTENTS_APART_NS ? apart : CONTENTS_APART_NS);
}
