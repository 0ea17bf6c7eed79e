"""Raises in warm()."""


def warm(scale):
    return 1 // 0


def request(state, n):
    pass
