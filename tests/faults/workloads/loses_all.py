"""Forgets its environment, paths and umask, becomes nice and leads a session."""
import os
import sys


def warm(scale):
    os.environ.clear()
    sys.path[:] = []
    sys.argv[:] = []
    os.umask(0)
    os.nice(5)


def request(state, n):
    if n == 3:
        os.setsid()
