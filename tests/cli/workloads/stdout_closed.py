"""Closes its standard streams, and works."""
import os
import sys


def warm(scale):
    sys.stdout.close()
    os.close(0)


def request(state, n):
    pass
