"""Calls os._exit() in request 3."""
import os


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        os._exit(4)
