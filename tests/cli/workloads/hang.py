"""Hangs in request 3."""
import time


def warm(scale):
    return None


def request(state, n):
    while n == 3:
        time.sleep(1)
