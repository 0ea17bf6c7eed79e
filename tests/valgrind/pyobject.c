/* pyobject.c - makes each object of an interpreter a block of malloc(), under
 * Valgrind, where PYTHONMALLOC=malloc is not known: up to 3.5.
 *
 * Without it a whole arena is one block to memcheck, so that it sees nothing of what
 * objects do to each other, and no leak.  Valgrind calls a function whose name begins
 * with _vgr00000ZU_ in place of the one of the object and name that follow: NONE is
 * the executable, libpythonZa stands for libpython* (coregrind/pub_core_redir.h).
 * Natively the functions are never called.
 *
 * What they promise: Objects/obmalloc.c.  A block has at least one byte.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static size_t at_least_one(size_t size)
{
	return size > 0 ? size : 1;
}

#define ALLOCATOR(object)                                                      \
	void *_vgr00000ZU_##object##_PyObject_Malloc(size_t size)              \
	{                                                                      \
		return size > PTRDIFF_MAX ? NULL : malloc(at_least_one(size)); \
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
			realloc(p, at_least_one(size));                        \
	}                                                                      \
	void _vgr00000ZU_##object##_PyObject_Free(void *p)                     \
	{                                                                      \
		free(p);                                                       \
	}

ALLOCATOR(NONE)
ALLOCATOR(libpythonZa)
