"""Raises an exception that cannot be turned into text."""


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        raise Mute()
