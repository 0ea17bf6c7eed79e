/* observemodel.c - predicts savings from counted pages. */
#define _GNU_SOURCE
#include "observemodel.h"

#include <math.h>

/* How much more often counts copy pages with tracked objects than other pools, and
 * how many of these they leave equal for each one that differs, at least. */
struct habits {
	double ratio, equal;
};
static const struct habits few = { 1.6, 0.1 };
static const struct habits some = { 2.2, 0.3 };
static const struct habits many = { 3.0, 0.8 };

/* Where there are few pools without tracked objects, they are no fair sample: so many
 * as this share of the pages with them is added, copied at the usual rate. */
#define ADDED 0.1
#define USUAL 0.1

/* Of what counts have copied, so much is copied again at once. */
#define HOT_LOW 0.1
#define HOT 0.45
#define HOT_HIGH 0.7

/* Pages by which a worker grows between two passes; the default of reshare.c. */
#define GROW 1024.0

/* A collection of all generations leaves no more than the rest uncopied: objects
 * that are frozen, or that the collector has ceased to track. */
#define COLLECTED 0.75

static double least(double a, double b)
{
	return a < b ? a : b;
}

static double greatest(double a, double b)
{
	return a > b ? a : b;
}

static double copied(const struct observe_group *g)
{
	return (double)(g->equal + g->headers + g->differ);
}

static double all(const struct observe_group *g)
{
	return copied(g) + (double)g->shared;
}

/* Whether most pages with tracked objects are copied. */
static int is_covered(const struct observe_pages *p)
{
	return copied(&p->tracked) > COLLECTED * all(&p->tracked);
}

enum observe_answer observemodel_is_collected(const struct observe_pages *p)
{
	if (p->collections.full >= 0)
		return p->collections.full > 0 ? OBSERVE_YES : OBSERVE_NO;
	return is_covered(p) ? OBSERVE_UNKNOWN : OBSERVE_NO;
}

/* Pages with tracked objects that counts copy, those that differ included, by the
 * copies of other pools. */
static double by_pools(const struct observe_pages *p, double ratio)
{
	double added = ADDED * all(&p->tracked);
	double rate = (copied(&p->pools) + USUAL * added) /
		(all(&p->pools) + added);

	return ratio * rate * all(&p->tracked);
}

/* What freeze saves of `most` pages after a full collection. */
static double saved(const struct observe_pages *p, double most,
		    const struct habits *h)
{
	double differ = (double)p->tracked.differ;
	double touched = greatest(by_pools(p, h->ratio),
				  (1 + h->equal) * differ);

	return greatest(0, most - (touched - differ));
}

static struct observe_range freeze_saves(const struct observe_pages *p)
{
	double most = (double)(p->tracked.equal + p->tracked.headers);
	double young = p->collections.young != 0 ? (double)p->young : 0;
	enum observe_answer collected = observemodel_is_collected(p);

	if (collected == OBSERVE_NO)
		return (struct observe_range){ 0, is_covered(p) ? most : young,
					       young / 2, 0, young };
	if (collected == OBSERVE_UNKNOWN ||
	    by_pools(p, many.ratio) < (double)p->tracked.differ)
		return (struct observe_range){ 0, most, NAN, NAN, NAN };
	return (struct observe_range){
		0,
		most,
		saved(p, most, &some),
		saved(p, most, &many),
		saved(p, most, &few),
	};
}

/* What remains under reshare of `pages` that counts copy: hot ones, and others of
 * the time since the last pass. */
static double rest(double pages, double hot, double grown)
{
	return least(pages, hot * pages + grown);
}

void observemodel_predict(const struct observe_pages *p, int64_t threads,
			  struct observe_saving *saving)
{
	const struct observe_range f = freeze_saves(p);
	double equal = (double)(p->tracked.equal + p->tracked.headers +
				p->pools.equal + p->other.equal);

	saving->freeze = saving->freeze_reshare = f;
	if (threads > 1)
		return;
	/* What freeze does not save, counts have copied; all of it may be hot. */
	saving->freeze_reshare = (struct observe_range){
		0,
		equal,
		equal - rest(equal - f.estimate, HOT, GROW / 2),
		equal - rest(equal - f.usual_low, HOT_HIGH, GROW),
		equal - rest(equal - f.usual_high, HOT_LOW, 0),
	};
}
