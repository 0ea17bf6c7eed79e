"""Calls os._exit() in warm(), behind some last words."""
import os


def warm(scale):
    os.write(2, b"first words\nlast words\n")
    os._exit(0)


def request(state, n):
    pass
