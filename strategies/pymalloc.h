/* pymalloc.h - sizes in the interpreter's allocator, by version.
 *
 * Objects/obmalloc.c (Include/internal/pycore_obmalloc.h from 3.12): pools of
 * 4 KiB in arenas of 256 KiB up to 3.9; from 3.10 on, where pointers have 64 bits,
 * 16 KiB in 1 MiB (USE_LARGE_POOLS, USE_LARGE_ARENAS).
 */
#ifndef PERMAFROST_PYMALLOC_H
#define PERMAFROST_PYMALLOC_H

#include <Python.h>

#if PY_VERSION_HEX >= 0x030a0000 && SIZEOF_VOID_P > 4
#define PYMALLOC_POOL_BYTES ((size_t)16 << 10)
#define PYMALLOC_ARENA_BYTES ((size_t)1 << 20)
#else
#define PYMALLOC_POOL_BYTES ((size_t)4 << 10)
#define PYMALLOC_ARENA_BYTES ((size_t)256 << 10)
#endif

#endif
