"""Kills the cell's process in request 3."""
import os
import signal


def warm(scale):
    return os.getppid()


def request(state, n):
    if n == 3:
        os.kill(state, signal.SIGKILL)
