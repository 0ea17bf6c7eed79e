"""Tests permafrost.probe: what it records of collections and requests.

    python -B gcevents_test.py EXT_DIR

The harness is played by the other end of a socket pair, in which its answers
lie before they are asked for.
"""
import gc
import mmap
import os
import socket
import struct
import sys
import tempfile
import time
import unittest
import weakref

import support

HDR_BUCKETS = 37 << 7
DEBUG_STATS = sys.version_info < (3, 3)
FIRST_CHANNEL = 100     # attach() wants its sockets in a row


class SharedMemory(object):
    """The area of strategies/shm.h with a template and one worker."""

    HEADER = struct.Struct("=5Q4IQ")    # from the fourth on 0: not known, not due
    # Name and number of the 8-byte fields behind pid and gc_source.
    FIELDS = (("requests", 1), ("objects", 1), ("frozen", 1),
              ("before_fork_ns", 1), ("fork_ns", 1), ("collections", 3),
              ("gc_ns", 3), ("gc_max_ns", 3), ("gc_faults", 1),
              ("gc_overflow", 1), ("gc_unmatched", 1), ("request_overflow", 1),
              ("lost", 1), ("passes", 10), ("pauses", 3 * HDR_BUCKETS),
              ("latencies", HDR_BUCKETS))
    SLOT = 8 + 8 * sum(n for _, n in FIELDS)

    def __init__(self, workers):
        size = self.HEADER.size + (workers + 1) * self.SLOT
        self._file = tempfile.TemporaryFile()
        self._file.truncate(size)
        self.fd = os.dup(self._file.fileno())       # attach() closes it
        self.map = mmap.mmap(self._file.fileno(), size)
        self.map[:self.HEADER.size] = self.HEADER.pack(
            0x3374736f72666d70, self.SLOT, workers + 1, 0, 0, 0, 0, 0, 0, 0)

    def set_collections_due(self, value):
        struct.pack_into("=Q", self.map, self.HEADER.size - 8, value)

    def read(self, slot=0, histograms=True):
        """All fields of a process; those of several numbers as tuples."""
        at = self.HEADER.size + slot * self.SLOT
        record = {}
        record["pid"], record["gc_source"] = struct.unpack_from(
            "=iI", self.map, at)
        at += 8
        for name, n in self.FIELDS:
            if n >= HDR_BUCKETS and not histograms:
                break
            values = struct.unpack_from("=%dq" % n, self.map, at)
            record[name] = values[0] if n == 1 else values
            at += 8 * n
        return record


class Harness(object):
    """The harness's ends of the channels."""

    def __init__(self, workers):
        self.ends = []
        for i in range(workers + 1):
            ours, theirs = socket.socketpair(socket.AF_UNIX,
                                             socket.SOCK_STREAM)
            os.dup2(theirs.fileno(), FIRST_CHANNEL + i)
            theirs.close()
            ours.settimeout(10)
            self.ends.append(ours)

    def answer(self, times=1, channel=0):
        self.ends[channel].sendall(b"go\n" * times)

    def heard(self, channel=0):
        """The lines said since the last call."""
        self.ends[channel].setblocking(False)
        data, part = b"", None
        try:
            while part != b"":
                part = self.ends[channel].recv(65536)
                data += part
        except (socket.error, OSError):
            pass        # nothing more for now
        assert data == b"" or data.endswith(b"\n"), data
        return data.decode("utf-8").splitlines()


def cycle():
    """Cyclic garbage; a weak reference to it."""
    node = support.Node()
    node.other = node
    return weakref.ref(node)


