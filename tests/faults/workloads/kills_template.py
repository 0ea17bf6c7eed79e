"""Kills the template in request 3."""
import os
import signal


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        os.kill(os.getppid(), signal.SIGKILL)
