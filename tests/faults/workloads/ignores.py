"""Ignores every signal that it may."""
import signal


def warm(scale):
    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (ValueError, OSError, RuntimeError):
            pass


def request(state, n):
    pass
