"""What the processes of one round of a stress do: the template, and the workers
that go on with its copy.
"""
from __future__ import print_function

import gc
import io
import os
import pickle
import random
import signal
import sys
import tempfile
import threading
import time
import traceback

import counts
import values

EVERY = 10              # requests between passes
DEPTH = 2               # workers, and what they fork
LIMIT = 3600            # seconds for one process
TOLD = 3                # exit status of one that has told why
SECTOR = 16             # bytes compared of each page written to by a thread

# What repeats a round, apart from its seed.
SIZES = ("workers", "requests", "scale", "block")

# (name, its scale per value of the heap, requests from one of it to the next,
# values from which on it takes part).
WORKLOADS = (("objectgraph", 100, 1, 0), ("webapp", 0.5, 3, 0),
             ("stdlib", 0.02, 10, 200))


def tag():
    return "cp%d.%d.%d" % sys.version_info[:3]


def tell(options, seed, what):
    """One line about a failure."""
    print("stress: %s seed %d %s; repeat with: stress.py EXT_DIR --seed=%d "
          "--rounds=1%s" % (tag(), seed, what, seed, "".join(
              " --%s=%d" % (name, getattr(options, name)) for name in SIZES)),
          file=sys.stderr)
    sys.stderr.flush()


def wait_for_threads():
    """A joined thread may still be on its way out of the C library."""
    until = time.time() + 60
    while len(os.listdir("/proc/self/task")) > 1 and time.time() < until:
        time.sleep(0.001)


