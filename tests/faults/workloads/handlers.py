"""Handles or ignores every signal that it may, and is interrupted all the time."""
import atexit
import signal

def handle(number, frame):
    pass


def warm(scale):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
                   signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGCHLD):
        signal.signal(number, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    # An interpreter that ends takes its handlers away.
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
    return [0]


def request(state, n):
    if n == 0:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    for _ in range(20000):
        state[0] += 1
