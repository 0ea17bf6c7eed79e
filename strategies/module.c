/* module.c - the glue that turns one struct strategy into a Python module.
 *
 * Compiled once per interpreter and linked with each strategy.  The module has
 *   NAME, SUMMARY    texts from the table
 *   OPTIONS          tuple of (name, help, default or None)
 *   HOOKS            names of the hooks the strategy has
 *   supported()      None, or why the strategy does not work here
 *   canonical(*args) the one spelling of NAME:ARG...; ValueError for bad ones
 *   Strategy(*args)  one use in a stack: str() is its canonical spec, and each
 *                    hook is a method without arguments.
 * Arguments are texts, as they stand in a spec.
 */
#include "strategy.h"

#include <string.h>

#ifdef Py_GIL_DISABLED
#define BUILT_FREE_THREADED 1
#else
#define BUILT_FREE_THREADED 0
#endif
#ifdef Py_REF_DEBUG
#define BUILT_REF_DEBUG 1
#else
#define BUILT_REF_DEBUG 0
#endif

#if PY_MAJOR_VERSION >= 3
#define TEXT_FROM PyUnicode_FromString
#if PY_VERSION_HEX >= 0x03030000
#define TEXT_AS PyUnicode_AsUTF8
#endif
#else
#define TEXT_FROM PyString_FromString
#define TEXT_AS PyString_AsString
#endif

int module_check_interpreter(const char *module)
{
	/* Only calls that every version has, on no object's layout: an
	 * interpreter of another ABI may be loading this by mistake. */
	const char *running = Py_GetVersion();
	size_t length = strlen(PY_VERSION);
	char first_words[48];
	int free_threaded = strstr(running, "free-threading") != NULL;
	int ref_debug = PySys_GetObject((char *)"gettotalrefcount") != NULL;

	if (strncmp(running, PY_VERSION, length) == 0 &&
	    running[length] == ' ' && free_threaded == BUILT_FREE_THREADED &&
	    ref_debug == BUILT_REF_DEBUG)
		return 0;
	snprintf(first_words, sizeof first_words, "%.*s",
		 (int)strcspn(running, "(\n"), running);
	PyErr_Format(PyExc_ImportError,
		     "permafrost.%s was built for CPython %s%s%s, this is %s; "
		     "run configure and make again",
		     module, PY_VERSION,
		     BUILT_FREE_THREADED ? " free-threaded" : "",
		     BUILT_REF_DEBUG ? " debug" : "", first_words);
	return -1;
}

PyObject *module_create(const char *name, const char *doc, PyMethodDef *methods)
{
	PyObject *module;

	if (module_check_interpreter(name) < 0)
		return NULL;
#if PY_MAJOR_VERSION >= 3
	/* One per extension, for as long as the interpreter may look at it. */
	static PyModuleDef def = { PyModuleDef_HEAD_INIT, .m_size = -1 };

	def.m_name = name;
	def.m_doc = doc;
	def.m_methods = methods;
	module = PyModule_Create(&def);
#else
	module = Py_InitModule3(name, methods, doc);
#endif
#ifdef Py_GIL_DISABLED
	/* Importing it must not switch the GIL on under test. */
	if (module != NULL)
		PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
	return module;
}

/* One module is loaded per process and strategy, so the table may be static. */
static const struct strategy *the_strategy;

struct use_object {
	PyObject_HEAD struct strategy_use use;
};

/* Reads a tuple of texts by the option table.  Returns 0 or -1 with ValueError
 * or TypeError set. */
static int parse_args(PyObject *args, struct strategy_value *values)
{
	const char *texts[STRATEGY_MAX_OPTIONS + 1];
	char error[256];
	Py_ssize_t n = PyTuple_GET_SIZE(args);

	if (n > STRATEGY_MAX_OPTIONS + 1)
		n = STRATEGY_MAX_OPTIONS + 1;
	for (Py_ssize_t i = 0; i < n; i++) {
		PyObject *arg = PyTuple_GET_ITEM(args, i);

		texts[i] = TEXT_AS(arg);
		if (texts[i] == NULL)
			return -1;
		if ((Py_ssize_t)strlen(texts[i]) < PyObject_Length(arg)) {
			PyErr_SetString(PyExc_ValueError,
					"an argument has a NUL character");
			return -1;
		}
	}
	if (option_parse(the_strategy, (int)n, texts, values, error,
			 sizeof error) < 0) {
		PyErr_SetString(PyExc_ValueError, error);
		return -1;
	}
	return 0;
}