class Case(support.Case):
    def setUp(self):
        support.Case.setUp(self)
        self.before = shared.read()

    def gained(self, name):
        """What was added to a field since the test began."""
        old, new = self.before[name], shared.read()[name]
        if isinstance(new, tuple):
            return tuple(b - a for a, b in zip(old, new))
        return new - old

    def check_histograms(self):
        """The histograms and sums agree with the counts."""
        pauses = self.gained("pauses")
        for g in range(3):
            part = pauses[g * HDR_BUCKETS:(g + 1) * HDR_BUCKETS]
            self.assertEqual(sum(part), self.gained("collections")[g])
            self.assertEqual(self.gained("gc_ns")[g] > 0, sum(part) > 0)
        self.assertEqual(self.gained("gc_unmatched"), 0)
        self.assertEqual(self.gained("gc_overflow"), 0)


class CollectionTest(Case):
    def test_source(self):
        self.assertEqual(self.before["gc_source"], 2 if DEBUG_STATS else 1)
        self.assertEqual(self.before["pid"], os.getpid())

    def test_each_is_counted(self):
        for generation in (0, 0, 0, 1, 1, 2):
            cycle()
            gc.collect(generation)
        self.assertEqual(self.gained("collections"), (3, 2, 1))
        self.check_histograms()

    @unittest.skipUnless(hasattr(gc, "get_stats"), "gc.get_stats is of 3.4")
    def test_agrees_with_the_interpreter(self):
        gc.set_threshold(50, 3, 3)
        stats = gc.get_stats()
        gc.enable()
        keep = [[cycle()] for _ in range(20000)]
        gc.collect(1)
        gc.disable()
        delta = tuple(new["collections"] - old["collections"]
                      for old, new in zip(stats, gc.get_stats()))
        self.assertTrue(sum(delta) > 5, delta)
        self.assertEqual(self.gained("collections"), delta)
        self.check_histograms()
        del keep

    def test_automatic_ones(self):
        gc.set_threshold(100, 5, 5)
        gc.enable()
        for _ in range(100):
            for _ in range(200):
                cycle()
        gc.disable()
        collections = self.gained("collections")
        if support.LINKED:
            self.assertTrue(collections[0] > 50, collections)
            self.assertTrue(collections[1] > 8, collections)
        self.check_histograms()

    @unittest.skipUnless(sys.version_info[0] == 2, "ints have no blocks")
    def test_free_ints_are_as_without_us(self):
        """Each full collection turns the list of blocks of ints round, so the
        next free int is at one end and then at the other."""
        keep = [i + 500000 for i in range(20000)]
        del keep[::2]
        places, k = [0] * 6, 0
        while k < 6:
            gc.collect()
            places[k] = id(k + 1000000)
            k += 1
        self.assertEqual([place == places[0] for place in places],
                         [True, False] * 3)
        del keep

    @unittest.skipUnless(support.LINKED, "there are no lists")
    def test_heap_is_as_before(self):
        gcwalk = support.gcwalk
        population = support.Population(500)
        gc.collect()
        # A list, since a collection stops tracking tuples of numbers.
        counted = list(self.gained("collections"))
        before = gcwalk.lists()
        for i in range(300):
            gc.collect(i % 3)
        after = gcwalk.lists()
        self.assertEqual(self.gained("collections"),
                         tuple(n + 100 for n in counted))
        self.assertTrue(all(gcwalk.validate()))
        made = [id(before)] + [id(part) for part in before]
        self.assertEqual(support.difference(sum(before, []) + made,
                                            sum(after, [])), (0, 0, 0))
        for nodes in population.nodes:
            self.assertTrue(all(node.other == [] for node in nodes))

    def test_old_objects_do_not_slow_it_down(self):
        """DEBUG_STATS counts all objects at each collection."""
        if support.gcwalk.debug():
            self.skipTest("built with --enable-debug")
        def fastest():
            best = 1.0
            for _ in range(50):
                start = time.time()
                gc.collect(0)
                best = min(best, time.time() - start)
            return best
        before = fastest()
        keep = [[] for _ in range(300000)]
        gc.collect()
        self.assertTrue(fastest() < 10 * before + 1e-4)
        del keep

    def test_a_long_pause(self):
        for generation in range(3):
            before = shared.read()
            support.slow_collection(generation, 0.05)
            after = shared.read()
            took = after["gc_ns"][generation] - before["gc_ns"][generation]
            self.assertTrue(50e6 <= took < 5e9, took)
            for g in range(3):
                if g == generation:
                    self.assertTrue(after["gc_max_ns"][g] >= took)
                else:
                    self.assertEqual(after["gc_max_ns"][g],
                                     before["gc_max_ns"][g])
            # In buckets of 2^26 ns and up, but for the last half one below.
            first = generation * HDR_BUCKETS
            low = first + (18 << 7) + (50000000 >> 18)
            new = [b - a for a, b in zip(before["pauses"], after["pauses"])]
            self.assertEqual(sum(new), 1)
            self.assertEqual(sum(new[low:first + HDR_BUCKETS]), 1)

    def test_collections_within_a_freeze(self):
        use = self.use("freeze")
        cycle()
        use.before_fork()
        gc.collect()
        use.undo()
        gc.collect()
        self.assertEqual(self.gained("collections")[2], 2)
        self.check_histograms()


