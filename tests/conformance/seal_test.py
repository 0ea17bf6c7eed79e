"""Tests that a sealed heap has no holes, and has them again after undo()."""
import unittest

import subject
import support

PAGE = 4096
BYTES = (24, 100, 250, 400)      # of pymalloc's
LARGE = (600, 2000, 9000)        # of the C library's


def make(size, n):
    return [bytes(bytearray(size)) for _ in range(n)]


def pages(objects):
    """The pages that the objects lie on, all of which are in use."""
    found = set()
    for thing in objects:
        first = id(thing) // PAGE
        found.update(range(first, (id(thing) + len(thing) + 33) // PAGE + 1))
    return found


@unittest.skipUnless(subject.supported, "unsupported here")
class SealTest(support.Case):
    def check(self, sizes, few):
        """Of objects made after sealing at most `few` lie on a page with holes;
        without sealing most do."""
        for size in sizes:
            objects = make(size, 4000)
            shared = pages(objects)
            del objects[::2]                # holes on every page
            use = self.use("seal")
            use.before_fork()
            new = make(size, 1000)
            inside = sum(id(thing) // PAGE in shared for thing in new)
            self.assertTrue(inside <= few, (size, inside))
            del new
            use.undo()
            new = make(size, 1000)
            inside = sum(id(thing) // PAGE in shared for thing in new)
            self.assertTrue(inside >= 500, (size, inside))
            del new, objects

    def test_pools(self):
        # One pool may be just begun.
        self.check(BYTES, 16384 // min(BYTES) // 2)

    def test_heap(self):
        self.check(LARGE, 50)

    def test_twice(self):
        first, second = self.use("seal"), self.use("seal")
        first.before_fork()
        second.before_fork()
        second.undo()
        first.undo()
