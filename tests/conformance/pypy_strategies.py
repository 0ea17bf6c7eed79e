"""Tests one strategy on PyPy, the one that conformance.py has chosen."""
import gc
import mmap
import unittest
import weakref

import permafrost

import subject
import support

class Hooks(object):
    """Counts what gc.hooks tells."""

    def __init__(self):
        self.minor = self.steps = self.majors = 0

    def __enter__(self):
        gc.collect()        # ends what has begun
        for _ in range(3):  # and now it is told
            pass
        gc.hooks.on_gc_minor = self._on_minor
        gc.hooks.on_gc_collect_step = self._on_step
        gc.hooks.on_gc_collect = self._on_collect
        return self

    def __exit__(self, *exception):
        gc.hooks.reset()

    def _on_minor(self, stats):
        self.minor += stats.count

    def _on_step(self, stats):
        self.steps += stats.count

    def _on_collect(self, stats):
        self.majors += stats.count


def churn():
    """Makes 64 MiB of garbage, of which the collector keeps a while so much that
    it would begin a major collection."""
    keep = []
    for i in range(300000):
        keep.append([i] * 10)
        if len(keep) > 100000:
            del keep[:50000]


class AbsentTest(unittest.TestCase):
    def test_reason(self):
        name, reason = subject.name, subject.absent
        self.assertTrue(reason.startswith(name + ": PyPy"), reason)
        self.assertFalse("\n" in reason)
        self.assertRaises(permafrost.Unsupported, permafrost.canonical,
                          "none+%s:1" % name)
        self.assertRaises(permafrost.Unsupported, permafrost.Stack, name)
        self.assertRaises(permafrost.Unsupported, permafrost.unsupported, name)

    def test_absent_is_not_unknown(self):
        self.assertRaises(permafrost.UnknownStrategy, permafrost.load, "absent")
        self.assertRaises(permafrost.UnknownStrategy, permafrost.load,
                          "purestrategy")


class NoneTest(support.Case):
    def test_collections_go_on(self):
        self.use("none").before_fork()
        self.assertTrue(gc.isenabled())
        with Hooks() as told:
            churn()
        self.assertTrue(told.minor > 10 and told.steps > 2, vars(told))


class DisableTest(support.Case):
    def test_undo(self):
        use = self.use("disable")
        use.before_fork()
        use.before_fork()
        self.assertFalse(gc.isenabled())
        use.undo()
        self.assertTrue(gc.isenabled())
        use.undo()
        self.assertTrue(gc.isenabled())

    def test_what_was_disabled_before_stays_so(self):
        gc.disable()
        use = self.use("disable")
        use.before_fork()
        use.undo()
        self.assertFalse(gc.isenabled())

    def test_minor_collections_go_on(self):
        self.use("disable").before_fork()
        with Hooks() as told:
            churn()
        self.assertTrue(told.minor > 10, told.minor)
        self.assertEqual((told.steps, told.majors), (0, 0))


class StepTest(support.Case):
    def setUp(self):
        support.Case.setUp(self)
        self.calls = 0
        self.collect_step = gc.collect_step
        gc.collect_step = self.counted
        self.addCleanup(setattr, gc, "collect_step", self.collect_step)

    def counted(self):
        self.calls += 1
        return self.collect_step()

    def serve(self, spec, n):
        """A use of which n requests were served."""
        use = self.use(spec)
        use.before_fork()
        use.after_fork_child()
        for _ in range(n):
            use.after_request()
        return use

    def test_one_step_behind_each(self):
        with Hooks() as told:
            self.serve("step", 20)
            for _ in range(3):
                pass
        self.assertEqual(self.calls, 20)
        # A call of its own runs finalizers when all other steps are done, also
        # when these were done before.
        self.assertTrue(20 - told.majors - 1 <= told.steps <= 20, vars(told))

    def test_every(self):
        self.serve("step:7", 20)
        self.assertEqual(self.calls, 2)

    def test_undone(self):
        use = self.serve("step", 1)
        use.undo()
        self.assertTrue(gc.isenabled())
        use.after_request()
        self.assertEqual(self.calls, 1)

    def test_garbage_is_found(self):
        use = self.use("step")
        use.before_fork()
        node = support.Node()
        node.other = node
        ref = weakref.ref(node)
        del node
        for _ in range(10000):
            use.after_request()
            if ref() is None:
                break
        self.assertTrue(ref() is None)


class CollectTest(support.Case):
    def test_before_the_fork(self):
        with Hooks() as told:
            self.use("collect").before_fork()
            for _ in range(3):
                pass
        self.assertEqual(told.majors, 1)
        self.assertTrue(gc.isenabled())


class Outside(object):
    """Owns memory that the collector does not know of."""
    SIZE = 8 << 20
    alive = 0

    def __init__(self):
        import _cffi_backend as cffi
        libc = cffi.load_library(None)
        number = cffi.new_primitive_type("long")
        self.free = libc.load_function(
            cffi.new_function_type((number,), number), "free")
        self.address = libc.load_function(
            cffi.new_function_type((number,), number), "malloc")(self.SIZE)
        libc.load_function(cffi.new_function_type((number,) * 3, number),
                           "memset")(self.address, 1, self.SIZE)
        Outside.alive += 1

    def __del__(self):
        Outside.alive -= 1
        self.free(self.address)


