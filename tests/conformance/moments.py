"""Strategies used at moments when the collector is at work, or elsewhere than
in the main thread."""
import gc
import threading
import unittest
import weakref

import subject
import support




@unittest.skipUnless(subject.supported, "unsupported here")
class MomentTest(support.Case):
    def setUp(self):
        support.Case.setUp(self)
        self.ran = []
        self.errors = []

    def act(self, use):
        """What happens at the moment: once per use, exceptions are kept, for
        those of finalizers go nowhere."""
        if use in self.ran:
            return
        self.ran.append(use)
        try:
            use.before_fork()
            if not support.all_valid():
                raise AssertionError("a list is broken right after the freeze")
        except Exception as error:
            self.errors.append(error)

    def everywhere(self, moment):
        """Calls moment(use, generation) with objects around that must survive
        it, for each spec and generation."""
        for spec in subject.specs:
            for generation in range(3):
                use = self.use(spec)
                population = support.Population(100)
                moment(use, generation)
                what = (spec, generation)
                self.assertEqual(self.errors, [], what)
                self.assertEqual(self.ran, [use], what)
                self.assertTrue(support.all_valid(), what)
                for nodes in population.nodes:
                    for node in nodes:
                        self.assertEqual(node.other, [], what)
                gc.collect(0)
                gc.collect()
                self.assertTrue(support.all_valid(), what)
                use.undo()
                population.drop_garbage()
                gc.collect()
                self.assertEqual(population.garbage_left(),
                                 [100 if subject.lasting else 0] * 3, what)
                self.assertTrue(support.all_valid(), what)
                del self.ran[:]

    @unittest.skipIf(subject.name in subject.SINGLE_THREADED, "refuses threads")
    def test_in_a_thread(self):
        def moment(use, generation):
            thread = threading.Thread(target=self.act, args=(use,))
            thread.start()
            thread.join()
        self.everywhere(moment)

    @unittest.skipUnless(support.HAS_CALLBACKS, "gc.callbacks are of 3.3")
    def test_in_callbacks(self):
        for wanted in ("start", "stop"):
            def moment(use, generation):
                def callback(phase, info):
                    if phase == wanted:
                        self.act(use)
                gc.callbacks.append(callback)
                gc.collect(generation)
                gc.callbacks.remove(callback)
            self.everywhere(moment)

    @unittest.skipUnless(support.HAS_SAFE_FINALIZERS, "PEP 442 is of 3.4")
    def test_in_a_finalizer(self):
        case = self

        class Trigger(object):
            def __del__(self):
                case.act(self.use)

        def moment(use, generation):
            triggers = [Trigger() for _ in range(3)]
            for trigger in triggers:
                trigger.use = use
                trigger.triggers = triggers
            del trigger, triggers
            gc.collect(generation)
        self.everywhere(moment)

    @unittest.skipUnless(support.HAS_SAFE_FINALIZERS, "PEP 442 is of 3.4")
    def test_in_a_finalizer_that_resurrects(self):
        case = self
        saved = []

        class Trigger(object):
            def __del__(self):
                saved.append(self)
                case.act(self.use)

        def moment(use, generation):
            for _ in range(3):
                trigger = Trigger()
                trigger.use, trigger.itself = use, trigger
            del trigger
            gc.collect(generation)
            self.assertEqual(len(saved), 3)
            self.assertTrue(all(t.itself is t for t in saved))
            del saved[:]
        self.everywhere(moment)

    def test_in_a_weakref_callback(self):
        def moment(use, generation):
            nodes = [support.Node() for _ in range(3)]
            for node in nodes:
                node.other = [node, nodes]
            callbacks = [weakref.ref(node, lambda _: self.act(use))
                         for node in nodes]
            del node, nodes
            gc.collect(generation)
            self.assertTrue(all(ref() is None for ref in callbacks))
        self.everywhere(moment)

    def test_freeze_and_undo_in_a_weakref_callback(self):
        def moment(use, generation):
            def act(_):
                self.act(use)
                use.undo()
            node = support.Node()
            node.other = node
            callback = weakref.ref(node, act)
            del node
            gc.collect(generation)
            self.assertTrue(callback() is None)
        self.everywhere(moment)
