"""Time of freezing, as a function of the number of tracked objects.

    freeze.py TAG EXTDIR

One process per number of objects; all live at once and are asked in shuffled
order, many times, so that what disturbs the host disturbs them alike.  In each
process the calls alternate in shuffled order too, and all objects are in the
oldest generation before each of them.  Runs on Python 2.7 and 3.4-3.14.
"""
import gc
import itertools
import os
import random
import sys
import time
import traceback

SIZES = (10 ** 5, 10 ** 6, 10 ** 7)
BYTES_PER_OBJECT = 160          # an empty list, its header and its slot
BATCHES, ROUNDS = 30, 400
SECONDS = 0.2                   # limit of one batch where freezing is O(n)


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def calls():
    """The calls to time: (name, callable), the empty one first."""
    import gc_freeze
    import permafrost
    found = [("empty call", gc.isenabled)]
    if hasattr(gc, "freeze"):
        found.append(("interpreter", gc.freeze))
    if hasattr(gc_freeze, "freeze"):
        found.append(("gc_freeze", gc_freeze.freeze))
    if permafrost.unsupported("freeze") is None:
        found.append(("strategy", permafrost.load("freeze").Strategy().before_fork))
    return found


def serve(size, orders, answers):
    """A measuring process: one line of figures for each line of orders."""
    import gc_freeze
    import timecalls
    gc.disable()
    objects = [[] for _ in itertools.repeat(None, size)]
    found = calls()
    for name, function in found[1:]:
        function()
        counted = gc_freeze.get_freeze_count()
        assert counted >= len(objects), "%s froze %d objects" % (name, counted)
        gc_freeze.unfreeze()
    functions = tuple(function for _, function in found)
    answers.write("ready\n")
    answers.flush()
    for line in iter(orders.readline, ""):
        if line == "count\n":
            functions[-1]()
            times = []
            for _ in range(3):
                begin = time.time()
                counted = gc_freeze.get_freeze_count()
                times.append(time.time() - begin)
            figures = [min(times) / counted * 1e9]
        else:
            figures = timecalls.medians(functions, gc_freeze.unfreeze,
                                        ROUNDS, SECONDS, int(line))
        answers.write(" ".join("%.3f" % f for f in figures) + "\n")
        answers.flush()


class Server(object):
    """The parent's side of a measuring process."""

    def __init__(self, size):
        down, up = os.pipe(), os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(down[1])
                os.close(up[0])
                serve(size, os.fdopen(down[0], "r"), os.fdopen(up[1], "w"))
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)        # freeing the objects would take long
        os.close(down[0])
        os.close(up[1])
        self.orders = os.fdopen(down[1], "w")
        self.answers = os.fdopen(up[0], "r")
        self.samples = []

    def answer(self):
        line = self.answers.readline()
        if not line:
            raise RuntimeError("a measuring process died")
        return line.strip()

    def ask(self, order):
        self.orders.write("%s\n" % order)
        self.orders.flush()
        return [float(f) for f in self.answer().split()]

    def close(self):
        self.orders.close()
        self.answers.close()
        os.waitpid(self.pid, 0)


def median(values):
    return sorted(values)[len(values) // 2]


def available():
    """MemAvailable in bytes."""
    with open("/proc/meminfo") as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0


def sizes(tag):
    """The numbers of objects that fit; says why others are left out."""
    limit = int(os.environ.get("PERMAFROST_BENCH_OBJECTS", SIZES[-1]))
    chosen, need = [], 0
    for size in SIZES:
        need += size * BYTES_PER_OBJECT
        if size > limit:
            say("freeze %s, %d objects: skipped: PERMAFROST_BENCH_OBJECTS=%d"
                % (tag, size, limit))
        elif need > available() // 2:
            say("freeze %s, %d objects: skipped: needs %d MiB, and half of "
                "MemAvailable is %d MiB"
                % (tag, size, need >> 20, available() >> 21))
        else:
            chosen.append(size)
    return chosen


def report(tag, names, chosen, servers):
    figures = {}
    for size, server in zip(chosen, servers):
        figures[size] = dict(zip(names, map(median, zip(*server.samples))))
        say("freeze %s, %d objects: %s; counting them %.2f ns each" % (
            tag, size, ", ".join("%s %.0f ns" % (name, figures[size][name])
                                 for name in names), server.ask("count")[0]))
    if len(chosen) < 2:
        return
    low, high = figures[chosen[0]], figures[chosen[-1]]
    for name in names[1:]:
        say("freeze %s, %s: time at %d objects / time at %d: %.2f" % (
            tag, name, chosen[-1], chosen[0], high[name] / low[name]))
    for name in names[2:] if names[1] == "interpreter" else ():
        say("freeze %s, %s / interpreter's own at %d objects: %.2f" % (
            tag, name, chosen[-1], high[name] / high["interpreter"]))


def main(tag, ext):
    sys.path[:0] = [ext, os.path.join(ext, "bench")]
    chosen = sizes(tag)
    names = [name for name, _ in calls()]
    if len(names) < 2:
        say("freeze %s: skipped: no way to freeze here" % tag)
        return
    servers = [Server(size) for size in chosen]
    for server in servers:
        server.answer()
    turns = list(range(len(servers))) * BATCHES
    random.seed(0)
    random.shuffle(turns)
    for turn in turns:
        servers[turn].samples.append(servers[turn].ask(random.getrandbits(32)))
    report(tag, names, chosen, servers)
    # Each process holds the pipes of those before it, so the last ends first.
    for server in reversed(servers):
        server.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
