"""Under memcheck (tests/valgrind/memcheck.sh): which tests run, and why others do
not."""
from __future__ import print_function

import os
import sys
import unittest

NOT_RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                       "valgrind", "not-run.txt")

# Whose blocks there are: "malloc" or "own"; None: not under memcheck.
HEAP = os.environ.get("MEMCHECK_HEAP")


def rows(strategy):
    """The (test, reason) that are for this heap, and for this strategy or all."""
    with open(NOT_RUN) as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                heap, strategies, test, reason = line.split(None, 3)
                if heap in (HEAP, "any") and (
                        strategies == "all" or strategy in strategies.split(",")):
                    yield test, reason.strip()


def tests_of(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            for test in tests_of(part):
                yield test
        else:
            yield part


def name_of(test):
    """MODULE.CLASS.METHOD, also in the module that was started."""
    name = test.id()
    if name.startswith("__main__."):
        script = os.path.splitext(os.path.basename(sys.argv[0]))[0]
        name = script + name[len("__main__"):]
    return name


def without(suite, strategy):
    """The suite without what does not run, which is told.  `strategy` is None in
    tests of none."""
    tests = [(name_of(test), test) for test in tests_of(suite)]
    modules = set(name.split(".")[0] for name, _ in tests)
    for start, reason in rows(strategy):
        if start.split(".")[0] not in modules:
            continue
        left = [(name, test) for name, test in tests
                if not (name + ".").startswith(start + ".")]
        if len(left) == len(tests):
            sys.exit("%s: there is no test %s" % (NOT_RUN, start))
        tests = left
        print("not run under memcheck: %s: %s" % (start, reason))
    sys.stdout.flush()
    return unittest.TestSuite(test for _, test in tests)
