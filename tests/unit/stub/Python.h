/* Python.h - the names that strategy.h mentions, for tests of what never calls
 * the interpreter. */
#ifndef STUB_PYTHON_H
#define STUB_PYTHON_H

#include <stddef.h>
#include <sys/types.h>

#define PY_MAJOR_VERSION 3

typedef ssize_t Py_ssize_t;
typedef struct object PyObject;
typedef struct PyMethodDef PyMethodDef;

#endif
