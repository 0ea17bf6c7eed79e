/* observemodel.h - what freeze, and freeze with reshare, would save a server that
 * runs without them, by what its workers' pages hold and what their collectors did.
 *
 * A copied page of the heap whose content is the master's was copied by the
 * collector, which restores its headers, or by reference counts that are back where
 * they were; content does not tell which.  What is certain is that freeze saves no
 * page that nobody has reached through the collector's lists: those without tracked
 * objects never; the others in a full collection or by gc.get_objects(), which goes
 * through all of them; those with young objects when these are collected
 * (observecollector.h).  So per worker, of the pages with tracked objects that are
 * equal or differ in headers alone,
 *
 *   freeze saves at most  all after a full collection, or when most pages with tracked
 *                         objects are copied, else those with young objects if these
 *                         were collected, else none
 *   and at least          none: a program may have touched every object
 *
 * How much it is between these is an estimate, for programs like those measured.
 * Copies of pages without tracked objects show how often counts copy a page, and
 * those with tracked objects, which programs go through more, are taken to be copied
 * by counts RATIO times as often: `touched`.  It is taken to be no less than 1 + EQUAL
 * times those that differ.  Then
 *
 *   freeze saves          what it saves at most, less what is equal of `touched`;
 *                         without a full
 *                         collection, half of the pages with young objects
 *   freeze+reshare saves  what is equal or differs in headers alone, less the rest:
 *                         the share HOT of all that counts have copied, which they
 *                         copy again at once, and half of the growth (GROW) for
 *                         which a pass waits
 *
 * with a usual range where RATIO, EQUAL and HOT are about the least and the greatest
 * measured.
 * There is none when more pages with tracked objects differ than `touched` allows, nor
 * when it is not known whether there was a full collection; where many pages with
 * tracked objects are uncopied, there was none.
 *
 * New pages, copies that differ in other ways and copies outside of the heap
 * remain.  A worker with more than one thread gives nothing back.  Page tables are
 * left out, they are about the same.
 *
 * RATIO and HOT are measured.  Frozen workers (CPython 3.11; workloads objectgraph,
 * webapp, stdlib, and a Django project under gunicorn) had copied 3, 36, 14 and 33 %
 * of their pages with tracked objects, and 2, 20, 5 and 16 % of the other pools: 2.0,
 * 1.8, 2.9 and 2.1 times as often.  For each page that differed they had left 0.3
 * equal (Django), 4 or 5 (webapp, stdlib) and more.  Of the equal pages of frozen
 * workers 84 and 77 % remained under reshare (Django, twice), 38 to 76 % (webapp) and 32
 * to 49 % (stdlib, on 2.7 to 3.13): HOT is from 0.1 to 0.7.  What comes out of it
 * was compared with the totals of real servers in README.md.
 */
#ifndef PERMAFROST_OBSERVEMODEL_H
#define PERMAFROST_OBSERVEMODEL_H

#include "observepages.h"

/* Pages: what is certain, and, for programs like those measured, what to expect; NAN
 * when that is not known. */
struct observe_range {
	double low, high, estimate, usual_low, usual_high;
};

struct observe_saving {
	struct observe_range freeze, freeze_reshare;
};

/* What one worker with so many threads would save.  Pure. */
void observemodel_predict(const struct observe_pages *pages, int64_t threads,
			  struct observe_saving *saving);

/* Whether the collector has gone through all of the heap in this worker. */
enum observe_answer { OBSERVE_NO, OBSERVE_YES, OBSERVE_UNKNOWN };

/* Pure. */
enum observe_answer
observemodel_is_collected(const struct observe_pages *pages);

#endif