class Process(object):
    """The template; then, as each fork goes on with its copy, any other."""

    def __init__(self, options, stack, module):
        self.options = options
        self.stack = stack
        self.module = module
        self.board = counts.Board(1 + options.workers * DEPTH)
        self.row, self.depth, self.name = 0, 0, "template"
        self.rng = random.Random(options.seed)
        self.child = None
        random.seed(options.seed)
        # The lowest region then has what many blocks elsewhere have.
        self.low = [values.Fill.make(0, 60000) for _ in range(100)]
        self.states = []
        for name, factor, step, least in WORKLOADS:
            if options.scale >= least:
                workload = __import__(name)
                state = workload.warm(max(1, int(options.scale * factor)))
                self.states.append((workload, state, step))
        self.heap = values.Heap(options.seed, options.scale,
                                max(3, options.scale // 50))
        self.original = values.pattern(options.seed, options.block << 20)
        self.block = bytearray(self.original)

    def tell(self, why, row=None, name=None):
        """A failure of this process, or of the worker `name` on that row."""
        row = self.row if row is None else row
        tell(self.options, self.options.seed, "%s request %d: %s" % (
            name or self.name, self.board.get(row, "request"), why))

    def fail(self, error):
        """Tells about an exception and ends the process."""
        if not isinstance(error, values.Damaged):
            traceback.print_exc()
        self.tell("%s: %s" % (type(error).__name__, error))
        os._exit(TOLD)

    def adopt(self):
        wait_for_threads()
        self.stack.before_fork()
        self.adopted = [m for m in counts.mappings() if m[2] is not None]
        self.gone = self.anew = 0

    def fork(self, row, name, requests):
        """A worker of that row of the board.  Returns its process id."""
        sys.stdout.flush()
        known = self.heap.known_apart()
        pid = os.fork()
        if pid:
            known.close()
            self.board.add(self.row, "forks")
            return pid
        try:
            self.row, self.name = row, name
            self.depth += 1
            self.child = None
            self.heap.known = known
            self.heap.checked = 0
            self.rng = random.Random("%d %s" % (self.options.seed, name))
            self.board.set(row, "request", 0)
            signal.alarm(LIMIT)
            self.stack.after_fork_child()
            self.live(requests)
        except SystemExit:      # one that this one forked
            raise
        except BaseException as error:
            self.fail(error)
        sys.exit(0)

    def wait(self, pid, row, name):
        """Waits for a worker.  Returns whether all was well with it."""
        status = os.waitpid(pid, 0)[1]
        if os.WIFSIGNALED(status):
            self.tell("died of signal %d" % os.WTERMSIG(status), row, name)
        elif os.WEXITSTATUS(status) not in (0, TOLD):
            self.tell("exit status %d" % os.WEXITSTATUS(status), row, name)
        return status == 0

    def run(self):
        """The template's life.  Returns the counts of all."""
        try:
            self.serve_by_workers()
        except Exception as error:
            self.fail(error)
        return self.board.total()

    def serve_by_workers(self):
        o = self.options
        self.adopt()
        workers = []
        for i in range(o.workers):
            row, name = 1 + i * DEPTH, "worker %d" % (i + 1)
            workers.append((self.fork(row, name, o.requests), row, name))
        if not all([self.wait(*worker) for worker in workers]):
            os._exit(TOLD)
        self.check()
        self.stack.undo()
        self.check()
        self.board.add(0, "values", self.heap.checked)
        total = self.board.total()
        assert total["passes"] >= total["requests"] // EVERY // 2, total

    def live(self, requests):
        """A worker's life."""
        self.served = 0
        self.start = self.module.statistics()
        for n in range(requests):
            if time.time() > self.options.until:
                break
            self.board.set(self.row, "request", n)
            self.serve(n)
            self.served += 1
            due = self.served % EVERY == 0
            if due and self.rng.random() < 0.2:
                self.threads()
            else:
                self.stack.after_request()
            if due:
                self.look()
            if self.served % 100 == 0:
                self.check()
        self.end()

    def serve(self, n):
        for workload, state, step in self.states:
            if n % step == 0:
                workload.request(state, n // step)
        for _ in range(4):
            self.heap.mutate(self.rng)
        for _ in range(2):
            self.heap.check(self.rng.randrange(self.options.scale))
        for chance, action in self.actions:
            if self.rng.random() < chance:
                action(self)

    def end(self):
        self.wait_for_child()
        self.check()
        now = self.module.statistics()
        made = dict((name, now[name] - self.start[name]) for name in now)
        due = self.served // EVERY
        assert made["skipped_error"] == 0 and made["skipped_lost"] == 0, made
        assert made["passes"] + made["skipped_threads"] >= due, (made, due)
        for column, name in (("passes", "passes"),
                             ("looked_at", "pages_looked_at"),
                             ("given_back", "pages_given_back"),
                             ("skipped", "skipped_threads")):
            self.board.add(self.row, column, made[name])
        self.board.add(self.row, "requests", self.served)
        self.board.add(self.row, "values", self.heap.checked)
        if self.rng.random() < 0.3:
            wait_for_threads()
            self.stack.undo()
            self.check()

    def check(self):
        self.heap.check_all()
        for workload, state, _ in self.states:
            workload.check(state)
        assert self.block == self.original
        assert all(value == values.Fill.make(0, 60000) for value in self.low)
        self.board.add(self.row, "checks")

    def look(self):
        """Counts what has been unmapped of the adopted memory, and what else
        is mapped there now."""
        now = counts.mappings()
        ours = [m for m in now if m[2] is not None]
        still = counts.overlap(self.adopted, ours)
        gone = counts.kib(self.adopted) - counts.kib(still)
        anew = counts.kib(counts.overlap(self.adopted, now)) - counts.kib(still)
        self.board.add(self.row, "unmapped_kib", max(0, gone - self.gone))
        self.board.add(self.row, "anew_kib", max(0, anew - self.anew))
        self.gone, self.anew = gone, anew
        origin = dict((offset, start) for start, _, offset in self.adopted)
        self.board.add(self.row, "moved", sum(
            origin.get(offset, start) != start for start, _, offset in ours))

    # What is not done with every request.

    def rebuild(self):
        """Arenas are freed, with large blocks; something else may take their
        place, what they had come back, or others be mapped."""
        chosen = [slot for slot in range(self.options.scale)
                  if self.rng.random() < (0.7 if slot < self.heap.crowds
                                          else 0.2)]
        for slot in chosen:
            self.heap.drop(slot)
        if self.rng.random() < 0.3:
            self.module.give_back()
        self.rng.shuffle(chosen)
        for slot in chosen:
            self.heap.renew(slot, self.heap.next_version(slot)
                            if self.rng.random() < 0.5 else 0)

    def collect(self):
        import gc_freeze
        ring = values.Ring.make(self.rng.randrange(1000), 50)
        ref = ring.weak
        del ring
        if self.rng.random() < 0.4:
            gc_freeze.unfreeze()
        gc.collect()
        assert ref() is None
        if self.rng.random() < 0.2:
            gc_freeze.freeze()

    def use_file(self):
        key = self.rng.randrange(1 << 30)
        size = self.rng.randrange(400000)
        numbers = values.Numbers.make(key, size // 100)
        with tempfile.TemporaryFile() as f:
            f.write(values.pattern(key, size))
            pickle.dump(numbers, f, 2)
            f.seek(0)
            assert f.read(size) == values.pattern(key, size)
            assert pickle.load(f) == numbers

    def raise_deeply(self):
        def fall(depth, number):
            kept = [number, str(number)]
            if depth == 0:
                raise ValueError(kept)
            fall(depth - 1, number + 1)
        number = self.rng.randrange(10000)
        try:
            fall(100, number)
        except ValueError as error:
            cycle = [sys.exc_info(), error]
            cycle.append(cycle)
            assert error.args == ([number + 100, str(number + 100)],)
        else:
            raise AssertionError("no exception")

    def fork_another(self):
        """A child of this one, which may become a template before."""
        if self.depth == DEPTH:
            return
        self.wait_for_child()
        if self.rng.random() < 0.5:
            self.look()
            self.adopt()
        name = "%s.%d" % (self.name, self.served)
        requests = max(2 * EVERY, self.options.requests // 8)
        self.child = (self.fork(self.row + 1, name, requests), self.row + 1,
                      name)
        if self.rng.random() < 0.3:
            self.wait_for_child()

    def wait_for_child(self):
        child, self.child = self.child, None
        if child is not None and not self.wait(*child):
            os._exit(TOLD)

    def threads(self):
        """Two threads run when a pass is due, one of which writes into the
        block without the interpreter's lock.  No pass may be made."""
        begun, done = threading.Event(), threading.Event()
        failures = []

        def write():
            with io.open("/dev/urandom", "rb", 0) as f:
                view, at = memoryview(self.block), 0
                begun.set()
                while at < len(view):
                    at += f.readinto(view[at:])

        def compute(key):
            value = values.Records.make(key, 500)
            done.wait()
            if value != values.Records.make(key, 500):
                failures.append("what a thread has made is damaged")

        self.block[:] = self.original
        threads = [threading.Thread(target=write),
                   threading.Thread(target=compute, args=(self.served,))]
        before = self.module.statistics()["passes"]
        threads[1].start()
        threads[0].start()
        begun.wait()
        self.stack.after_request()
        self.module.give_back()
        passes = self.module.statistics()["passes"] - before
        done.set()
        for thread in threads:
            thread.join()
        for at in range(0, len(self.block), values.PAGE):
            if self.block[at:at + SECTOR] == self.original[at:at + SECTOR]:
                raise values.Damaged("what a thread read into page %d of the "
                                     "block is lost" % (at // values.PAGE))
        assert passes == 0, "a pass was made while threads ran"
        assert not failures, failures
        self.block[:] = self.original
        wait_for_threads()

    actions = ((0.08, rebuild), (0.05, collect), (0.05, use_file),
               (0.2, raise_deeply), (0.02, fork_another))
