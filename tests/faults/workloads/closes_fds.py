"""Closes all descriptors in request 3, its own or not."""
import os


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        os.closerange(3, 4096)
