"""Raises an exception whose text is longer than any message."""


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        raise ValueError("x" * 100000)
