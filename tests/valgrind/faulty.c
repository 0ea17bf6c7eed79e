/* faulty.c - an extension with the faults that make check-valgrind must find, so
 * that it is known to find ours.  Built for that check alone. */
#include "strategy.h"

#include <stdlib.h>

/* A read behind an object's block. */
static PyObject *faulty_read(PyObject *self, PyObject *unused)
{
	volatile char *block = PyObject_Malloc(40);

	(void)self;
	(void)unused;
	if (block == NULL)
		return PyErr_NoMemory();
	(void)block[40];
	PyObject_Free((void *)block);
	Py_RETURN_NONE;
}

/* A decision by what was never written. */
static PyObject *faulty_use(PyObject *self, PyObject *unused)
{
	int numbers[4];
	int *volatile never_written = numbers;

	(void)self;
	(void)unused;
	if (never_written[1] == 42)
		return PyLong_FromLong(42);
	Py_RETURN_NONE;
}

/* Blocks that nothing leads to any more.  Several: a register or an old frame may
 * still hold the address of one. */
static PyObject *faulty_lose(PyObject *self, PyObject *unused)
{
	void *volatile block;

	(void)self;
	(void)unused;
	for (size_t i = 0; i < 8; i++) {
		block = PyObject_Malloc(1000 + i);
		if (block == NULL)
			return PyErr_NoMemory();
		block = NULL;
	}
	Py_RETURN_NONE;
}

static PyMethodDef faulty_methods[] = {
	{ "read", faulty_read, METH_NOARGS, "Reads behind a block." },
	{ "use", faulty_use, METH_NOARGS, "Uses what was never written." },
	{ "lose", faulty_lose, METH_NOARGS, "Loses blocks." },
	{ NULL, NULL, 0, NULL }
};

MODULE_INIT(faulty,
	    module_create("faulty", "Faults, on purpose.", faulty_methods))
