"""What the strategies do that collect between requests only."""
import gc
import mmap
import os
import sys
import tempfile
import traceback
import unittest
import weakref

import permafrost

import subject
import support

MIB = 1 << 20
PAGE = mmap.PAGESIZE


class Marker(object):
    """A cycle that only a collection frees, of `size` bytes, which the kernel
    gets back at once."""

    def __init__(self, size=0):
        self.itself = self
        if size:
            self.memory = mmap.mmap(-1, size,
                                    mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            for offset in range(0, size, PAGE):
                self.memory[offset:offset + 1] = b"x"


def dropped(size=0):
    """Makes a Marker garbage.  Returns a weak reference to it."""
    return weakref.ref(Marker(size))


def begun(spec):
    """A stack in use, as in a worker."""
    stack = permafrost.Stack(spec)
    stack.before_fork()
    stack.after_fork_child()
    return stack


class Case(support.Case):
    """Each test begins with thresholds of (100, 0, 0); zeros, because the
    free-threaded collector scales them otherwise."""

    def setUp(self):
        support.Case.setUp(self)
        gc.set_threshold(100, 0, 0)
        gc.enable()

    def request(self):
        """One that would cause automatic collections.  It leaves garbage of
        more than a MiB, which no collection frees before it ends."""
        gc.enable()
        garbage = dropped(2 * MIB)
        keep = [[] for _ in range(5000)]
        self.assertTrue(garbage() is not None)
        del keep
        return garbage

    def served(self, stack, garbage):
        """Ends a request.  Returns whether that freed `garbage`."""
        self.assertTrue(garbage() is not None, "freed before")
        stack.after_request()
        return garbage() is None

    def child(self, life):
        """Runs life() in a child, where it must not raise."""
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                life()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)


@unittest.skipUnless(subject.supported and subject.name in
                     ("oob", "rss-collect"), "of other strategies")
class OutOfBandTest(Case):
    # A strategy that collects after each request that leaves more than a MiB.
    eager = "oob:1" if subject.name == "oob" else "rss-collect:1M"

    def test_never_in_a_request(self):
        stack = begun(self.eager)
        for _ in range(5):
            self.assertTrue(self.served(stack, self.request()))
        stack.undo()

    def test_all_generations(self):
        stack = begun(self.eager)
        population = support.Population(50)
        population.drop_garbage()
        garbage = self.request()
        self.assertEqual(population.garbage_left(), [50] * 3)
        self.assertTrue(self.served(stack, garbage))
        self.assertEqual(population.garbage_left(), [0] * 3)
        stack.undo()

    def test_frozen_garbage_stays(self):
        old = dropped()
        for spec in ("freeze+" + self.eager, self.eager + "+freeze"):
            stack = begun(spec)
            self.assertTrue(self.served(stack, self.request()), spec)
            self.assertTrue(old() is not None, spec)
            stack.undo()

    def test_over_with_undo_and_before_exit(self):
        for end in ("undo", "before_exit"):
            for enabled in (True, False):
                stack = permafrost.Stack(self.eager)
                (gc.enable if enabled else gc.disable)()
                gc.set_threshold(701, 11, 12)
                before = support.gc_state()
                stack.before_fork()
                self.assertEqual(gc.get_threshold()[0], 0)
                stack.after_fork_child()
                self.assertTrue(self.served(stack, dropped(2 * MIB)))
                getattr(stack, end)()
                self.assertEqual(support.gc_state(), before, end)
                gc.disable()
                for _ in range(3):
                    self.assertFalse(self.served(stack, dropped(2 * MIB)), end)
                stack.after_fork_child()
                self.assertFalse(self.served(stack, dropped(2 * MIB)), end)
                stack.undo()
                self.assertEqual(support.gc_state()[1:], before[1:], end)
                gc.collect()

    def test_end_in_a_child_is_not_the_parents(self):
        stack = begun(self.eager)
        self.child(stack.before_exit)
        self.assertTrue(self.served(stack, self.request()))
        stack.undo()


