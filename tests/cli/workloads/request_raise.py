"""Raises in request 3."""


def warm(scale):
    return {}


def request(state, n):
    if n == 3:
        state["missing"]