class PressureTest(support.Case):
    def most_alive(self, after_request):
        """The largest number of 30 that were alive at a time."""
        gc.collect()
        most = 0
        for _ in range(30):
            Outside()
            after_request()
            most = max(most, Outside.alive)
        gc.collect()
        gc.collect()
        return most

    def test_memory_outside_is_found(self):
        self.assertEqual(self.most_alive(lambda: None), 30)
        use = self.use("pressure")
        use.before_fork()
        use.after_fork_child()
        most = self.most_alive(use.after_request)
        self.assertTrue(most < 15, most)

    def test_own_memory_is_no_pressure(self):
        told = []
        real = subject.module.add_memory_pressure
        subject.module.add_memory_pressure = told.append
        self.addCleanup(setattr, subject.module, "add_memory_pressure", real)
        use = self.use("pressure")
        use.after_fork_child()
        keep = []
        for _ in range(20):
            keep.append([[] for _ in range(20000)])
            use.after_request()
        self.assertTrue(sum(told) < 8 << 20, told)


class Mapped(object):
    """Owns 8 MiB that the kernel gets back at once."""
    PART = b"x" * (1 << 20)
    alive = 0

    def __init__(self):
        self.memory = mmap.mmap(-1, 8 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for _ in range(8):
            self.memory.write(self.PART)
        Mapped.alive += 1

    def __del__(self):
        Mapped.alive -= 1
        self.memory.close()


class Between(support.Case):
    def left(self, use, n):
        """How many of n requests' objects are alive after each."""
        counts = []
        for _ in range(n):
            Mapped()
            use.after_request()
            counts.append(Mapped.alive)
        return counts

    def begun(self, spec):
        gc.collect()
        use = self.use(spec)
        use.before_fork()
        use.after_fork_child()
        self.assertFalse(gc.isenabled())
        return use

    def test_a_worker_exits(self):
        use = self.begun(self.SPEC)
        self.assertEqual(self.left(use, 2), [0, 0])
        use.before_exit()
        self.assertTrue(gc.isenabled())
        self.assertEqual(self.left(use, 2), [1, 2])


class OobTest(Between):
    SPEC = "oob:1"

    def test_every_n(self):
        self.assertEqual(self.left(self.begun("oob:1"), 4), [0, 0, 0, 0])
        self.assertEqual(self.left(self.begun("oob:3"), 7), [1, 2, 0, 1, 2, 0, 1])

    def test_undone(self):
        use = self.begun("oob:1")
        use.undo()
        self.assertTrue(gc.isenabled())
        self.assertEqual(self.left(use, 2), [1, 2])

    def test_a_worker_begins_anew(self):
        use = self.begun("oob:2")
        self.left(use, 1)
        use.after_fork_child()
        gc.collect()
        self.assertEqual(self.left(use, 2), [1, 0])


class RssCollectTest(Between):
    """Of growth, of which a Mapped makes 8 MiB."""
    SPEC = "rss-collect:4M"

    def test_every_n(self):
        self.assertEqual(self.left(self.begun("rss-collect:20M"), 6),
                         [1, 2, 0, 1, 2, 0])
        self.assertEqual(self.left(self.begun("rss-collect:4M"), 3), [0, 0, 0])

    def test_undone(self):
        use = self.begun("rss-collect:4M")
        use.undo()
        self.assertTrue(gc.isenabled())
        self.assertEqual(self.left(use, 2), [1, 2])

    def test_a_worker_begins_anew(self):
        use = self.begun("rss-collect:12M")
        self.left(use, 1)
        use.after_fork_child()
        self.assertEqual(self.left(use, 2), [2, 0])

    def test_what_stays_raises_the_level(self):
        use = self.begun("rss-collect:20M")
        keep = [Mapped() for _ in range(4)]
        use.after_request()
        self.assertEqual(self.left(use, 3), [5, 6, 4])
        del keep

    def collects(self, use):
        """Whether use.after_request() does."""
        node = support.Node()
        node.other = node
        ref = weakref.ref(node)
        del node
        use.after_request()
        return ref() is None

    def test_what_was_freed_does_not(self):
        use = self.begun("rss-collect:24M")
        keep = []
        counts = []
        for _ in range(3):
            keep.append(Mapped())
            counts += self.left(use, 1)
        self.assertEqual(counts, [2, 2, 3])
        self.assertFalse(self.collects(use))    # there is an eighth to go
        keep.append(Mapped())
        self.assertTrue(self.collects(use))

    def test_what_is_growth(self):
        use = self.begun("rss-collect:4M")
        untouched = mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        shared = mmap.mmap(-1, 8 << 20, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
        for _ in range(8):
            shared.write(Mapped.PART)
        self.assertFalse(self.collects(use))
        untouched.write(Mapped.PART * 8)
        self.assertTrue(self.collects(use))
        untouched.close()
        shared.close()

    def test_sizes(self):
        for text, spelt in (("32M", "32M"), ("32768K", "32M"), ("1048577", "1048577"),
                            ("1G", "1G")):
            self.assertEqual(permafrost.canonical("rss-collect:" + text),
                             "rss-collect:" + spelt)
        for text in ("M", "1", "1023K", "2G", "1T", "-1M", "1.5M", ""):
            self.assertRaises(ValueError, permafrost.canonical,
                              "rss-collect:" + text)


TESTS = {"none": NoneTest, "disable": DisableTest, "step": StepTest,
         "pressure": PressureTest, "oob": OobTest, "rss-collect": RssCollectTest,
         "collect": CollectTest}


def load_tests(loader, tests, pattern):
    """Of those of this file, the ones that are about the strategy."""
    return loader.loadTestsFromTestCase(TESTS.get(subject.name, AbsentTest))
