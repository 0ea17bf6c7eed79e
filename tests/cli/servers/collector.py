"""A pre-fork server whose workers collect, or touch objects, or both.

collector.py READY MODE FREEZE

MODE is made of the words nothing, collect (a full collection), touch (the counts of
all objects go up and down), get_objects (the same, by gc.get_objects()) and young
(collections of the young generations), with commas.  FREEZE is freeze or not.  Then
READY is written, and all wait for the end of their standard input.  Automatic
collections are off in the workers.  Runs on Python 2.7 and 3.4 on, with the module
gc_freeze.
"""
import gc
import os
import sys

import gc_freeze


class Thing(object):
    def __init__(self, number):
        self.name = 'thing %d' % number
        self.numbers = [number]


def touch(things):
    for thing in things:
        for _ in (thing, thing.__dict__, thing.numbers):
            pass


def live(mode, things):
    if mode == 'collect':
        gc.collect()
    elif mode == 'touch':
        touch(things)
    elif mode == 'get_objects':
        for _ in gc.get_objects():
            pass
    elif mode == 'young':
        for _ in range(20):
            gc.collect(1)


def main():
    ready, modes, freeze = sys.argv[1:]
    things = [Thing(number) for number in range(40000)]
    gc.collect()
    # Counts of generations that are not 0: a worker that collects sets them back.
    for generation in (1, 1, 0, 0):
        gc.collect(generation)
    gc.disable()
    if freeze == 'freeze':
        gc_freeze.freeze()
    done, tell = os.pipe()
    for _ in range(2):
        if os.fork() == 0:
            for mode in modes.split(','):
                live(mode, things)
            os.write(tell, b'x')
            os.read(0, 1)
            os._exit(0)
    for _ in range(2):
        os.read(done, 1)
    with open(ready, 'w'):
        pass
    os.read(0, 1)


main()
