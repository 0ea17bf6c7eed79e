"""Workers have a thread that never ends, for which the interpreter waits."""
import threading
import time


def work():
    while True:
        time.sleep(1)


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        threading.Thread(target=work).start()
