"""Tests the drop-in module gc_freeze under the interpreter that runs this.

    python -B gc_freeze_test.py EXT_DIR
"""
import gc
import sys
import unittest

import support


class FreezeTest(support.Case):
    @unittest.skipUnless(support.HAS_FREEZE, "gc.freeze() is of 3.7")
    def test_is_the_interpreters_own(self):
        for name in ("freeze", "unfreeze", "get_freeze_count"):
            self.assertTrue(getattr(gc_freeze, name) is getattr(gc, name))

    def test_round_trip(self):
        population = support.Population(500)
        gc_freeze.unfreeze()    # what 3.12 has frozen by itself
        self.assertEqual(gc_freeze.get_freeze_count(), 0)
        self.assertTrue(gc_freeze.freeze() is None)
        self.assertTrue(gc_freeze.get_freeze_count() >= 4500)
        self.assertTrue(support.all_valid())
        population.drop_garbage()
        gc.collect()
        self.assertEqual(population.garbage_left(), [500] * 3)
        self.assertTrue(gc_freeze.unfreeze() is None)
        self.assertEqual(gc_freeze.get_freeze_count(), 0)
        gc.collect()
        self.assertEqual(population.garbage_left(), [0] * 3)

    def test_wrong_arguments(self):
        for name in ("freeze", "unfreeze", "get_freeze_count",
                     "get_actual_count"):
            self.assertRaises(TypeError, getattr(gc_freeze, name), 1)

    @unittest.skipUnless(support.LINKED, "there are no lists")
    def test_actual_count(self):
        population = support.Population(300)
        lists = gcwalk.lists()
        actual = gc_freeze.get_actual_count()
        self.assertTrue(isinstance(actual, tuple))
        # The five results of lists() came between the two calls.
        self.assertEqual(list(actual), [len(lists[0]) + 5, len(lists[1]),
                                        len(lists[2])])
        gc_freeze.freeze()
        young, middle, old = gc_freeze.get_actual_count()
        self.assertTrue(young < 10)
        self.assertEqual((middle, old), (0, 0))
        frozen = gcwalk.lists()[3]
        self.assertEqual(gc_freeze.get_freeze_count(), len(frozen))
        self.assertEqual(len(population.nodes), 3)

    @unittest.skipIf(support.LINKED, "there are lists")
    def test_no_actual_count(self):
        self.assertRaises(NotImplementedError, gc_freeze.get_actual_count)


class SharedTest(support.Case):
    """There is one permanent generation, whoever filled it."""

    def check(self, strategy):
        population = support.Population(100)
        gc_freeze.freeze()
        count = gc_freeze.get_freeze_count()
        self.assertTrue(count >= 900)
        self.assertTrue(abs(strategy.count() - count) < 10)
        later = support.Population(100)
        strategy.before_fork()
        self.assertTrue(gc_freeze.get_freeze_count() >= count + 600)
        self.assertTrue(support.all_valid())
        strategy.undo()
        self.assertEqual(gc_freeze.get_freeze_count(), 0)
        strategy.before_fork()
        self.assertTrue(gc_freeze.get_freeze_count() >= 900)
        gc_freeze.unfreeze()
        self.assertEqual(strategy.count(), 0)
        self.assertTrue(support.all_valid())
        self.assertEqual((len(population.nodes), len(later.nodes)), (3, 3))

    def test_with_freeze(self):
        self.check(self.use("freeze"))

    @unittest.skipUnless(support.LINKED, "freeze-gen needs lists")
    def test_with_freeze_gen(self):
        self.check(self.use("freeze-gen:0-2"))


class EnsureDisabledTest(support.Case):
    def test_returns_to_the_state_before(self):
        for state in (True, False):
            (gc.enable if state else gc.disable)()
            with gc_freeze.ensure_disabled():
                self.assertFalse(gc.isenabled())
            self.assertEqual(gc.isenabled(), state)

    def test_gives_itself(self):
        guard = gc_freeze.ensure_disabled()
        with guard as given:
            self.assertTrue(given is guard)

    def test_nested(self):
        gc.enable()
        guard = gc_freeze.ensure_disabled()
        for inner in (guard, gc_freeze.ensure_disabled()):
            with guard:
                with inner:
                    self.assertFalse(gc.isenabled())
                self.assertFalse(gc.isenabled())
            self.assertTrue(gc.isenabled())

    def test_enabled_inside(self):
        gc.enable()
        guard = gc_freeze.ensure_disabled()
        with guard:
            gc.enable()
            with guard:
                self.assertFalse(gc.isenabled())
            self.assertTrue(gc.isenabled())
        self.assertTrue(gc.isenabled())
        gc.disable()
        with guard:
            gc.enable()
        self.assertFalse(gc.isenabled())

    def test_again(self):
        guard = gc_freeze.ensure_disabled()
        for state in (True, False, True):
            (gc.enable if state else gc.disable)()
            with guard:
                pass
            self.assertEqual(gc.isenabled(), state)

    def test_exceptions_go_on(self):
        gc.enable()
        with self.assertRaises(KeyError):
            with gc_freeze.ensure_disabled():
                raise KeyError("of the program")
        self.assertTrue(gc.isenabled())

    def test_exit_without_enter(self):
        gc.enable()
        guard = gc_freeze.ensure_disabled()
        self.assertRaises(RuntimeError, guard.__exit__, None, None, None)
        with guard:
            pass
        self.assertRaises(RuntimeError, guard.__exit__, None, None, None)
        self.assertTrue(gc.isenabled())

    def test_deep_nesting(self):
        # Every third level is entered enabled: each must find its own again.
        guard = gc_freeze.ensure_disabled()
        states = [level % 3 == 0 for level in range(64)]
        for state in states:
            (gc.enable if state else gc.disable)()
            guard.__enter__()
            self.assertFalse(gc.isenabled())
        gc.enable()
        self.assertRaises(RuntimeError, guard.__enter__)
        self.assertTrue(gc.isenabled(), "a refused block changes nothing")
        for state in reversed(states):
            guard.__exit__(None, None, None)
            self.assertEqual(gc.isenabled(), state)
        self.assertRaises(RuntimeError, guard.__exit__, None, None, None)

    def test_wrong_arguments(self):
        guard = gc_freeze.ensure_disabled()
        self.assertRaises(TypeError, guard.__enter__, 1)
        self.assertEqual(gc.isenabled(), False)


def main(argv):
    global gc_freeze, gcwalk
    support.begin(argv, "EXT_DIR")
    gc_freeze, gcwalk = support.gc_freeze, support.gcwalk
    support.run_tests(sys.modules[__name__])


if __name__ == "__main__":
    main(sys.argv)
