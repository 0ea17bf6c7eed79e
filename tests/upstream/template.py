"""A template that has warmed the interpreter's test modules, and whose workers
run their tests under a stack of strategies."""
import json
import os
import sys

import suites
import workers

ENTRIES = 40000


def entry(i):
    return (i, str(i), {"number": i}, [i] * (i % 5), float(i))


class Heap(object):
    """What a template has warmed beside the tests: objects, and between them
    the holes that workers fill, so that new objects share pages with old."""

    def __init__(self):
        self.entries = [entry(i) for i in range(ENTRIES)]
        self.entries[1::2] = [None] * (ENTRIES // 2)

    def is_intact(self):
        return all(e == (None if i % 2 else entry(i))
                   for i, e in enumerate(self.entries))


class Work(object):
    """What a worker does beside the tests; a test is a request."""

    def __init__(self, heap, stack, parts):
        import permafrost
        self._heap = heap
        self._stack = stack
        self._parts = parts
        self._reshare = permafrost.load("reshare") if "reshare" in parts \
            else None
        self._tests = 0

    def begin(self):
        """At the start of the worker."""
        self._stack.after_fork_child()

    def after_test(self):
        self._tests += 1
        self._stack.after_request()

    def what_is_wrong(self):
        """After the last test.  Returns a sentence, or "" if all is well."""
        if not self._heap.is_intact():
            return "the heap is damaged"
        if "immortal" in self._parts and \
                sys.getrefcount(self._heap.entries[0]) < 1 << 20:
            return "the heap is not immortal"
        if self._reshare is not None:
            did = self._reshare.statistics()
            if did["skipped_error"] or did["skipped_lost"] or \
                    did["passes"] + did["skipped_threads"] != self._tests:
                return "passes after %d tests: %r" % (self._tests, did)
        return ""

    def numbers(self):
        """Then.  Returns a dict of what is to be summed up."""
        if self._reshare is None:
            return {}
        did = self._reshare.statistics()
        return dict((key, did[key]) for key in
                    ("passes", "skipped_threads", "pages_looked_at",
                     "pages_given_back"))

    def end(self):
        """The last."""
        self._stack.before_exit()


def run(spec, names, is_chosen, folder, limit):
    """Runs tests of the modules `names` and writes {name: outcomes} into
    `folder`, or why a module has none: see load().  Returns the exit status; a
    worker ends here by SystemExit."""
    import permafrost
    stack = permafrost.Stack(spec)
    stack.before_warm()
    suites.prepare()
    modules = [suites.Module(name) for name in names]
    heap = Heap()
    work = Work(heap, stack, [name for name, _ in permafrost.split(spec)])
    stack.before_fork()
    results = {}
    for module in modules:
        if module.reason is None:
            outcomes = workers.run(module, folder, work, is_chosen, limit)
            results[module.name] = {"tests": outcomes.tests,
                                    "numbers": outcomes.numbers}
        else:
            results[module.name] = {"reason": module.reason}
    with open(os.path.join(folder, "results"), "w") as f:
        json.dump(results, f)
    return 0


def in_child(spec, names, is_chosen, folder, limit):
    """Has run() done by a template of its own.  Returns what it has written;
    without that the check ends."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        sys.exit(run(spec, names, is_chosen, folder, limit))
    status = os.waitpid(pid, 0)[1]
    if status != 0:
        print("FAILED: the template of %s %s" % (spec, workers.death(status)))
        sys.exit(1)
    with open(os.path.join(folder, "results")) as f:
        return json.load(f)
