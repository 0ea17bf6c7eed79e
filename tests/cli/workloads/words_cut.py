"""Calls os._exit() in warm(), behind last words whose 200th byte is half of a
character."""
import os


def warm(scale):
    os.write(2, b"x" + b"\xc3\xa4" * 300 + b"\n")
    os._exit(4)


def request(state, n):
    pass
