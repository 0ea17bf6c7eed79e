/* gcevents.c - adds up the collections that a way sees; chooses the way.
 *
 * A collection is counted when it ends.  Faults are those of the thread that
 * collects (RUSAGE_THREAD, Linux 2.6.26), since others may run on while a
 * weak reference's callback sleeps.
 *
 * A process that a request forks inherits the ways, but its collections are not
 * the worker's: a fork handler stops the recorders in every child, and
 * gcevents_redirect() starts the first one again in a worker.  That takes
 * nothing from each collection, as asking getpid() did (two system calls).
 */
#include "gcevents.h"

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static struct gcevents_recorder first = { .generation = -1 };
static struct gcevents_recorder second = { .generation = -1 };
static const struct gcevents_way *way; /* the first recorder's */

uint64_t gcevents_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt;
}

void gcevents_begin(struct gcevents_recorder *recorder, int generation)
{
	if (recorder->into == NULL)
		return;
	if (recorder->generation >= 0)
		recorder->into->gc_unmatched++;
	recorder->generation = generation;
	recorder->faults = minor_faults();
	recorder->since = gcevents_now();
}

void gcevents_end(struct gcevents_recorder *recorder)
{
	uint64_t took = gcevents_now() - recorder->since;
	struct shm_process *p = recorder->into;
	int g = recorder->generation;

	if (p == NULL)
		return;
	if (g < 0) {
		p->gc_unmatched++;
		return;
	}
	p->gc_faults += (uint64_t)(minor_faults() - recorder->faults);
	p->collections[g]++;
	p->gc_ns[g] += took;
	if (took > p->gc_max_ns[g])
		p->gc_max_ns[g] = took;
	gcevents_count(p->pauses[g], took, &p->gc_overflow);
	recorder->generation = -1;
}

void gcevents_lost(struct gcevents_recorder *recorder, uint64_t n)
{
	if (recorder->into != NULL)
		recorder->into->gc_unmatched += n;
}

static void record_into(struct gcevents_recorder *recorder,
			struct shm_process *slot, const struct gcevents_way *by)
{
	slot->gc_source = by->source;
	recorder->into = slot;
	recorder->generation = -1;
}

static void stop_in_child(void)
{
	first.into = second.into = NULL;
}

int gcevents_start(struct shm_process *slot)
{
	int error = pthread_atfork(NULL, NULL, stop_in_child);

	if (error != 0) {
		PyErr_SetString(PyExc_OSError, strerror(error));
		return -1;
	}
	way = gccallbacks_way.why_not == NULL ? &gccallbacks_way : &gcdebug_way;
	record_into(&first, slot, way);
	return way->start(&first);
}

int gcevents_start_second(struct shm_process *slot)
{
	const char *why_not = gcdebug_way.why_not;

	if (way == &gcdebug_way)
		why_not = gccallbacks_way.why_not;
	if (way == NULL || second.into != NULL)
		why_not = "attach() comes first, and this once";
	if (why_not != NULL) {
		PyErr_SetString(PyExc_NotImplementedError, why_not);
		return -1;
	}
	record_into(&second, slot, &gcdebug_way);
	return gcdebug_way.start(&second);
}

int gcevents_redirect(struct shm_process *slot)
{
	record_into(&first, slot, way);
	return way->baseline();
}

int gcevents_refresh(void)
{
	if (way->refresh() < 0)
		return -1;
	return second.into != NULL ? gcdebug_way.refresh() : 0;
}

int gcevents_audit(void)
{
	if (way->audit() < 0)
		return -1;
	return second.into != NULL ? gcdebug_way.audit() : 0;
}
