"""What the tests of hooks share: a stack that records, a log, and a guard for each
test.  Runs unchanged on Python 2.7 and 3.4-3.14, as the tests do.
"""
import importlib
import os
import sys
import unittest

import permafrost
from permafrost import serving

calls = []          # the hooks that ran, in their order
failing = set()     # those that fail
real_stack = permafrost.Stack


class Stack(object):
    """Stands for permafrost.Stack."""
    absent = ()     # hooks that no part has

    def __init__(self, spec):
        if spec.startswith("bad"):
            raise ValueError("bad spec '%s'" % spec)
        self.spec = spec

    def __str__(self):
        return self.spec

    def rehearsals(self):
        return 3

    def hook(self, name):
        return None if name in self.absent else getattr(self, name)

    def function(self, name):
        return getattr(self, name, None)

    def _record(self, name):
        calls.append(name)
        if name in failing:
            raise RuntimeError("%s broke" % name)

    def before_warm(self):
        self._record("before_warm")

    def before_fork(self):
        self._record("before_fork")

    def after_fork_child(self):
        self._record("after_fork_child")

    def after_request(self):
        self._record("after_request")

    def before_exit(self):
        self._record("before_exit")

    def give_back(self):
        self._record("give_back")


class Log(object):
    """A server's log."""

    def __init__(self):
        self.lines = []

    def error(self, text):
        self.lines.append("E " + text)

    def warning(self, text):
        self.lines.append("W " + text)

    def info(self, text):
        self.lines.append("I " + text)

    def errors(self):
        return [line for line in self.lines if line.startswith("E ")]


class Case(unittest.TestCase):
    """Each test begins with a guard of its own, and no strategy but Stack."""

    def setUp(self):
        del calls[:]
        failing.clear()
        Stack.absent = ()
        os.environ.pop(serving.ENVIRONMENT, None)
        self.addCleanup(os.environ.pop, serving.ENVIRONMENT, None)
        self.addCleanup(setattr, permafrost, "Stack", permafrost.Stack)
        permafrost.Stack = Stack
        self.guard = serving.current = serving.Guard()
        self.log = Log()

    def start(self, spec="one"):
        self.guard.use_log(self.log)
        self.guard.start(spec)
        return self.guard

    def take(self):
        """The calls since the last take, and no more of them."""
        taken = calls[:]
        del calls[:]
        return taken

    def expect_off(self, reason):
        self.assertEqual(self.log.errors(), [
            "E permafrost: the strategy %s is off: %s" % (
                self.guard.status()["strategy"] or "(none was chosen)",
                reason)])
        self.assertEqual((self.guard.status()["on"],
                          self.guard.status()["reason"]), (False, reason))


def fresh(name):
    """Imports permafrost.NAME, which wires itself, as if for the first time."""
    sys.modules.pop("permafrost." + name, None)
    permafrost.__dict__.pop(name, None)
    return importlib.import_module("permafrost." + name)
