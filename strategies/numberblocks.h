/* numberblocks.h - the order of the blocks that 2.7 keeps ints and floats in.
 *
 * Each block begins with the address of the next.  A full collection ends with
 * PyInt_ClearFreeList() and PyFloat_ClearFreeList(), which turn both lists round
 * (Objects/intobject.c and floatobject.c of 2.7): after an odd number of full
 * collections every block differs from the template's in one address, though no
 * number has changed.  Later versions keep numbers elsewhere: no-ops there.
 */
#ifndef PERMAFROST_NUMBERBLOCKS_H
#define PERMAFROST_NUMBERBLOCKS_H

/* Remembers the present order, and puts the free numbers of all blocks into the
 * order that a collection leaves them in.  Allocates two blocks, once.  What cannot
 * be recognised is left alone: then nothing is ever restored. */
void numberblocks_remember(void);

/* Turns the lists round if they are not in the order remembered.  Returns whether
 * it did; costs as much as that part of a full collection. */
int numberblocks_restore(void);

#endif
