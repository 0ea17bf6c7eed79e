"""Becomes another program in request 3."""
import os


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        os.execv("/bin/sh", ["sh", "-c", ":"])
