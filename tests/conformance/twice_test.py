"""Tests that the two ways of seeing collections agree where both exist, on
3.4-3.6; a part of gcevents_test.py.

One clock runs inside the other: gc.callbacks are called around collect(), whose
messages start and stop the second way.  What lies between is two or three
microseconds for each collection, so the collections here take 0.2 ms and more.
A process that is preempted just there sees two times some ms apart.  That is
rare, but on a loaded machine enough to spoil a sum.  So the times are compared
step by step, without the WORST part of the steps, of which each generation has
at least one: a way that measures something else is wrong in all of them.  The
counts must agree always.
"""
import gc
import mmap
import os
import unittest

import support

GOES = 3
TOLERANCE = 0.05
WORST = 0.05
MATTERS_NS = 1000000


def steps():
    """Generator of some 270 collections of a heap of 150000 objects, each
    step one explicit one, or as many automatic ones as allocating takes."""
    def young(n):
        nodes = [support.Node([]) for _ in range(n)]
        for node in nodes[::2]:
            node.other = node
        return nodes
    heap = [support.Node([]) for _ in range(75000)]
    gc.collect()
    for i in range(200):
        keep = young(5000)
        yield gc.collect(i % 5 == 4)
    for _ in range(8):
        yield gc.collect()
    gc.set_threshold(10000, 8, 5)
    for _ in range(120):
        gc.enable()
        keep = young(5000)
        gc.disable()
        yield
    del heap, keep


def figures():
    """What the first and the second way have recorded."""
    return (gcevents_test.shared.read(histograms=False),
            gcevents_test.probe.second())


def gained(name, before, after):
    """For both ways a tuple per generation."""
    return tuple(tuple(b - a for a, b in zip(old[name], new[name]))
                 for old, new in zip(before, after))


def close(a, b):
    return abs(a - b) <= TOLERANCE * max(a, b)


def typical_sums(pairs):
    """The sums of both without the pairs that differ most."""
    pairs.sort(key=lambda pair: abs(pair[0] - pair[1]))
    del pairs[len(pairs) - max(1, int(WORST * len(pairs))):]
    return sum(a for a, b in pairs), sum(b for a, b in pairs)


@unittest.skipUnless(support.TWO_WAYS, "two ways exist on 3.4-3.6 only")
class TwiceTest(support.Case):
    def test_sources(self):
        one, two = figures()
        self.assertEqual((one["gc_source"], two["gc_source"]), (1, 2))

    def one_go(self):
        """Per generation the sums of both ways."""
        pairs = [[], [], []]
        start = before = figures()
        for _ in steps():
            now = figures()
            one, two = gained("collections", before, now)
            self.assertEqual(one, two)
            for of_one, pair in zip(pairs, zip(*gained("gc_ns", before, now))):
                if pair != (0, 0):
                    of_one.append(pair)
            before = now
        one, two = gained("collections", start, before)
        self.assertTrue(one[0] > 200 and one[1] > 40 and one[2] > 8, one)
        for name in ("gc_unmatched", "gc_overflow"):
            self.assertEqual([record[name] for record in start],
                             [record[name] for record in before])
        return [typical_sums(of_one) for of_one in pairs]

    def test_agree(self):
        for _ in range(GOES):
            sums = self.one_go()
            self.assertTrue(min(min(pair) for pair in sums) > MATTERS_NS, sums)
            if support.gcwalk.debug():
                return      # between the clocks it walks the lists
            if all(close(*pair) for pair in sums):
                return
        self.fail(sums)

    def test_longest(self):
        """A collection longer than all before."""
        for generation in range(3):
            for goes in range(5):
                support.slow_collection(generation, 0.05 * (2 + goes))
                longest = [record["gc_max_ns"][generation]
                           for record in figures()]
                self.assertTrue(min(longest) >= 100e6)
                if close(*longest) or support.gcwalk.debug():
                    break       # between the clocks that walks the lists
            else:
                self.fail(longest)

    def test_faults(self):
        """Both count the pages that a collection touches first: it makes a
        large object."""
        before = figures()
        support.slow_collection(2, 0, lambda: bytearray(b"x") * (16 << 20))
        gained = [new["gc_faults"] - old["gc_faults"]
                  for old, new in zip(before, figures())]
        pages = (16 << 20) // mmap.PAGESIZE     # or fewer huge ones
        # AddressSanitizer's shadow has some, too.
        self.assertTrue(0 < min(gained) <= max(gained) < pages * 3 // 2, gained)
        self.assertTrue(abs(gained[0] - gained[1]) < 50, gained)

    def test_only_once(self):
        self.assertRaises(NotImplementedError, gcevents_test.probe.watch_twice)

    def test_a_child_records_nothing(self):
        before = figures()
        pid = os.fork()
        if pid == 0:
            gc.collect()
            same = all(old["collections"] == new["collections"]
                       for old, new in zip(before, figures()))
            os._exit(0 if same else 1)
        self.assertEqual(os.waitpid(pid, 0), (pid, 0))


@unittest.skipIf(support.TWO_WAYS, "there are two ways")
class OnceTest(support.Case):
    def test_says_why(self):
        self.assertRaises(RuntimeError, gcevents_test.probe.second)
        try:
            gcevents_test.probe.watch_twice()
        except NotImplementedError as error:
            self.assertTrue("gc.callbacks" in str(error), error)
        else:
            self.fail("there is only one way")
        self.assertRaises(RuntimeError, gcevents_test.probe.second)


def setup(module):
    """From now on both ways watch, if there are two."""
    global gcevents_test
    gcevents_test = module
    if support.TWO_WAYS:
        module.probe.watch_twice()