class LostTest(Case):
    """Nothing is lost without being counted."""

    def barrier(self):
        harness.answer()
        probe.barrier("x")
        harness.heard()

    def hide(self, generations):
        """Collections that cannot be seen."""
        if DEBUG_STATS:
            gc.set_debug(gc.get_debug() & ~gc.DEBUG_STATS)
        else:
            entries = gc.callbacks[:]
            del gc.callbacks[:]
        for generation in generations:
            gc.collect(generation)
        if DEBUG_STATS:
            gc.set_debug(gc.get_debug() | gc.DEBUG_STATS)
        else:
            gc.callbacks[:] = entries

    def check_unmatched(self, n):
        """Exactly n, or at least one of n where nobody else counts."""
        lost = self.gained("gc_unmatched")
        self.assertTrue(1 <= lost <= n if DEBUG_STATS and n else lost == n, lost)

    def test_hidden(self):
        for generations in ((0,), (1,), (2,), (0, 1, 2, 2)):
            self.setUp()
            self.hide(generations)
            self.barrier()
            self.check_unmatched(len(generations))
            self.assertEqual(self.gained("collections"), (0, 0, 0))

    def test_hidden_before_a_seen_one(self):
        for generation in range(3):
            for seen in range(3):
                self.setUp()
                self.hide((generation,))
                gc.collect(seen)
                self.barrier()
                self.check_unmatched(1)
                self.assertEqual(sum(self.gained("collections")), 1)

    def test_hidden_after_a_freeze(self):
        self.use("freeze").before_fork()
        self.barrier()
        self.hide((0,))
        self.barrier()
        self.check_unmatched(1)

    def test_counted_once(self):
        self.hide((0,))
        for _ in range(3):
            self.barrier()
        self.check_unmatched(1)

    def test_nothing_to_count(self):
        """What looks like a collection, or changes the collector's counts."""
        use = self.use("freeze")
        use.before_fork()
        gc.get_referrers(self)
        gc.get_objects()
        self.barrier()
        use.undo()
        gc.set_threshold(7, 7, 7)
        probe.serve(lambda state, n: gc.get_referrers(state), [], 0, 3, None)
        gc.collect(0)
        self.check_unmatched(0)
        self.assertEqual(self.gained("collections"), (1, 0, 0))

    def test_entry_taken_away(self):
        """It is put back, and nothing has been missed."""
        if DEBUG_STATS:
            gc.set_debug(0)
        else:
            del gc.callbacks[:]
        probe.serve(lambda state, n: None, None, 0, 1, None)
        gc.collect(0)
        self.barrier()
        self.assertEqual(self.gained("collections"), (1, 0, 0))
        self.check_unmatched(0)

    def test_halves(self):
        """An end alone, and a beginning alone."""
        def begin():
            if DEBUG_STATS:
                sys.stderr.write("gc: collecting generation 0...\n")
                sys.stderr.write("\n")
            else:
                gc.callbacks[-1]("start", {"generation": 0})

        def end():
            if DEBUG_STATS:
                sys.stderr.write("gc: done.\n")
            else:
                gc.callbacks[-1]("stop", {"generation": 0})
        begin()
        gc.collect(1)
        self.check_unmatched(1)
        self.assertEqual(self.gained("collections"), (0, 1, 0))
        if not DEBUG_STATS:     # there a text without a beginning is a text
            end()
            self.check_unmatched(2)
        begin()
        end()
        self.assertEqual(self.gained("collections"), (1, 1, 0))
        self.barrier()      # what was made up must not hide a later loss

    def test_a_request_forks(self):
        """Its child's collections are nobody's."""
        pid = os.fork()
        if pid == 0:
            gc.collect()
            probe.serve(lambda state, n: gc.collect(0), None, 0, 1, None)
            os._exit(0)
        self.assertEqual(os.waitpid(pid, 0), (pid, 0))
        self.assertEqual(self.gained("collections"), (0, 0, 0))
        self.check_unmatched(0)
        gc.collect(0)
        self.assertEqual(self.gained("collections"), (1, 0, 0))

    @unittest.skipUnless(DEBUG_STATS, "ints have a free list on 2 only")
    def test_free_lists_belong_to_the_pause(self):
        """A full collection writes to every block of ints."""
        ints = list(range(1000000, 1200000))
        pages = 200000 * sys.getsizeof(0) // mmap.PAGESIZE
        gc_freeze = support.gc_freeze
        gc_freeze.freeze()
        pid = probe.fork(2)
        if pid == 0:
            gc.collect()
            os._exit(0)
        self.assertEqual(os.waitpid(pid, 0), (pid, 0))
        worker = shared.read(2)
        self.assertEqual(worker["collections"], (0, 0, 1))
        self.assertTrue(worker["gc_faults"] > 0.9 * pages, worker["gc_faults"])
        del ints


