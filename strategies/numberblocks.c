/* numberblocks.c - turns 2.7's lists of blocks of ints and floats round again.
 *
 * The order is seen from two blocks that were made one after the other and never
 * emptied: they stay neighbours, and the address at the beginning of the first is
 * that of the second when the list has been turned round.  A new block hands its
 * ints out from its end to its beginning, so that many in a row, each right below
 * the one before, are a block.
 */
#include "numberblocks.h"

#include <Python.h>

#include <limits.h>
#include <stddef.h>

#if PY_MAJOR_VERSION < 3

/* Objects/intobject.c: BLOCK_SIZE 1000 less BHEAD_SIZE 8. */
#define INTS_IN_BLOCK ((1000 - 8) / sizeof(PyIntObject))

/* Free ints that are taken at most until there is a new block. */
#define MOST_FREE 4000000

struct block {
	struct block *next;
	PyIntObject ints[INTS_IN_BLOCK];
};

/* Neighbours in the list; an int of each holds it.  NULL: not known. */
static struct block *older, *newer;

/* Takes ints, in a chain so that they can be let go, until the last INTS_IN_BLOCK
 * are a block.  The block, or NULL. */
static struct block *take_block(PyIntObject **chain, long *left)
{
	PyIntObject *previous = NULL;
	size_t in_row = 0;

	while ((*left)-- > 0) {
		/* Its value is the chain: small ones are not new objects. */
		PyIntObject *i = (PyIntObject *)PyInt_FromLong(LONG_MAX);

		if (i == NULL) {
			PyErr_Clear();
			return NULL;
		}
		i->ob_ival = (long)*chain;
		*chain = i;
		in_row = previous == i + 1 ? in_row + 1 : 1;
		previous = i;
		if (in_row == INTS_IN_BLOCK)
			return (struct block *)((char *)i -
						offsetof(struct block, ints));
	}
	return NULL;
}

void numberblocks_remember(void)
{
	PyIntObject *chain = NULL;
	long left = MOST_FREE;
	struct block *first, *second = NULL;

	if (older != NULL) {
		numberblocks_restore();
		return;
	}
	first = take_block(&chain, &left);
	if (first != NULL)
		second = take_block(&chain, &left);
	if (second != NULL && second->next == first) {
		Py_INCREF(&first->ints[0]);
		Py_INCREF(&second->ints[0]);
		older = first;
		newer = second;
	}
	while (chain != NULL) {
		PyIntObject *i = chain;

		chain = (PyIntObject *)i->ob_ival;
		Py_DECREF(i);
	}
	for (int turn = 0; turn < 2 && older != NULL; turn++) {
		PyInt_ClearFreeList();
		PyFloat_ClearFreeList();
	}
}

int numberblocks_restore(void)
{
	if (older == NULL || older->next != newer)
		return 0;
	PyInt_ClearFreeList();
	PyFloat_ClearFreeList();
	return 1;
}

#else

void numberblocks_remember(void)
{
}

int numberblocks_restore(void)
{
	return 0;
}

#endif
