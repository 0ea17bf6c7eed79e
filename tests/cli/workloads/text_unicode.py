"""Raises an exception whose text is not ASCII."""


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        raise ValueError(u"caf\xe9 is closed")