@unittest.skipUnless(subject.name == "oob", "of oob only")
class EveryNTest(Case):
    def when(self, stack, requests):
        """The numbers, from 1, of the requests after which there were
        collections."""
        return [n for n in range(1, requests + 1)
                if self.served(stack, dropped())]

    def test_every_n_requests(self):
        for n in (1, 2, 7):
            stack = begun("oob:%d" % n)
            self.assertEqual(self.when(stack, 3 * n + n // 2),
                             [n, 2 * n, 3 * n])
            stack.undo()

    def test_workers_count_for_themselves(self):
        stack = begun("oob:5")
        self.assertEqual(self.when(stack, 3), [])

        def life():
            stack.after_fork_child()
            self.assertEqual(self.when(stack, 11), [5, 10])
            self.child(grandchild)

        def grandchild():
            stack.after_fork_child()
            self.assertEqual(self.when(stack, 9), [5])
        self.child(life)
        self.assertEqual(self.when(stack, 6), [2])
        stack.undo()


@unittest.skipUnless(subject.supported and subject.name == "rss-collect",
                     "of rss-collect only, or unsupported")
class GrowthTest(Case):
    """Steps of half of SIZE: what else grows is far less."""

    def setUp(self):
        Case.setUp(self)
        self.stack = begun("rss-collect:16M")

    def tearDown(self):
        self.stack.undo()

    def three_steps(self):
        """The collection comes when more than SIZE has come, not before."""
        first = dropped(10 * MIB)
        self.assertFalse(self.served(self.stack, first))
        self.assertFalse(self.served(self.stack, first))
        second = dropped(10 * MIB)
        self.assertTrue(self.served(self.stack, second))
        self.assertTrue(first() is None)

    def test_garbage_of_more_than_size(self):
        for _ in range(3):
            self.three_steps()

    def collects_nothing(self):
        """Ends a request that leaves no garbage.  Returns whether there was a
        collection all the same; it sets the count of allocations to zero."""
        gc.collect()
        keep = [[] for _ in range(5000)]
        self.assertTrue(gc.get_count()[0] >= 4000)
        self.stack.after_request()
        return len(keep) == 5000 and gc.get_count()[0] < 4000

    def test_no_garbage(self):
        """If there is nothing to free, once per SIZE is enough."""
        alive, collected = [], []
        for _ in range(8):
            alive.append(Marker(6 * MIB))
            collected.append(self.collects_nothing())
        self.assertEqual(collected, [False, False, True] * 2 + [False] * 2)

    def test_holes(self):
        """If garbage was freed but its pages stay, new garbage may fill them:
        it is looked for after an eighth of SIZE."""
        alive = []
        for _ in range(3):
            alive.append(Marker(20 * MIB))
            self.assertTrue(self.served(self.stack, dropped()))
            garbage = dropped()
            for _ in range(5):
                self.assertFalse(self.served(self.stack, garbage))
            alive.append(Marker(4 * MIB))
            self.assertTrue(self.served(self.stack, garbage))

    def test_shrunk(self):
        """SIZE of growth is enough also where memory is much less than it was
        at first."""
        self.stack.undo()
        dropped(40 * MIB)
        self.stack = begun("rss-collect:16M")
        self.three_steps()
        self.three_steps()

    def test_file_pages_are_not_growth(self):
        with tempfile.TemporaryFile() as mapped:
            mapped.truncate(40 * MIB)
            memory = mmap.mmap(mapped.fileno(), 40 * MIB, mmap.MAP_SHARED,
                               mmap.PROT_READ)
            self.assertEqual(len([1 for i in range(0, len(memory), PAGE)
                                  if memory[i:i + 1] == b"\0"]),
                             len(memory) // PAGE)
            self.assertFalse(self.served(self.stack, dropped()))
            memory.close()

    def test_workers_watch_themselves(self):
        half = dropped(10 * MIB)
        self.assertFalse(self.served(self.stack, half))

        def life():
            self.stack.after_fork_child()
            self.three_steps()
            self.child(grandchild)

        def grandchild():
            self.stack.after_fork_child()
            self.three_steps()
        self.child(life)
        self.assertTrue(self.served(self.stack, dropped(10 * MIB)))

    def test_copied_pages_are_not_growth(self):
        memory = mmap.mmap(-1, 40 * MIB,
                           mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory.write(b"x" * len(memory))

        def life():
            self.stack.after_fork_child()
            memory.seek(0)
            memory.write(b"y" * len(memory))
            self.assertFalse(self.served(self.stack, dropped()))
        self.child(life)

    def descriptors(self):
        """Numbers of the open files that show a statm."""
        found = []
        for fd in map(int, os.listdir("/proc/self/fd")):
            try:
                if os.readlink("/proc/self/fd/%d" % fd).endswith("/statm"):
                    found.append(fd)
            except OSError:     # that of the listing
                pass
        return found

    def test_one_descriptor_per_process(self):
        def life():
            self.stack.after_fork_child()
            self.assertFalse(self.served(self.stack, dropped()))
            self.assertEqual(len(self.descriptors()), 1)
            self.stack.before_exit()
            self.assertEqual(self.descriptors(), [])
        self.assertEqual(len(self.descriptors()), 1)
        self.child(life)
        self.assertEqual(len(self.descriptors()), 1)
        self.stack.undo()
        self.assertEqual(self.descriptors(), [])

    def test_program_closes_the_descriptor(self):
        os.close(self.descriptors()[0])
        self.three_steps()

    def test_program_reuses_the_descriptor(self):
        numbers = tempfile.NamedTemporaryFile()
        numbers.write(b"7 6 5 4 3 2 1\n")
        numbers.flush()
        for path in ("/dev/null", "/dev/zero", "/proc/self/stat", __file__,
                     numbers.name):
            for meanwhile in (self.three_steps, lambda: None):
                fd, = self.descriptors()
                other = os.open(path, os.O_RDONLY)
                os.dup2(other, fd)
                os.close(other)
                meanwhile()
                self.stack.undo()
                os.fstat(fd)        # theirs, so still open
                os.close(fd)
                self.stack = begun("rss-collect:16M")
        numbers.close()
