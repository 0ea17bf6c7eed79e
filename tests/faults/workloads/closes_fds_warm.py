"""Closes all descriptors in warm(), as programs do that become daemons."""
import os


def warm(scale):
    os.closerange(0, 4096)


def request(state, n):
    pass