static PyObject *format_spec(const struct strategy_value *values)
{
	char spec[256];

	if (option_format(the_strategy, values, spec, sizeof spec) < 0) {
		PyErr_SetString(PyExc_ValueError, "the spec is too long");
		return NULL;
	}
	return TEXT_FROM(spec);
}

static PyObject *use_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	const char *why = the_strategy->supported();
	struct use_object *self;

	if (kwargs != NULL && PyDict_Size(kwargs) != 0) {
		PyErr_SetString(PyExc_TypeError,
				"arguments are texts, as in a spec");
		return NULL;
	}
	if (why != NULL) {
		PyErr_Format(PyExc_RuntimeError, "%s is unsupported: %s",
			     the_strategy->name, why);
		return NULL;
	}
	self = (struct use_object *)type->tp_alloc(type, 0);
	if (self == NULL)
		return NULL;
	memset(&self->use, 0, sizeof self->use);
	if (parse_args(args, self->use.args) < 0) {
		Py_DECREF(self);
		return NULL;
	}
	return (PyObject *)self;
}

static PyObject *use_text(PyObject *self)
{
	return format_spec(((struct use_object *)self)->use.args);
}

#define HOOK_METHOD(hook)                                                      \
	static PyObject *use_##hook(PyObject *self, PyObject *unused)          \
	{                                                                      \
		(void)unused;                                                  \
		if (the_strategy->hook != NULL &&                              \
		    the_strategy->hook(&((struct use_object *)self)->use) < 0) \
			return NULL;                                           \
		Py_RETURN_NONE;                                                \
	}
HOOK_METHOD(before_warm)
HOOK_METHOD(before_fork)
HOOK_METHOD(after_fork_child)
HOOK_METHOD(after_request)
HOOK_METHOD(before_exit)
HOOK_METHOD(undo)

static PyObject *use_count(PyObject *self, PyObject *unused)
{
	Py_ssize_t n = 0;

	(void)unused;
	if (the_strategy->count != NULL)
		n = the_strategy->count(&((struct use_object *)self)->use);
	return n < 0 ? NULL : PyLong_FromSsize_t(n);
}

static PyObject *use_rehearsals(PyObject *self, PyObject *unused)
{
	(void)unused;
	return PyLong_FromLong(
		the_strategy->rehearsals == NULL ?
			0 :
			the_strategy->rehearsals(
				&((struct use_object *)self)->use));
}

#define HOOK(name, help)                                                       \
	{                                                                      \
#name, use_##name, METH_NOARGS, help                           \
	}
static PyMethodDef use_methods[] = {
	HOOK(before_warm, "In the template, before the application is loaded."),
	HOOK(rehearsals, "Requests that the template is to serve itself."),
	HOOK(before_fork, "In the template, right before the first fork."),
	HOOK(after_fork_child, "In each worker, right after the fork."),
	HOOK(after_request, "In a worker, after each request."),
	HOOK(before_exit, "In a worker, after its last request."),
	HOOK(undo, "Takes back what before_fork did."),
	HOOK(count, "Number of objects held away from the collector."),
	{ NULL, NULL, 0, NULL }
};

static PyTypeObject use_type = {
	PyVarObject_HEAD_INIT(NULL, 0).tp_name = "permafrost.Strategy",
	.tp_basicsize = sizeof(struct use_object),
	.tp_flags = Py_TPFLAGS_DEFAULT,
	.tp_doc = "One use of a strategy in a stack.",
	.tp_methods = use_methods,
	.tp_new = use_new,
	.tp_str = use_text,
	.tp_repr = use_text,
};

static PyObject *module_supported(PyObject *self, PyObject *unused)
{
	const char *why = the_strategy->supported();

	(void)self;
	(void)unused;
	if (why == NULL)
		Py_RETURN_NONE;
	return TEXT_FROM(why);
}

static PyObject *module_canonical(PyObject *self, PyObject *args)
{
	struct strategy_value values[STRATEGY_MAX_OPTIONS];

	(void)self;
	if (parse_args(args, values) < 0)
		return NULL;
	return format_spec(values);
}

