/* strategy.h - the contract of a freeze strategy.
 *
 * A strategy is one C file that ends with one `struct strategy` and the line
 * PERMAFROST_STRATEGY(name, table).  module.c turns it into the extension
 * module permafrost.NAME; skeleton.c is the manual.
 *
 * All hooks return 0, or -1 with a Python exception set.  They run with the
 * GIL held, in the process named beside each.  A hook that moves objects
 * between collector lists must not allocate tracked objects while it does.
 */
#ifndef PERMAFROST_STRATEGY_H
#define PERMAFROST_STRATEGY_H

#include <Python.h>

/* Raised whenever struct strategy changes; module.c refuses another. */
#define STRATEGY_ABI 2

#define STRATEGY_MAX_OPTIONS 4

/* How the text of one argument is read; see option.c. */
enum option_kind {
	OPTION_INT,	    /* a whole number: value */
	OPTION_GENERATIONS, /* G or A-B: value, upper */
	OPTION_SIZE,	    /* bytes with an optional K, M or G: value */
	OPTION_PERCENT,	    /* N%: value */
};

/* One argument of a strategy.  In a spec, `NAME:ARG:ARG`, an argument stands
 * at its place in the table or anywhere as `option=ARG`. */
struct strategy_option {
	const char *name; /* NULL ends the table */
	const char *help; /* one line, with unit */
	enum option_kind kind;
	long minimum, maximum; /* inclusive, in the unit of `value` */
	const char *fallback;  /* text used when absent; NULL: required */
	int keyed;	       /* printed as option=ARG in the canonical form */
};

struct strategy_value {
	long value; /* number, lowest generation, bytes, percent */
	long upper; /* highest generation, else equal to value */
};

/* One use of a strategy in a stack: its arguments, and what it must remember
 * for undo.  Owned by module.c; zeroed at creation. */
struct strategy_use {
	struct strategy_value args[STRATEGY_MAX_OPTIONS];
	int saved[6]; /* the strategy's own; meaning is up to it */
};

struct strategy {
	/* STRATEGY_ABI at compile time.  Required. */
	int abi;

	/* Name in specs, with dashes.  Required. */
	const char *name;

	/* One line that says what it does to the heap.  Required. */
	const char *summary;

	/* Arguments in their order, or NULL for none.  Not required. */
	const struct strategy_option *options;

	/* Called at import and by `harness list`, in any process.  Returns
	 * NULL when the strategy works on this interpreter and host, else why
	 * not, as a static string.  Must not touch the heap.  Required. */
	const char *(*supported)(void);

	/* Called once at import, when supported: to check the layout of what
	 * the strategy will touch.  Set ImportError.  Not required. */
	int (*check)(void);

	/* Called in the template, before the application is loaded.
	 * Not required. */
	int (*before_warm)(struct strategy_use *use);

	/* Requests that the warm template is to serve itself, before
	 * before_fork, so that workers share what these load and cache.  Asked
	 * in the template.  Not required: 0. */
	long (*rehearsals)(struct strategy_use *use);

	/* Called in the template when the application is warm, right before
	 * the first fork; its time is the metric freeze_us.  Required. */
	int (*before_fork)(struct strategy_use *use);

	/* Called in each worker right after the fork.  Not required. */
	int (*after_fork_child)(struct strategy_use *use);

	/* Called in a worker after each request.  Not required. */
	int (*after_request)(struct strategy_use *use);

	/* Called in a worker after its last request, before it exits.
	 * Not required. */
	int (*before_exit)(struct strategy_use *use);

	/* Takes back what before_fork did, in the same process or in a worker;
	 * hooks of a stack are undone from right to left.  Not required: a
	 * strategy that has count and no undo holds its objects until the
	 * process ends. */
	int (*undo)(struct strategy_use *use);

	/* Number of objects the strategy holds away from the collector, or from
	 * reference counting, now, or -1 with an exception set.  May walk the
	 * heap.  Not required: 0. */
	Py_ssize_t (*count)(struct strategy_use *use);

	/* Functions that the module has besides, as of PyMethodDef; static.
	 * Not required. */
	PyMethodDef *functions;
};

/* option.c: reads the texts of `n` arguments into `values` (room for
 * STRATEGY_MAX_OPTIONS).  Returns 0, or -1 with one line in `error`. */
int option_parse(const struct strategy *s, int n, const char *const *texts,
		 struct strategy_value *values, char *error, size_t size);

/* option.c: writes the canonical spec of `s` with `values`, every argument
 * spelt out, into `out`.  Returns 0, or -1 when `size` is too small. */
int option_format(const struct strategy *s, const struct strategy_value *values,
		  char *out, size_t size);

/* module.c: creates the extension module of `s`.  A new reference (borrowed on
 * 2.7), or NULL with an exception set. */
PyObject *strategy_module_init(const struct strategy *s, const char *module);

/* module.c: creates a module of plain functions, on 2.7 and 3.x alike, that
 * refuses interpreters it was not built for and works without the GIL.  `name`,
 * `doc` and `methods` must be static.  A new reference (borrowed on 2.7), or
 * NULL with an exception set. */
PyObject *module_create(const char *name, const char *doc,
			PyMethodDef *methods);

/* module.c: refuses, with ImportError, an interpreter other than the one this
 * was compiled for.  Returns 0 or -1. */
int module_check_interpreter(const char *module);

#define MODULE_VISIBLE __attribute__((visibility("default")))

/* Defines the function by which the interpreter imports the module. */
#if PY_MAJOR_VERSION >= 3
#define MODULE_INIT(name, body)                                                \
	MODULE_VISIBLE PyObject *PyInit_##name(void);                          \
	MODULE_VISIBLE PyObject *PyInit_##name(void)                           \
	{                                                                      \
		return (body);                                                 \
	}
#else
#define MODULE_INIT(name, body)                                                \
	MODULE_VISIBLE void init##name(void);                                  \
	MODULE_VISIBLE void init##name(void)                                   \
	{                                                                      \
		(void)(body);                                                  \
	}
#endif

#define PERMAFROST_STRATEGY(name, table)                                       \
	MODULE_INIT(name, strategy_module_init(&(table), #name))

#endif
