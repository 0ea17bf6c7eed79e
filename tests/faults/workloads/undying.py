"""Waits as phases.py does; its processes do not end with their parents."""
import phases
import renamed


def warm(scale):
    renamed.outlive()
    return phases.warm(scale)


def request(state, n):
    renamed.outlive()
    phases.request(state, n)
