/* observemodel.c - predicts savings from counted pages. */
#define _GNU_SOURCE
#include "observemodel.h"

/* How much more often counts copy pages with tracked objects than other pools. */
#define RATIO_LOW 1.6
#define RATIO 2.2
#define RATIO_HIGH 3.0

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

static double most(double a, double b)
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

int observemodel_is_collected(const struct observe_pages *pages)
{
	return copied(&pages->tracked) > COLLECTED * all(&pages->tracked);
}

/* Of the pages with tracked objects that are as before but for headers, those that
 * counts have copied. */
static double touched(const struct observe_pages *p, double ratio)
{
	double added = ADDED * all(&p->tracked);
	double rate = (copied(&p->pools) + USUAL * added) /
		(all(&p->pools) + added);

	if (!observemodel_is_collected(p))
		return (double)p->tracked.equal;
	return least((double)(p->tracked.equal + p->tracked.headers),
		     most(0,
			  ratio * rate * all(&p->tracked) -
				  (double)p->tracked.differ));
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
	double tracked = (double)(p->tracked.equal + p->tracked.headers);
	double others = (double)(p->pools.equal + p->other.equal);
	double few = touched(p, RATIO_LOW), some = touched(p, RATIO);
	double many = touched(p, RATIO_HIGH);

	saving->freeze = (struct observe_range){ tracked - some, tracked - many,
						 tracked - few };
	if (threads > 1)
		saving->freeze_reshare = saving->freeze;
	else
		saving->freeze_reshare = (struct observe_range){
			tracked + others - rest(some + others, HOT, GROW / 2),
			tracked + others - rest(many + others, HOT_HIGH, GROW),
			tracked + others - rest(few + others, HOT_LOW, 0),
		};
}
