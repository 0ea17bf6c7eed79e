"""The interpreter's own test modules: which, where they are, and their tests.

They are run as the interpreter's own runner does (test.regrtest): through
test_main() where a module has one, else through unittest's loader.  A
test_main() hands its tests to test.support.run_unittest() and run_doctest(),
which are replaced here before any test module is imported, so that single
tests can be chosen and watched.  (Lib/test/regrtest.py and libregrtest/ of
2.7-3.14.)
"""
import doctest
import importlib
import sys
import unittest

# Each with the module names it has had, the first that exists is taken.
MODULES = (
    ("test_gc", ("test.test_gc",)),
    ("test_weakref", ("test.test_weakref",)),
    ("test_dict", ("test.test_dict",)),
    ("test_list", ("test.test_list",)),
    ("test_unicode", ("test.test_unicode", "test.test_str")),
    ("test_tuple", ("test.test_tuple",)),
    ("test_descr", ("test.test_descr",)),
    ("test_threading", ("test.test_threading",)),
    ("test_sqlite3", ("test.test_sqlite3", "test.test_sqlite")),
)
NAMES = tuple(name for name, _ in MODULES)

# Few seconds' worth: no modules that wait, no threads that collect all the time.
SHORT = ("test_weakref", "test_dict", "test_list")
SLOW = "test_threaded"

_run = None             # what takes a suite while a module's tests run


def _paths(name):
    return dict(MODULES).get(name, (name,))


def is_of(test, name):
    """Whether the test with the id `test` is of the module `name`."""
    return any(test.startswith(path + ".") for path in _paths(name))


def _flat(suite):
    """The tests of a suite of suites, in order."""
    if not isinstance(suite, unittest.TestSuite):
        yield suite
        return
    for part in suite:
        for test in _flat(part):
            yield test


def _run_unittest(*parts):
    """In place of test.support's: takes classes, suites and module names."""
    loader = unittest.defaultTestLoader
    suite = unittest.TestSuite()
    for part in parts:
        if isinstance(part, str):
            suite.addTest(loader.loadTestsFromModule(sys.modules[part]))
        elif isinstance(part, type):
            suite.addTest(loader.loadTestsFromTestCase(part))
        else:
            suite.addTest(part)
    _run(suite)


def _run_doctest(module, verbosity=None, optionflags=0):
    """In place of test.support's."""
    _run(doctest.DocTestSuite(module, optionflags=optionflags))
    return 0, 0


def prepare():
    """Makes test.support ours, if this Python has it."""
    path = "test.support" if sys.version_info[0] > 2 else "test.test_support"
    try:
        support = importlib.import_module(path)
    except ImportError:
        return
    support.verbose = 0
    support.run_unittest = _run_unittest
    support.run_doctest = _run_doctest


class Module(object):
    """One test module, of MODULES or any other; `reason` says why it has no
    tests here, else None."""

    def __init__(self, name):
        self.name = name
        self.reason = self._module = None
        for path in _paths(name):
            try:
                self._module = importlib.import_module(path)
                self.reason = None
                return
            except (ImportError, unittest.SkipTest) as error:
                self.reason = self.reason or str(error)

    def run(self, result, is_wanted):
        """Runs the tests whose id is_wanted() into `result`."""
        global _run

        def run(suite):
            wanted = [test for test in _flat(suite) if is_wanted(test.id())]
            unittest.TestSuite(wanted).run(result)
        _run = run
        if hasattr(self._module, "test_main"):
            self._module.test_main()
        else:
            run(unittest.defaultTestLoader.loadTestsFromModule(self._module))
