/* storeparts.h - what store.c, storewrite.c and storeread.c share. */
#ifndef PERMAFROST_STOREPARTS_H
#define PERMAFROST_STOREPARTS_H

#include "store.h"

/* Gives a new connection what all of ours have: distrust of a schema from
 * elsewhere, patience with others, and the collation VERSION. */
void store_equip(struct store *s);

/* Whether the database that was opened for writing still is the file of its name;
 * after a complaint it is not: what is written then would be lost.  0 or -1. */
int store_in_place(struct store *s);

/* Complains about the last error of the database and what cures it.  -1. */
int store_broken(struct store *s, const char *what);

/* Runs statements without results.  0, or -1 after a complaint: "cannot WHAT the
 * database". */
int store_execute(struct store *s, const char *sql, const char *what);

/* The number that a one-value query gives, or -1 after a complaint. */
int64_t store_number(struct store *s, const char *sql);

/* A value of an object; null, borrowed, when it is not there. */
static inline json_t *get(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value != NULL ? value : json_null();
}

#endif
