"""Hangs in request 3 and ignores every signal that can be ignored."""
import signal
import time


def warm(scale):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
                   signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


def request(state, n):
    while n == 3:
        time.sleep(1)
