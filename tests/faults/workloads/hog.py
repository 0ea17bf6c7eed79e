"""Occupies ever more memory in request 3, every page of it."""


def warm(scale):
    return []


def request(state, n):
    while n == 3:
        state.append(bytearray(b"x" * (1 << 20)))
