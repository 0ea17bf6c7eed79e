"""Starts children that nobody waits for, some of which have ended."""
import os
import time


def warm(scale):
    return None


def request(state, n):
    if n != 3:
        return
    for k in range(20):
        if os.fork() == 0:
            if k % 2:
                time.sleep(600)
            os._exit(k)
