"""Replaces sys.stderr by something else, then raises in request 3."""
import sys


def warm(scale):
    sys.stderr = None


def request(state, n):
    if n == 3:
        raise ValueError("unheard")
