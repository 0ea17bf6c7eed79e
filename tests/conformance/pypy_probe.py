"""Tests permafrost.probe of PyPy: what it records of collections and requests.

    pypy3 -B pypy_probe.py EXT_DIR

The channel and requests are tested by what tests them on CPython, against the
description of the shared memory that stands there.
"""
import ctypes
import gc
import os
import signal
import sys
import time
import unittest

import pypyjit

import gcevents_test
import support
from gcevents_test import FIRST_CHANNEL, HDR_BUCKETS

PR_GET_PDEATHSIG = 2


class Told(object):
    """What gc.hooks tell of some collections; seconds."""

    def __init__(self, *durations):
        self.count = len(durations)
        self.duration = sum(durations)
        self.duration_min = min(durations)
        self.duration_max = max(durations)


class Case(gcevents_test.Case):
    def setUp(self):
        gc.disable()
        gc.collect()        # ends what has begun
        probe._settle()
        probe._let_go()
        gcevents_test.Case.setUp(self)

    def settle(self):
        probe._settle()
        probe._let_go()

    def seen(self):
        """Since the test began: collections, and the number of pauses of each
        generation.  Of one reading, since that itself makes collections."""
        self.settle()
        now = gcevents_test.shared.read()
        pauses = [b - a for a, b in zip(self.before["pauses"], now["pauses"])]
        return (tuple(b - a for a, b in zip(self.before["collections"],
                                            now["collections"])),
                [sum(pauses[g * HDR_BUCKETS:(g + 1) * HDR_BUCKETS])
                 for g in range(3)])


class CollectionTest(Case):
    def test_source(self):
        self.assertEqual(self.before["gc_source"], 3)
        self.assertEqual(self.before["pid"], os.getpid())

    def test_whole_collections(self):
        keep = [[i] for i in range(100000)]
        start = time.monotonic_ns()
        for generation in (0, 1, 2):
            gc.collect(generation)
        took = time.monotonic_ns() - start
        (minor, steps, majors), pauses = self.seen()
        self.assertEqual(majors, 3)
        self.assertTrue(steps >= 6 and minor >= steps, (minor, steps))
        # Each is one pause, and nothing within it is one besides.
        self.assertEqual(pauses[1:], [0, 3])
        self.assertTrue(pauses[0] <= minor - steps, (pauses, minor, steps))
        gc_ns = self.gained("gc_ns")
        self.assertTrue(0 < gc_ns[2] <= took, (gc_ns, took))
        self.assertTrue(gc_ns[2] <= 3 * gcevents_test.shared.read()["gc_max_ns"][2])
        del keep

    def test_in_compiled_code(self):
        """There hooks are called later."""
        pypyjit.set_param("threshold=10,function_threshold=10,trace_eagerness=5")
        self.addCleanup(pypyjit.set_param, "default")
        for _ in range(100):
            gc.collect()
        (minor, steps, majors), pauses = self.seen()
        self.assertEqual(majors, 100)
        self.assertEqual(pauses[1:], [0, 100])
        self.assertTrue(pauses[0] <= minor - steps, (pauses, minor, steps))

    def test_within_a_finalizer(self):
        """A collection there is part of the one that finds the garbage."""
        class Collecting(object):
            def __del__(self):
                gc.collect()
        gc.enable()     # else PyPy refuses that
        Collecting()
        while not self.seen()[0][2]:
            gc.collect()
        self.assertEqual(self.seen()[0][2], 2)
        self.assertEqual(self.seen()[1][1:], [0, 1])

    def test_as_many_steps_as_made(self):
        made, step = 0, gc.collect_step()
        while not step.major_is_done:
            # In that state it only runs finalizers.
            made += step.oldstate != step.STATE_USERDEL
            step = gc.collect_step()
        made += step.oldstate != step.STATE_USERDEL
        (minor, steps, majors), pauses = self.seen()
        self.assertEqual((steps, majors), (made, 1))
        self.assertTrue(minor >= made)
        # A step and the minor collection before it are one pause.
        self.assertEqual(pauses, [minor - made, made, 0])
        self.assertEqual(self.gained("gc_ns")[2], 0)
        self.assertEqual(self.gained("gc_unmatched"), 0)

    def test_automatic_ones(self):
        keep = [[i] * 10 for i in range(100000)]
        (minor, steps, majors), pauses = self.seen()
        self.assertEqual((steps, majors), (0, 0))
        self.assertTrue(minor > 5, minor)
        self.assertEqual(pauses, [minor, 0, 0])
        gc.enable()
        more = []
        for i in range(300000):
            more.append([i] * 10)
        gc.disable()
        (minor, steps, majors), pauses = self.seen()
        self.assertTrue(steps > 5 and majors > 0, (steps, majors))
        self.assertEqual(pauses[2], 0)
        self.assertTrue(minor <= sum(pauses) <= minor + steps)
        self.assertEqual(self.gained("gc_unmatched"), 0)
        del keep, more

    def test_hooks_taken_away(self):
        """They are put back, and what was missed is told."""
        gc.hooks.reset()
        for _ in range(2):
            probe._collect()
        self.settle()
        self.assertEqual(self.gained("collections")[1:], (0, 0))
        probe.serve(lambda state, n: None, None, 0, 1, None)
        gc.collect()
        self.assertEqual(self.gained("collections")[2], 1)
        self.assertEqual(self.gained("gc_unmatched"), 2)
        gc.collect()
        self.assertEqual(self.gained("gc_unmatched"), 2)

    def test_collect_taken_away(self):
        gc.collect = probe._collect
        probe.serve(lambda state, n: None, None, 0, 1, None)
        gc.collect()
        self.assertEqual(self.seen()[1][2], 1)

    def test_a_request_forks(self):
        """Its child's collections are nobody's."""
        pid = os.fork()
        if pid == 0:
            gc.collect()
            keep = [[i] * 10 for i in range(100000)]
            probe._settle()
            os._exit(len(keep) == 0)
        self.assertEqual(os.waitpid(pid, 0), (pid, 0))
        (minor, steps, majors), pauses = self.seen()
        self.assertTrue(minor < 8, minor)
        self.assertEqual((steps, majors, pauses[1:]), (0, 0, [0, 0]))


