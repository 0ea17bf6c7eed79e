"""Dies in request 3; a child of it lives on and never stops writing."""
import os


def warm(scale):
    return None


def request(state, n):
    if n != 3:
        return
    if os.fork() != 0:
        os._exit(4)
    while True:
        os.write(1, b"still here\n" * 100)
