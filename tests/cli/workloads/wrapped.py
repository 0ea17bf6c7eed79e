"""Wraps sys.stderr, forks children that collect, and reaps all by itself."""
import gc
import os
import signal
import sys


class Tee(object):
    def __init__(self, file):
        self.file = file

    def write(self, text):
        self.file.write(text)

    def flush(self):
        self.file.flush()


def warm(scale):
    sys.stderr = Tee(sys.stderr)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def request(state, n):
    sys.stderr = Tee(sys.stderr)
    sys.stderr.write("gc: collecting generation 0...\n")
    if os.fork() == 0:
        gc.collect()
        os._exit(0)
