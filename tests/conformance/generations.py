"""What the strategies that freeze do to the objects of each generation."""
import gc
import unittest

import subject
import support

if support.LINKED:
    import gcwalk

FREEZING = subject.supported and subject.name in ("freeze", "freeze-gen")


each_spec = support.each(subject.of_table(subject.FROZEN))


@unittest.skipUnless(FREEZING and support.LINKED, "of freezing strategies only")
class GenerationTest(support.Case):
    @each_spec
    def test_the_right_ones_move(self, spec, use, frozen):
        population = support.Population(1000)
        use.before_fork()       # the first call fills caches
        use.undo()
        del population
        population = support.Population(1000)
        before = gcwalk.lists()
        use.before_fork()
        after = gcwalk.lists()
        made = [id(before)] + [id(part) for part in before]
        self.assertTrue(all(gcwalk.validate()), spec)
        for g in range(3):
            self.assertTrue(population.addresses[g] <= set(before[g]))
        expected = [[], [], [], before[3]]
        for g in range(3):
            part = before[g] + (made if g == 0 else [])
            expected[3 if g in frozen else g] += part
        for g in range(4):
            self.assertEqual(support.difference(expected[g], after[g]),
                             (0, 0, 0), (spec, g))

    @each_spec
    def test_counts_start_again(self, spec, use, frozen):
        """As after a collection: else one would come right after the fork."""
        population = support.Population(400)
        use.before_fork()
        counts = gc.get_count()
        if 0 in frozen:
            self.assertTrue(counts[0] < 100, spec)
        else:
            self.assertTrue(counts[0] >= 400, spec)
        for g in (1, 2):
            if g in frozen:
                self.assertEqual(counts[g], 0, spec)
        del population

    @each_spec
    def test_undo_fills_the_oldest(self, spec, use, frozen):
        population = support.Population(300)
        use.before_fork()
        use.undo()
        lists = [set(part) for part in gcwalk.lists()]
        self.assertEqual(lists[3], set())
        for g in range(3):
            to = 2 if g in frozen else g
            self.assertTrue(population.addresses[g] <= lists[to], spec)

    @each_spec
    def test_the_others_age(self, spec, use, frozen):
        """Generations that stay go on to the next one when collected."""
        population = support.Population(300)
        use.before_fork()
        gc.collect(0)
        gc.collect(1)
        lists = [set(part) for part in gcwalk.lists()]
        for g in range(3):
            to = 3 if g in frozen else 2
            self.assertTrue(population.addresses[g] <= lists[to], spec)


@unittest.skipUnless(FREEZING, "of freezing strategies only")
class FrozenTest(support.Case):
    def frozen_addresses(self):
        if not support.LINKED:
            self.skipTest("there are no lists")
        return set(gcwalk.lists()[3])

    @each_spec
    def test_frozen_garbage_stays(self, spec, use, frozen):
        population = support.Population(100)
        population.drop_garbage()
        use.before_fork()
        for generation in (0, 1, 2):
            gc.collect(generation)
        expected = [100 if g in frozen else 0 for g in range(3)]
        self.assertEqual(population.garbage_left(), expected, spec)
        use.undo()
        gc.collect()
        self.assertEqual(population.garbage_left(), [0] * 3, spec)

    @each_spec
    def test_becomes_garbage_when_frozen(self, spec, use, frozen):
        population = support.Population(100)
        use.before_fork()
        population.drop_garbage()
        gc.collect()
        expected = [100 if g in frozen else 0 for g in range(3)]
        self.assertEqual(population.garbage_left(), expected, spec)
        use.undo()
        gc.collect()
        self.assertEqual(population.garbage_left(), [0] * 3, spec)

    @each_spec
    def test_what_frozen_objects_hold_stays(self, spec, use, frozen):
        """New objects that only a frozen one refers to are alive."""
        population = support.Population(100)
        use.before_fork()
        for nodes in population.nodes:
            for i, node in enumerate(nodes):
                node.other = [i, [node]]
        gc.collect()
        gc.collect()
        for nodes in population.nodes:
            for i, node in enumerate(nodes):
                self.assertEqual(node.other[0], i)
                self.assertTrue(node.other[1][0] is node)

    @each_spec
    def test_freed_while_frozen(self, spec, use, frozen):
        population = support.Population(999)
        use.before_fork()
        for nodes in population.nodes:
            del nodes[::3]      # each between two that stay
            self.assertTrue(support.all_valid())
            del nodes[-100:]
        self.assertTrue(support.all_valid())
        if support.LINKED:
            held = self.frozen_addresses()
            for g in range(3):
                kept = set(map(id, population.nodes[g]))
                kept.update(id(node.other) for node in population.nodes[g])
                if g in frozen:
                    self.assertTrue(kept <= held, spec)
                else:
                    self.assertFalse(kept & held, spec)
        gc.collect()
        for nodes in population.nodes:
            del nodes[:]
        self.assertTrue(support.all_valid())

    @each_spec
    def test_again_at_once(self, spec, use, frozen):
        population = support.Population(500)
        use.before_fork()
        first = use.count()
        use.before_fork()
        self.assertTrue(0 <= use.count() - first < 50, spec)
        self.assertTrue(support.all_valid())
        self.assertEqual(len(population.nodes), 3)

    @each_spec
    def test_again_adds_what_is_new(self, spec, use, frozen):
        first = support.Population(500)
        use.before_fork()
        count = use.count()
        second = support.Population(500)
        use.before_fork()
        # What was left of the first went on to the generations frozen.
        gained = use.count() - count
        least = 1000 * len(frozen)
        self.assertTrue(gained >= least, (spec, gained))
        if support.LINKED:
            held = self.frozen_addresses()
            for g in frozen:
                self.assertTrue(first.addresses[g] <= held, spec)
                self.assertTrue(second.addresses[g] <= held, spec)
        self.assertTrue(support.all_valid())

    @each_spec
    def test_finalized_once(self, spec, use, frozen):
        """From 3.8 the links of an object also carry the mark that its
        finalizer has run; here such objects are alone in generation 1, so that
        it is their own links that are written."""
        saved = []

        class Once(object):
            __slots__ = ("itself", "__weakref__")

            def __del__(self):
                saved.append(self)
        gc.collect()
        for _ in range(3):
            once = Once()
            once.itself = once
        del once
        gc.collect(0)
        if not saved:
            self.skipTest("before 3.4 such cycles are never freed")
        self.assertEqual(len(saved), 3)
        use.before_fork()
        use.undo()
        del saved[:]
        gc.collect()
        self.assertEqual(saved, [], spec)

    @each_spec
    def test_freeze_and_undo_many_times(self, spec, use, frozen):
        population = support.Population(200)
        for i in range(20):
            use.before_fork()
            population.nodes[i % 3].append(support.Node([]))
            if i % 7 == 0:
                gc.collect()
            use.undo()
        self.assertEqual(use.count(), 0)
        self.assertTrue(support.all_valid())

    @each_spec
    def test_two_uses_share_one_generation(self, spec, use, frozen):
        other = self.use("freeze")
        population = support.Population(200)
        use.before_fork()
        count = use.count()
        self.assertTrue(abs(other.count() - count) < 20, spec)
        other.before_fork()
        self.assertTrue(use.count() >= count)
        other.undo()
        self.assertEqual(use.count(), 0)
        self.assertEqual(len(population.nodes), 3)
