/* pyobject.c - makes each object of an interpreter a block of malloc(), under
 * Valgrind, where PYTHONMALLOC=malloc is not known: up to 3.5; and gives the number 0
 * a digit, for 3.11.
 *
 * Without it a whole arena is one block to memcheck, so that it sees nothing of what
 * objects do to each other, and no leak.  Valgrind calls a function whose name begins
 * with _vgr00000ZU_ in place of the one of the object and name that follow: NONE is
 * the executable, libpythonZa stands for libpython* (coregrind/pub_core_redir.h).
 * Natively the functions are never called.
 *
 * What they promise: Objects/obmalloc.c.  A block has at least one byte.
 *
 * 3.11 multiplies the size of an int, 0, by its first digit, which was never written
 * then, and so finds the one 0 that there is (Objects/longobject.c: medium_value(),
 * _PyLong_New()).  To memcheck all that uses this 0 later is undefined, too, so that it
 * takes more than a suppression.  3.12 writes the digit.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define INT_HEAD 24 /* type, count of references, size */
#define INT_OF_ONE_DIGIT (INT_HEAD + sizeof(uint32_t))

static size_t at_least_one(size_t size)
{
	return size > 0 ? size : 1;
}

static void *allocate(size_t size)
{
	void *block = size <= PTRDIFF_MAX ? malloc(at_least_one(size)) : NULL;

	if (block != NULL && size == INT_OF_ONE_DIGIT)
		memset((char *)block + INT_HEAD, 0, sizeof(uint32_t));
	return block;
}

#define ALLOCATOR(object)                                                      \
	void *_vgr00000ZU_##object##_PyObject_Malloc(size_t size)              \
	{                                                                      \
		return allocate(size);                                         \
	}                                                                      \
	void *_vgr00000ZU_##object##_PyObject_Calloc(size_t n, size_t size)    \
	{                                                                      \
		if (size > 0 && n > PTRDIFF_MAX / size)                        \
			return NULL;                                           \
		return calloc(1, at_least_one(n * size));                      \
	}                                                                      \
	void *_vgr00000ZU_##object##_PyObject_Realloc(void *p, size_t size)    \
	{                                                                      \
		return size > PTRDIFF_MAX ? NULL :                             \
					    realloc(p, at_least_one(size));    \
	}                                                                      \
	void _vgr00000ZU_##object##_PyObject_Free(void *p)                     \
	{                                                                      \
		free(p);                                                       \
	}

ALLOCATOR(NONE)
ALLOCATOR(libpythonZa)
