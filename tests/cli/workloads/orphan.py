"""Leaves a process behind that holds on to all it can, and works."""
import os
import signal
import time


def warm(scale):
    return None


def request(state, n):
    if n != 3 or os.fork() != 0:
        return
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    name = os.path.join(os.environ["PERMAFROST_TEST"], "orphan")
    with open(name, "a") as f:
        f.write("%d\n" % os.getpid())
    while True:
        time.sleep(1)
