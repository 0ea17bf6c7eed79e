"""Raises an exception whose text holds a NUL."""


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        raise ValueError("before\0after")
