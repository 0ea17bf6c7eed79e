"""Workers that start processes of their own, one of which loses its parent."""
import os
import time


def warm(scale):
    return [[i] for i in range(scale)]


def start(state, done):
    if os.fork() == 0:
        copy = [list(item) for item in state]
        os.write(done, b".")
        time.sleep(60)
        os._exit(len(copy) % 1)


def request(state, n):
    if n == 0:
        ready, done = os.pipe()
        start(state, done)
        pid = os.fork()
        if pid == 0:
            start(state, done)
            os._exit(0)
        os.waitpid(pid, 0)
        for _ in range(2):
            os.read(ready, 1)
