"""Finalizers under a strategy: each runs once, when the strategy lets the
collector find the garbage, and not before; 2.7 runs none in a cycle."""
import gc
import unittest

import support
import subject


class Log(object):
    """What has been finalized, in order, and what came back to life."""

    def __init__(self):
        self.names = []
        self.returned = []

    def of(self, name):
        return self.names.count(name)


class Finalized(object):
    """In a cycle with itself; tells the log when it is finalized."""

    def __init__(self, log, name, returns=False):
        self.itself = self
        self.log, self.name, self.returns = log, name, returns

    def __del__(self):
        self.log.names.append(self.name)
        if self.returns:
            self.log.returned.append(self)


def give_up():
    """Frees what 2.7 holds in gc.garbage.  Returns the names."""
    names = []
    while gc.garbage:
        one = gc.garbage.pop()
        if isinstance(one, Finalized):
            names.append(one.name)
            one.itself, one.log, one.returns = None, Log(), False
    return sorted(names)


def generations(log, count):
    """Makes `count` cycles of garbage in each generation, named by that."""
    keep = []
    for generation, promote in ((2, 2), (1, 0), (0, None)):
        keep.extend(Finalized(log, generation) for _ in range(count))
        if promote is not None:
            gc.collect(promote)


@unittest.skipUnless(subject.supported, "unsupported here")
class FinalizationTest(support.Case):
    COUNT = 30

    def setUp(self):
        support.Case.setUp(self)
        self.addCleanup(give_up)

    def expect(self, log, generations_found):
        """All of these generations' garbage, and no other, is done with."""
        names = sorted(log.names) if support.HAS_SAFE_FINALIZERS else None
        wanted = sorted(g for g in generations_found for _ in range(self.COUNT))
        if names is not None:
            self.assertEqual((names, give_up()), (wanted, []))
        else:
            self.assertEqual(log.names, [])
            self.found.extend(give_up())
            self.assertEqual(sorted(self.found), wanted)

    @unittest.skipIf(subject.lasting, "its objects are never garbage again")
    @unittest.skipUnless(support.LINKED, "generations are not told apart")
    def test_each_generation(self):
        for spec in subject.specs:
            log, self.found = Log(), []
            use = self.use(spec)
            generations(log, self.COUNT)
            use.before_fork()
            gc.collect()
            frozen = subject.FROZEN.get(spec, ())
            if spec.split(":")[0] in subject.COLLECT:
                frozen = ()
            self.expect(log, [g for g in range(3) if g not in frozen])
            use.undo()
            support.gc_freeze.unfreeze()
            for _ in range(2):
                gc.collect()
            self.expect(log, range(3))

    def test_after_the_fork(self):
        """Garbage of a worker, of which one in two comes back once."""
        for spec in subject.specs:
            log = Log()
            use = self.use(spec)
            use.before_fork()
            for n in range(self.COUNT):
                Finalized(log, n, n % 2 == 0)
            gc.collect()
            once = list(range(self.COUNT))
            if support.HAS_SAFE_FINALIZERS:
                self.assertEqual(sorted(log.names), once)
                self.assertEqual(sorted(one.name for one in log.returned),
                                 once[::2])
                del log.returned[:]
                gc.collect()
                self.assertEqual((sorted(log.names), give_up()), (once, []))
            else:
                self.assertEqual((log.names, give_up()), ([], once))
            use.undo()
