"""Has threads at work, in the template and in workers."""
import threading
import time


def work():
    while True:
        time.sleep(0.001)


def start():
    for _ in range(4):
        thread = threading.Thread(target=work)
        thread.daemon = True
        thread.start()


def warm(scale):
    start()


def request(state, n):
    if n == 0:
        start()