static PyMethodDef module_methods[] = {
	{ "supported", module_supported, METH_NOARGS,
	  "None, or why the strategy does not work here." },
	{ "canonical", module_canonical, METH_VARARGS,
	  "The one spelling of the strategy with these arguments." },
	{ NULL, NULL, 0, NULL }
};

/* A new tuple of (name, help, default or None), or NULL. */
static PyObject *options_tuple(const struct strategy *s)
{
	Py_ssize_t n = 0;
	PyObject *tuple;

	while (s->options != NULL && s->options[n].name != NULL)
		n++;
	tuple = PyTuple_New(n);
	for (Py_ssize_t i = 0; tuple != NULL && i < n; i++) {
		const struct strategy_option *o = &s->options[i];
		PyObject *row = Py_BuildValue("(ssz)", o->name, o->help,
					      o->fallback);

		if (row == NULL)
			Py_CLEAR(tuple);
		else
			PyTuple_SET_ITEM(tuple, i, row);
	}
	return tuple;
}

/* A new tuple of the names of the hooks that `s` has, or NULL. */
static PyObject *hooks_tuple(const struct strategy *s)
{
	const struct {
		const char *name;
		int present;
	} hooks[] = {
		{ "before_warm", s->before_warm != NULL },
		{ "rehearsals", s->rehearsals != NULL },
		{ "before_fork", s->before_fork != NULL },
		{ "after_fork_child", s->after_fork_child != NULL },
		{ "after_request", s->after_request != NULL },
		{ "before_exit", s->before_exit != NULL },
		{ "undo", s->undo != NULL },
		{ "count", s->count != NULL },
	};
	PyObject *list = PyList_New(0), *tuple = NULL;

	for (size_t i = 0; list != NULL && i < sizeof hooks / sizeof *hooks;
	     i++) {
		PyObject *name;

		if (!hooks[i].present)
			continue;
		name = TEXT_FROM(hooks[i].name);
		if (name == NULL || PyList_Append(list, name) < 0)
			Py_CLEAR(list);
		Py_XDECREF(name);
	}
	if (list != NULL)
		tuple = PyList_AsTuple(list);
	Py_XDECREF(list);
	return tuple;
}

/* Adds `value`, of which the reference is taken; NULL is an earlier error. */
static int add_object(PyObject *module, const char *name, PyObject *value)
{
	if (value == NULL)
		return -1;
	if (PyModule_AddObject(module, name, value) < 0) {
		Py_DECREF(value);
		return -1;
	}
	return 0;
}

/* Adds the strategy's own functions.  Returns 0 or -1. */
static int add_functions(PyObject *module, PyMethodDef *f)
{
	for (; f != NULL && f->ml_name != NULL; f++)
		if (add_object(module, f->ml_name,
			       PyCFunction_NewEx(f, NULL, NULL)) < 0)
			return -1;
	return 0;
}

PyObject *strategy_module_init(const struct strategy *s, const char *name)
{
	PyObject *module;

	/* Before anything of this interpreter is touched. */
	if (module_check_interpreter(name) < 0)
		return NULL;
	if (s->abi != STRATEGY_ABI || s->name == NULL || s->summary == NULL ||
	    s->supported == NULL || s->before_fork == NULL) {
		PyErr_Format(PyExc_ImportError,
			     "permafrost.%s lacks a required field of struct "
			     "strategy, or has another ABI",
			     name);
		return NULL;
	}
	if (s->check != NULL && s->supported() == NULL && s->check() < 0)
		return NULL;
	the_strategy = s;
	if (PyType_Ready(&use_type) < 0)
		return NULL;
	module = module_create(name, s->summary, module_methods);
	if (module == NULL)
		return NULL;
	Py_INCREF(&use_type);
	if (add_object(module, "NAME", TEXT_FROM(s->name)) < 0 ||
	    add_object(module, "SUMMARY", TEXT_FROM(s->summary)) < 0 ||
	    add_object(module, "OPTIONS", options_tuple(s)) < 0 ||
	    add_object(module, "HOOKS", hooks_tuple(s)) < 0 ||
	    add_object(module, "Strategy", (PyObject *)&use_type) < 0 ||
	    add_functions(module, s->functions) < 0) {
#if PY_MAJOR_VERSION >= 3
		Py_DECREF(module);
#endif
		return NULL;
	}
	return module;
}
