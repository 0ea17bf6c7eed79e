"""Replaces its streams by objects that fail, then raises in request 3."""
import sys


class Broken(object):
    def __getattr__(self, name):
        raise RuntimeError("no %s" % name)


def warm(scale):
    sys.stdout = sys.stderr = sys.__stderr__ = sys.stdin = Broken()


def request(state, n):
    if n == 3:
        raise ValueError("unheard")
