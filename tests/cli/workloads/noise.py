"""Writes megabytes to stdout and stderr, text or not, and works."""
import os
import sys


def warm(scale):
    sys.stdout.write("{\"status\": \"failed\"}\n" * 100000)
    sys.stderr.write("at exit\nerror request raised\n" * 100000)
    sys.stdout.flush()


def request(state, n):
    os.write(1, b"\x00\xff\x1b[2J" * 10000)
    os.write(2, b"\r\n\xc3" * 10000)