class ToldTest(Case):
    """What becomes of what hooks tell; the interpreter's own collections are kept
    out of it."""

    def setUp(self):
        Case.setUp(self)
        gc.hooks.reset()
        self.addCleanup(probe._watch)
        probe._settle()
        probe._let_go()
        self.before = gcevents_test.shared.read()

    def test_minor_and_step_are_one_pause(self):
        probe._on_minor(Told(100e-6))
        probe._on_step(Told(400e-6))
        self.settle()
        self.assertEqual(self.gained("collections")[:2], (1, 1))
        self.assertEqual(self.seen()[1], [0, 1, 0])
        self.assertEqual(self.gained("gc_ns"), (0, 500000, 0))

    def test_several_at_once(self):
        probe._on_minor(Told(100e-6, 300e-6, 200e-6, 150e-6))
        self.settle()
        self.assertEqual(self.seen()[1], [4, 0, 0])
        self.assertTrue(abs(self.gained("gc_ns")[0] - 750000) < 10)
        self.assertTrue(gcevents_test.shared.read()["gc_max_ns"][0] >= 300000)

    def test_several_steps(self):
        probe._on_minor(Told(100e-6, 300e-6))
        probe._on_step(Told(10e-6, 30e-6))
        self.settle()
        self.assertEqual(self.seen()[1], [2, 2, 0])
        self.assertEqual(self.gained("gc_ns"), (400000, 40000, 0))

    def test_right_bucket(self):
        probe._on_minor(Told(0.02))
        self.settle()
        self.assertEqual(self.gained("pauses")[(17 << 7) + (20000000 >> 17)], 1)

    def test_ends_of_a_histogram(self):
        for ns in (0, 2 ** 43 - 1, 2 ** 43):
            probe._count(shmlayout.latencies, ns, shmlayout.request_overflow)
        latencies = self.gained("latencies")
        self.assertEqual((latencies[0], latencies[-1], sum(latencies)), (1, 1, 2))
        self.assertEqual(self.gained("request_overflow"), 1)

    def test_the_clock_was_set(self):
        probe._on_minor(Told(-3.0))
        probe._on_minor(Told(20000.0))
        self.settle()
        self.assertEqual(self.gained("collections")[0], 2)
        self.assertEqual(self.gained("gc_unmatched"), 1)
        self.assertEqual(self.gained("gc_overflow"), 1)


class RequestTest(Case, gcevents_test.RequestTest):
    pass


class ChannelTest(Case, gcevents_test.ChannelTest):
    def test_worker_ends_with_its_template(self):
        pid = probe.fork(2)
        if pid == 0:
            answer = ctypes.c_int()
            ctypes.CDLL(None).prctl(PR_GET_PDEATHSIG, ctypes.byref(answer))
            os._exit(answer.value)
        self.assertEqual(os.waitpid(pid, 0), (pid, signal.SIGKILL << 8))

    def test_harness_is_gone(self):
        pid = os.fork()
        if pid == 0:
            os.close(FIRST_CHANNEL)
            probe.barrier("never")
            os._exit(0)
        self.assertEqual(os.waitpid(pid, 0), (pid, 70 << 8))
        self.assertEqual(self.gained("lost"), 1)


class AttachTest(unittest.TestCase):
    def test_another_build(self):
        read_only = os.open(os.devnull, os.O_RDONLY)
        self.assertRaises(OSError, probe.attach, read_only, FIRST_CHANNEL, 3)
        os.close(read_only)
        for word, value in ((0, 7), (1, 8), (2, 9)):
            other = gcevents_test.SharedMemory(3)
            other.map[8 * word:8 * word + 8] = value.to_bytes(8, sys.byteorder)
            pid = os.fork()
            if pid == 0:
                try:
                    probe.attach(other.fd, FIRST_CHANNEL, 3)
                except ImportError as error:
                    os._exit(3 if "different sources" in str(error) else 4)
                os._exit(0)
            self.assertEqual(os.waitpid(pid, 0), (pid, 3 << 8))


def main(argv):
    global probe, shmlayout
    ext_dir = support.begin(argv, "EXT_DIR")
    from permafrost import probe, shmlayout
    gcevents_test.probe = probe
    gcevents_test.shared = gcevents_test.SharedMemory(3)
    gcevents_test.harness = gcevents_test.Harness(3)
    probe.attach(gcevents_test.shared.fd, FIRST_CHANNEL, 3)
    support.run_tests(sys.modules[__name__])


if __name__ == "__main__":
    main(sys.argv)
