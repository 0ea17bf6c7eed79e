"""Sends SIGTERM to its process group in request 3."""
import os
import signal


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        os.kill(0, signal.SIGTERM)
