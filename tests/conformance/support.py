"""What the conformance tests share: where the extensions are, objects in known
generations, and processes of their own.

Runs unchanged on Python 2.7 and 3.4-3.14, as all files here.
"""
import gc
import os
import subprocess
import sys
import sysconfig
import time
import unittest
import weakref

import memcheck

HERE = os.path.dirname(os.path.abspath(__file__))

# There only contract.py and pypy_*.py run.
PYPY = "__pypy__" in sys.builtin_module_names
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
INCREMENTAL = (3, 14, 0) <= sys.version_info[:3] < (3, 14, 5)
# What gcwalk.linked() must say; deduced without it, so that it cannot make the
# tests of the lists vanish.
LINKED = not FREE_THREADED and not INCREMENTAL and not PYPY
HAS_FREEZE = sys.version_info >= (3, 7)
# There a full collection itself freezes the objects that are immortal.
FREEZES_IMMORTALS = sys.version_info[:2] == (3, 12)
# PEP 683; debug builds count references to each object of the interpreter.
HAS_IMMORTALS = ((3, 12) <= sys.version_info < (3, 15) and not FREE_THREADED
                 and not hasattr(sys, "gettotalrefcount"))
HAS_CALLBACKS = sys.version_info >= (3, 3) and not PYPY
# Collections can be seen through the interpreter's messages.
HAS_MESSAGES = sys.version_info < (3, 7)
TWO_WAYS = HAS_CALLBACKS and HAS_MESSAGES
HAS_SAFE_FINALIZERS = sys.version_info >= (3, 4)    # PEP 442


def begin(argv, usage):
    """Makes the extensions in the folder argv[1] importable."""
    global gc_freeze, gcwalk
    if len(argv) != len(usage.split()) + 1:
        sys.exit("usage: %s %s" % (os.path.basename(argv[0]), usage))
    ext_dir = os.path.abspath(argv[1])
    sys.path[1:1] = [ext_dir, os.path.join(ext_dir, "tests")]
    if not PYPY:
        import gc_freeze
        import gcwalk
    return ext_dir


def run_tests(*modules, **of):
    """Runs the tests of `modules`; the exit status tells the outcome."""
    sys.exit(run(*modules, **of))


def run(*modules, **of):
    """Runs the tests of `modules`, with strategy=NAME if they are about one.
    Returns whether one failed."""
    loader = unittest.defaultTestLoader
    suite = unittest.TestSuite(loader.loadTestsFromModule(m) for m in modules)
    if memcheck.HEAP:
        suite = memcheck.without(suite, of.get("strategy"))
    if suite.countTestCases() == 0:
        sys.exit("no tests")
    result = unittest.TextTestRunner(stream=sys.stdout).run(suite)
    sys.stdout.flush()
    return not result.wasSuccessful()


class Node(object):
    """A tracked object with one reference."""
    __slots__ = ("other", "__weakref__")

    def __init__(self, other=None):
        self.other = other


def slow_collection(generation, seconds, also=None):
    """A collection in which a weak reference's callback sleeps, and calls
    also()."""
    def callback(ref):
        time.sleep(seconds)
        if also is not None:
            also()
    node = Node()
    node.other = node
    ref = weakref.ref(node, callback)
    del node
    gc.collect(generation)
    assert ref() is None


class Population(object):
    """`count` nodes, and a list for each, in every generation, and as much
    cyclic garbage that only waits for a collection.

    The collector must be off: it would move them.
    """

    def __init__(self, count):
        self.nodes = [[], [], []]
        self.cycles = [[], [], []]
        self._keep = []
        for g, promote in ((2, 2), (1, 0), (0, None)):
            for _ in range(count):
                self.nodes[g].append(Node([]))
                node = Node()
                node.other = node
                self._keep.append(node)
                self.cycles[g].append(weakref.ref(node))
            if promote is not None:
                gc.collect(promote)
        # Their addresses, while it is sure that they are theirs.
        self.addresses = [set(map(id, nodes)) for nodes in self.nodes]
        for g in range(3):
            self.addresses[g].update(id(n.other) for n in self.nodes[g])
        self.garbage_addresses = [set(id(r()) for r in refs)
                                  for refs in self.cycles]

    def drop_garbage(self):
        """From now on nothing but their cycles holds the garbage."""
        del self._keep[:]

    def garbage_left(self):
        """For each generation the number of garbage nodes still there."""
        return [sum(r() is not None for r in refs) for refs in self.cycles]


def all_valid():
    """Whether the links of all lists agree; True where there are no lists."""
    return all(gcwalk.validate()) if LINKED else True


def difference(before, after):
    """Compares two lists of addresses as multisets: the numbers of those lost,
    of those new, and of those that stand twice in `after`."""
    old, new = set(before), set(after)
    return (len(old - new), len(new - old), len(after) - len(new))


def gc_state():
    """What a strategy may change and its undo must restore."""
    frozen = 0
    if HAS_FREEZE and not FREEZES_IMMORTALS:
        frozen = gc.get_freeze_count()
    return gc.isenabled(), gc.get_threshold(), frozen


class Case(unittest.TestCase):
    """Each test begins and ends with an idle collector, nothing frozen, and
    valid lists."""

    def setUp(self):
        if PYPY:
            self.addCleanup(gc.enable)
            return
        self._thresholds = gc.get_threshold()
        gc.enable()
        gc.collect()
        gc_freeze.unfreeze()    # 3.12 has frozen some of its own
        gc.disable()
        self.addCleanup(self._restore)

    def _restore(self):
        gc.set_threshold(*self._thresholds)
        gc.enable()
        gc_freeze.unfreeze()
        self.assertTrue(all_valid(), "a list is broken after the test")
        gc.collect()
        self.assertTrue(all_valid(), "a list is broken after a collection")

    def use(self, spec):
        """One use of the strategy in `spec`, without a stack around it."""
        import permafrost
        (name, args), = permafrost.split(spec)
        return permafrost.load(name).Strategy(*args)


def each(rows):
    """Decorates a test(self, spec, use, row): it runs once for each (spec,
    row), with what it made gone before the next."""
    def decorate(test):
        def run(self):
            for spec, row in rows:
                use = self.use(spec)
                test(self, spec, use, row)
                use.undo()
                gc.collect()
                gc_freeze.unfreeze()
        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run
    return decorate


def run_script(script, *args, **env):
    """Runs a file of this folder in a process of its own, with `env` added to
    the environment.  Returns (exit status, stdout, stderr)."""
    command = [sys.executable, "-B", os.path.join(HERE, script)] + list(args)
    process = subprocess.Popen(command, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE,
                               env=dict(os.environ, **env),
                               universal_newlines=True)
    out, err = process.communicate()
    return process.returncode, out, err