class RequestTest(Case):
    def test_in_order(self):
        calls = []

        def request(state, n):
            calls.append((state, n))

        def after():
            calls.append("after")
        probe.serve(request, "state", 3, 6, after)
        self.assertEqual(calls, [("state", 3), "after", ("state", 4), "after",
                                 ("state", 5), "after"])
        del calls[:]
        probe.serve(request, None, 0, 2, None)
        self.assertEqual(calls, [(None, 0), (None, 1)])
        probe.serve(request, None, 2, 2, after)
        self.assertEqual(len(calls), 2)
        self.assertEqual(self.gained("requests"), 5)
        self.assertEqual(sum(self.gained("latencies")), 5)

    def test_latency(self):
        probe.serve(lambda state, n: time.sleep(0.02), None, 0, 1, None)
        latencies = self.gained("latencies")
        self.assertEqual(sum(latencies), 1)
        self.assertEqual(sum(latencies[(17 << 7) + (20000000 >> 17):]), 1)

    def test_exceptions_go_on(self):
        def request(state, n):
            if n == 2:
                raise KeyError("request")

        def after():
            raise ValueError("after")
        self.assertRaises(KeyError, probe.serve, request, None, 0, 5, None)
        self.assertEqual(self.gained("requests"), 2)
        self.assertRaises(ValueError, probe.serve, request, None, 0, 5, after)
        self.assertEqual(self.gained("requests"), 3)
        self.assertEqual(sum(self.gained("latencies")), 3)

    def test_before_fork(self):
        self.assertEqual(probe.before_fork(lambda: 7), 7)
        probe.before_fork(lambda: time.sleep(0.01))
        self.assertTrue(shared.read()["before_fork_ns"] >= 10e6)
        self.assertRaises(ZeroDivisionError, probe.before_fork, lambda: 1 / 0)

    def test_count(self):
        probe.count(12)
        record = shared.read()
        self.assertEqual(record["frozen"], 12)
        if support.LINKED:
            total = sum(len(part) for part in support.gcwalk.lists())
            self.assertTrue(abs(record["objects"] - total) < 20)
        else:
            self.assertEqual(record["objects"], -1)


