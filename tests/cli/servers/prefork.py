"""A pre-fork server with known answers for `harness observe`.

prefork.py READY WORKERS CHANGE RESTORE THREADS

The master fills 4000 pages; each worker changes CHANGE of them, restores RESTORE
others, and starts THREADS threads.  Then READY is written, and all wait for the end
of their standard input.  Runs on Python 2.7 and 3.4 on.
"""
import os
import sys
import threading

PAGE = 4096
PAGES = 4000


def live(data, change, restore):
    for page in range(change + restore):
        data[page * PAGE] = 2
    for page in range(change, change + restore):
        data[page * PAGE] = 1


def main():
    ready = sys.argv[1]
    workers, change, restore, threads = [int(a) for a in sys.argv[2:]]
    # The objects, for the collector's headers to be found; the block, from malloc.
    objects = [[i] for i in range(20000)]
    data = bytearray(b"\1") * (PAGE * (PAGES + 1))
    done, tell = os.pipe()
    for _ in range(workers):
        if os.fork() == 0:
            live(data, change, restore)
            for _ in range(threads):
                t = threading.Thread(target=threading.Event().wait)
                t.daemon = True
                t.start()
            os.write(tell, b"x")
            os.read(0, 1)
            os._exit(len(objects) == 0)
    for _ in range(workers):
        os.read(done, 1)
    with open(ready, "w"):
        pass
    os.read(0, 1)


main()
