"""What every strategy does to the collector and to the heap."""
import gc
import unittest
import weakref

import subject
import support

if support.LINKED:
    import gcwalk


def collects_by_itself():
    """Whether garbage goes away when only allocations can cause it."""
    node = support.Node()
    node.other = node
    alive = weakref.ref(node)
    del node
    keep = []
    for _ in range(5000):
        keep.append([])
    return alive() is None


def each_spec(test):
    return support.each([(spec, None) for spec in subject.specs])(test)


@unittest.skipUnless(subject.supported, "unsupported here")
class StateTest(support.Case):
    @each_spec
    def test_round_trip(self, spec, _, __):
        for enabled in (True, False):
            use = self.use(spec)
            (gc.enable if enabled else gc.disable)()
            gc.set_threshold(701, 11, 12)
            population = support.Population(10)
            support.gc_freeze.unfreeze()
            before = support.gc_state()
            self.assertEqual(use.count(), 0)
            use.before_fork()
            if "count" in subject.module.HOOKS:
                self.assertTrue(use.count() > 0)
            use.undo()
            if "undo" in subject.module.HOOKS:
                self.assertEqual(use.count(), 0)
            self.assertEqual(support.gc_state(), before, spec)
            del population

    @each_spec
    def test_undo_alone_changes_nothing(self, spec, use, _):
        before = support.gc_state()
        use.undo()
        self.assertEqual(support.gc_state(), before, spec)

    @unittest.skipIf(subject.name in subject.ONCE, "refuses to be used twice")
    @each_spec
    def test_undo_after_two(self, spec, use, _):
        gc.enable()
        before = support.gc_state()
        use.before_fork()
        use.before_fork()
        use.undo()
        self.assertEqual(support.gc_state(), before, spec)

    @unittest.skipUnless(support.HAS_FREEZE, "gc.freeze() is of 3.7")
    @support.each(subject.of_table(subject.FROZEN))
    def test_count_is_the_interpreters(self, spec, use, frozen):
        use.before_fork()
        self.assertEqual(use.count(), gc.get_freeze_count(), spec)

    @support.each(subject.of_table(subject.SETTINGS))
    def test_settings(self, spec, use, expected):
        gc.enable()
        gc.set_threshold(123, 4, 5)
        use.before_fork()
        found = gc.isenabled(), gc.get_threshold()
        if support.INCREMENTAL:     # it has no third threshold
            found = found[0], found[1][:2]
            expected = expected[0], expected[1][:2]
        self.assertEqual(found, expected, spec)

    @support.each(subject.of_table(subject.AUTOMATIC))
    def test_automatic_collections(self, spec, use, expected):
        alone, enabled = expected
        gc.enable()
        # Zeros: the free-threaded collector scales thresholds otherwise.
        gc.set_threshold(100, 0, 0)
        self.assertTrue(collects_by_itself())
        use.before_fork()
        self.assertEqual(collects_by_itself(), alone, spec)
        gc.enable()
        self.assertEqual(collects_by_itself(), enabled, spec)
        use.undo()
        self.assertTrue(collects_by_itself(), spec)

    @unittest.skipUnless(subject.name == "skeleton", "of skeleton only")
    def test_skeleton_counts(self):
        use = self.use("skeleton:limit=3")
        for n in range(3):
            self.assertEqual(use.count(), n)
            use.before_fork()
        self.assertRaises(RuntimeError, use.before_fork)
        self.assertEqual(use.count(), 3)
        use.undo()
        self.assertEqual(use.count(), 0)
        other = self.use("skeleton:limit=3")
        use.before_fork()
        self.assertEqual((use.count(), other.count()), (1, 0))


@unittest.skipUnless(subject.supported, "unsupported here")
class GarbageTest(support.Case):
    @each_spec
    def test_garbage_of_the_warm_up(self, spec, use, _):
        """Those that collect free it, the others leave it as it is."""
        population = support.Population(50)
        population.drop_garbage()
        use.before_fork()
        left = 0 if subject.name in subject.COLLECT else 50
        self.assertEqual(population.garbage_left(), [left] * 3, spec)
        use.undo()
        gc.collect()
        self.assertEqual(population.garbage_left(), [0] * 3, spec)

    @each_spec
    def test_garbage_that_comes_later(self, spec, use, _):
        use.before_fork()
        population = support.Population(50)
        population.drop_garbage()
        self.assertEqual(population.garbage_left(), [50] * 3, spec)
        gc.collect()
        self.assertEqual(population.garbage_left(), [0] * 3, spec)


@unittest.skipUnless(subject.supported and support.LINKED,
                     "unsupported here, or there are no lists")
class ListTest(support.Case):
    """`before` is itself among the objects that come later; all others were
    there, and nothing else may be made while a test runs."""

    def check_lists(self, before, after, what):
        self.assertTrue(all(gcwalk.validate()), what)
        made = [id(before)] + [id(part) for part in before]
        self.assertEqual(support.difference(sum(before, []) + made,
                                            sum(after, [])), (0, 0, 0), what)

    @each_spec
    def test_nothing_lost(self, spec, use, _):
        population = support.Population(500)
        use.before_fork()       # the first call fills caches
        use.undo()
        before = gcwalk.lists()
        use.before_fork()
        frozen = gcwalk.lists()
        self.check_lists(before, frozen, spec)
        for addresses in population.addresses + population.garbage_addresses:
            self.assertTrue(addresses <= set(sum(frozen, [])), spec)
        del before
        before = gcwalk.lists()
        use.undo()
        after = gcwalk.lists()
        self.check_lists(before, after, spec)
        if spec in subject.FROZEN:
            self.assertEqual(after[3], [])

    @each_spec
    def test_nothing_lost_by_other_hooks(self, spec, use, _):
        population = support.Population(500)
        use.before_fork()
        for hook in subject.module.HOOKS:
            if hook == "before_fork":
                continue
            getattr(use, hook)()
            before = gcwalk.lists()
            getattr(use, hook)()
            after = gcwalk.lists()
            self.check_lists(before, after, (spec, hook))
            del before, after
        del population

    @each_spec
    def test_get_objects_shows_what_is_not_frozen(self, spec, use, _):
        population = support.Population(300)
        use.before_fork()
        seen = set(map(id, gc.get_objects()))
        frozen = subject.FROZEN.get(spec, ())
        for g in range(3):
            self.assertEqual(len(population.addresses[g] & seen),
                             0 if g in frozen else 600, (spec, g))
        use.undo()
        seen = set(map(id, gc.get_objects()))
        for g in range(3):
            self.assertTrue(population.addresses[g] <= seen, (spec, g))