class ChannelTest(Case):
    def check_collected(self, collections, generation):
        """There was one call of gc.collect(generation)."""
        if support.PYPY:        # all generations, by some steps
            self.assertEqual(collections[2], 1)
        else:
            self.assertEqual(collections,
                             tuple(int(g == generation) for g in range(3)))

    def test_tell(self):
        probe.tell("error", "one\ntwo\r\nthree\n")
        self.assertEqual(harness.heard(), ["error one two  three "])
        probe.tell("error", "")
        self.assertEqual(harness.heard(), ["error "])
        probe.tell("error", "x" * 5000)
        line, = harness.heard()
        self.assertTrue(line.startswith("error xxx") and len(line) < 512)

    def test_barrier(self):
        harness.answer()
        probe.barrier("warm")
        self.assertEqual(harness.heard(), ["at warm"])

    def test_fork(self):
        gc.collect()
        pid = probe.fork(1)
        if pid == 0:
            status = 3
            try:
                probe.serve(lambda state, n: None, None, 0, 7, None)
                gc.collect(0)
                probe.barrier("7")
                probe.tell("served", "7")
                status = 0
            finally:
                os._exit(status)
        harness.answer(channel=1)
        self.assertEqual(os.waitpid(pid, 0), (pid, 0))
        worker = shared.read(1)
        self.assertEqual(worker["pid"], pid)
        self.assertEqual(worker["requests"], 7)
        self.check_collected(worker["collections"], 0)
        self.assertEqual(worker["gc_source"], self.before["gc_source"])
        self.assertEqual((worker["objects"], worker["frozen"]), (-1, -1))
        self.assertTrue(worker["fork_ns"] > 0)
        self.assertEqual(harness.heard(1), ["at 7", "served 7"])
        self.assertEqual(harness.heard(0), [])
        self.assertEqual(self.gained("requests"), 0)
        self.check_collected(self.gained("collections"), 2)
        self.assertRaises(ValueError, probe.fork, 0)
        self.assertRaises(ValueError, probe.fork, 4)

    def test_adopt(self):
        """A worker that a server has forked, and its requests."""
        pid = os.fork()
        if pid == 0:
            status = 3
            try:
                probe.adopt(3)
                probe.tell("at", "0")
                seen = [probe.request(lambda *args: args, 1, 2)]
                self.assertRaises(ZeroDivisionError, probe.request,
                                  lambda *args: 1 / 0, 1, 2)
                probe.served()
                gc.collect()
                seen.append(probe.collection_due())
                shared.set_collections_due(1)
                seen += [probe.collection_due(), probe.collection_due()]
                probe.tell("seen", repr(seen))
                status = 0
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(pid, 0), (pid, 0))
        shared.set_collections_due(0)
        worker = shared.read(3)
        self.assertEqual((worker["pid"], worker["requests"]), (pid, 1))
        self.assertEqual(sum(worker["latencies"]), 1)
        self.check_collected(worker["collections"], 2)
        self.assertEqual(harness.heard(3),
                         ["at 0", "seen [(1, 2), False, True, False]"])
        self.assertEqual(harness.heard(0), [])
        self.assertEqual(self.gained("requests"), 0)


def main(argv):
    global harness, probe, shared
    ext_dir = support.begin(argv, "EXT_DIR")
    from permafrost import probe
    shared, harness = SharedMemory(3), Harness(3)
    probe.attach(shared.fd, FIRST_CHANNEL, 3)
    import stderr_test
    import twice_test
    stderr_test.setup(ext_dir, probe, harness)
    # The messages are tested with both ways on, the rest with one.
    status = support.run(sys.modules[__name__])
    twice_test.setup(sys.modules[__name__])
    sys.exit(support.run(twice_test, stderr_test) or status)


if __name__ == "__main__":
    main(sys.argv)
