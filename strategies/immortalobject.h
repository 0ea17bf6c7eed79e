/* immortalobject.h - what an immortal object and a running frame look like in
 * each interpreter version that has immortal objects (PEP 683).
 *
 *   version   reference count of an immortal object        frame's variables
 *   3.12      UINT_MAX, 64 bits wide                       PyObject *, cframe
 *   3.13      UINT_MAX, 64 bits wide                       PyObject *
 *   3.14      3 << 30, 32 bits wide, and a flag beside it  tagged references
 *
 * The values are the interpreter's own macros, never written here.  Source:
 * Include/object.h (3.12, 3.13), Include/refcount.h and _Py_SetImmortal() in
 * Objects/object.c (3.14), pycore_frame.h, pycore_interpframe.h.
 *
 * Free-threaded builds count otherwise (two counts and an owner per object) and
 * are not handled.  A debug build's assertions know which objects are immortal,
 * so it is not handled either.
 */
#ifndef PERMAFROST_IMMORTALOBJECT_H
#define PERMAFROST_IMMORTALOBJECT_H

#ifndef Py_BUILD_CORE
#ifdef Py_PYTHON_H
#error "include immortalobject.h before anything that includes Python.h"
#endif
#define Py_BUILD_CORE 1
#endif
#include <Python.h>

#define IMMORTAL_HANDLED 0
#if defined(PYPY_VERSION) || PY_VERSION_HEX < 0x030C0000
#define IMMORTAL_WHY_NOT "immortal objects (PEP 683) came with CPython 3.12"
#elif defined(Py_GIL_DISABLED)
#define IMMORTAL_WHY_NOT "a free-threaded build counts references otherwise"
#elif defined(Py_DEBUG) || defined(Py_REF_DEBUG)
#define IMMORTAL_WHY_NOT                                                       \
	"a debug build asserts that only its own objects are immortal"
#elif PY_VERSION_HEX >= 0x030F0000
#define IMMORTAL_WHY_NOT                                                       \
	"only the immortal objects of CPython 3.12-3.14 are known"
#else
#undef IMMORTAL_HANDLED
#define IMMORTAL_HANDLED 1
#define IMMORTAL_WHY_NOT NULL

#if PY_VERSION_HEX >= 0x030E0000
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter" /* in stackref.h */
#include <internal/pycore_interpframe.h>
#include <internal/pycore_interpframe_structs.h>
#include <internal/pycore_stackref.h>
#pragma GCC diagnostic pop
#else
#include <internal/pycore_frame.h>
#endif

/* Whether the interpreter counts no references to `op` any more. */
static inline int immortal_is(PyObject *op)
{
	return _Py_IsImmortal(op);
}

/* Makes the mortal `op` immortal, as the interpreter would.  Unlike its own
 * _Py_SetImmortal() of 3.13 on, this leaves `op` with the collector. */
static inline void immortal_set(PyObject *op)
{
#if PY_VERSION_HEX < 0x030E0000
	op->ob_refcnt = _Py_IMMORTAL_REFCNT;
#else
#if SIZEOF_VOID_P > 4
	op->ob_flags |= _Py_IMMORTAL_FLAGS;
#endif
	op->ob_refcnt = _Py_IMMORTAL_INITIAL_REFCNT;
#endif
}

/* The innermost frame of `thread`, or NULL. */
static inline _PyInterpreterFrame *frame_of(PyThreadState *thread)
{
#if PY_VERSION_HEX < 0x030D0000
	return thread->cframe->current_frame;
#else
	return thread->current_frame;
#endif
}

/* Whether `frame` is one of Python code, and not a mark that C code runs. */
static inline int frame_is_python(_PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX >= 0x030E0000
	if (frame->owner == FRAME_OWNED_BY_INTERPRETER)
		return 0;
#endif
	return frame->owner != FRAME_OWNED_BY_CSTACK;
}

/* The number of variables of `frame`: arguments, locals, cells. */
static inline int frame_variables(_PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX < 0x030D0000
	return frame->f_code->co_nlocalsplus;
#else
	return _PyFrame_GetCode(frame)->co_nlocalsplus;
#endif
}

/* Variable `i` of `frame`, borrowed; NULL when it has no value. */
static inline PyObject *frame_variable(_PyInterpreterFrame *frame, int i)
{
#if PY_VERSION_HEX < 0x030E0000
	return frame->localsplus[i];
#else
	return PyStackRef_AsPyObjectBorrow(frame->localsplus[i]);
#endif
}

/* The function that `frame` runs, borrowed. */
static inline PyObject *frame_function(_PyInterpreterFrame *frame)
{
#if PY_VERSION_HEX < 0x030E0000
	return frame->f_funcobj;
#else
	return PyStackRef_AsPyObjectBorrow(frame->f_funcobj);
#endif
}

#endif
#endif
