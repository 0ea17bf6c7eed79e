"""Tests that a program's sys.stderr is as without permafrost.probe, and that
none of the collector's messages shows; a part of gcevents_test.py.

What matters on 2.7, where collections are seen through sys.stderr, and on
3.4-3.6, where the second way is that, must hold everywhere.
"""
import gc
import os
import subprocess
import sys
import unittest
import weakref

import support

# A program on its own, whose stderr is a pipe.
PROGRAM = r"""
import gc, os, sys
sys.path[1:1] = [sys.argv[1]]
sys.path.insert(0, sys.argv[2])
import gcevents_test
from permafrost import probe
shared, harness = gcevents_test.SharedMemory(0), gcevents_test.Harness(0)
probe.attach(shared.fd, gcevents_test.FIRST_CHANNEL, 0)
if gcevents_test.support.TWO_WAYS:
    probe.watch_twice()
sys.stderr.write("one\n")
gc.collect()
sys.stderr.writelines(["two\n", "three"])
gc.collect(0)
sys.stderr.write("\n")
sys.stderr.flush()
if sys.version_info < (3,):
    exec('print >>sys.stderr, "four",')
    gc.collect()
    exec('print >>sys.stderr, "five"')
    exec('print >>sys.stderr, u"six"')
else:
    exec('print("four five", "six", sep="\\n", file=sys.stderr)')
os.write(2, b"seven\n")
assert sys.stderr.fileno() == 2 and not sys.stderr.closed
gc.set_threshold(10, 2, 2)
keep = [[] for _ in range(1000)]
harness.answer()
probe.barrier("x")
1 / 0
"""


class ReplacedStderr(object):
    def __init__(self):
        self.texts = []

    def write(self, text):
        self.texts.append(text)


class StderrTest(support.Case):
    def setUp(self):
        support.Case.setUp(self)
        self.replaced = ReplacedStderr()

    def replace(self, by):
        self.addCleanup(setattr, sys, "stderr", sys.stderr)
        sys.stderr = by
        probe.serve(lambda state, n: None, None, 0, 1, None)

    def test_whole_program(self):
        process = subprocess.Popen(
            [sys.executable, "-B", "-c", PROGRAM, ext_dir, support.HERE],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            universal_newlines=True)
        out, err = process.communicate()
        lines = err.splitlines()
        self.assertEqual(lines[:6], ["one", "two", "three", "four five", "six",
                                     "seven"])
        self.assertTrue(lines[6].startswith("Traceback"), err)
        self.assertTrue(lines[-1].startswith("ZeroDivisionError"), err)
        self.assertFalse("gc:" in err, err)
        self.assertEqual((out, process.returncode), ("", 1))

    def test_replaced_one_is_used(self):
        self.replace(self.replaced)
        sys.stderr.write("before ")
        gc.collect()
        sys.stderr.write("after")
        sys.stderr.extra = 7
        self.assertEqual(self.replaced.texts, ["before ", "after"])
        self.assertEqual(self.replaced.extra, 7)
        self.assertEqual(sys.stderr.extra, 7)
        self.assertRaises(AttributeError, getattr, sys.stderr, "no_such")

    def test_wrapped_again_at_a_barrier(self):
        self.replace(self.replaced)
        second = ReplacedStderr()
        sys.stderr = second
        harness.answer()
        probe.barrier("again")
        harness.heard()
        gc.collect()
        sys.stderr.write("x")
        self.assertEqual((self.replaced.texts, second.texts), ([], ["x"]))

    def test_messages_like_the_collectors(self):
        """The program may write what it likes."""
        self.replace(self.replaced)
        texts = ["gc: done", "gc: ", "\n", "gc: objects in each generation:",
                 " 1", "gc: collecting", ".\n", ""]
        for text in texts:
            sys.stderr.write(text)
        gc.collect()
        self.assertEqual(self.replaced.texts, texts)

    def test_written_inside_a_collection(self):
        self.replace(self.replaced)
        node = support.Node()
        node.other = node
        ref = weakref.ref(node, lambda _: sys.stderr.write("inside\n"))
        del node
        gc.collect()
        self.assertTrue(ref() is None)
        self.assertEqual(self.replaced.texts, ["inside\n"])

    def test_broken_one(self):
        class Broken(object):
            def write(self, text):
                raise KeyError(text)
        self.replace(Broken())
        self.assertRaises(KeyError, sys.stderr.write, "x")
        gc.collect()
        self.assertTrue(support.all_valid())

    @unittest.skipUnless(support.HAS_MESSAGES, "there is nothing in between")
    def test_none_at_all(self):
        real = sys.stderr
        self.addCleanup(setattr, sys, "stderr", real)
        sys.stderr = None
        probe.serve(lambda state, n: None, None, 0, 1, None)
        gc.collect()
        self.assertTrue(support.all_valid())


def setup(folder, the_probe, the_harness):
    global ext_dir, harness, probe
    ext_dir, probe, harness = folder, the_probe, the_harness
