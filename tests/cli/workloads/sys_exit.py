"""Calls sys.exit() in request 3."""
import sys


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        sys.exit(3)
