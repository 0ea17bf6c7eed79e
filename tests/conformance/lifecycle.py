"""One template process: warms up, uses a strategy, forks, ends.

    python -B lifecycle.py EXT_DIR SPEC SCENARIO[,SCENARIO]...

Writes the names of the scenarios as they pass.
"""
import atexit
import gc
import os
import sys

import support


class Finalized(object):
    """Garbage with a finalizer, in a cycle."""

    def __init__(self):
        self.itself = self

    def __del__(self):
        self.finalized = True


class Template(object):
    """A warmed heap and the stack in use."""

    def __init__(self, spec):
        self.stack = stack = permafrost.Stack(spec)
        self.frozen = subject.FROZEN.get(spec, ())
        self.collects = spec.split(":")[0] in subject.COLLECT
        self.lasting = any(subject.is_lasting(permafrost.load(name))
                           for name, _ in permafrost.split(spec))
        gc.disable()
        stack.before_warm()
        self.population = support.Population(500)
        self.population.drop_garbage()
        if support.HAS_SAFE_FINALIZERS:
            for _ in range(20):
                Finalized()
        stack.before_fork()
        gc.enable()

    def check(self):
        """What must hold in every process, whenever."""
        assert support.all_valid()
        for nodes in self.population.nodes:
            assert len(nodes) == 500
            assert all(node.other == [] for node in nodes)

    def work(self):
        """A worker's life."""
        self.check()
        self.stack.after_fork_child()
        for _ in range(10):
            nodes = [support.Node() for _ in range(500)]
            for node in nodes:
                node.other = nodes
            del node, nodes
            self.stack.after_request()
        gc.collect(0)
        gc.collect()
        self.check()
        self.stack.before_exit()

    def fork(self, life):
        """Runs life() in a child, which must end it with status 0."""
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            life()
            os._exit(3)
        assert os.waitpid(pid, 0)[1] == 0
        self.check()


def with_sys_exit(template):
    def life():
        template.work()
        sys.exit(0)
    template.fork(life)


def with_os_exit(template):
    def life():
        template.work()
        os._exit(0)
    for _ in range(3):
        template.fork(life)


def with_grandchildren(template):
    def grandchild():
        template.work()
        os._exit(0)

    def life():
        template.work()
        template.fork(grandchild)
        sys.exit(0)
    template.fork(life)


def with_undo_in_the_child(template):
    def life():
        template.work()
        template.stack.undo()
        assert (template.stack.count() > 0) == template.lasting
        gc.collect()
        assert template.population.garbage_left() == [0] * 3
        template.check()
        sys.exit(0)
    template.fork(life)
    left = template.population.garbage_left()
    for generation in template.frozen:
        assert left[generation] == (0 if template.collects else 500)


def with_freeze_in_the_child(template):
    def life():
        template.stack.undo()
        template.stack.before_fork()
        template.work()
        template.stack.before_exit()
        sys.exit(0)
    template.fork(life)


def with_objects_freed_in_the_child(template):
    def life():
        for nodes in template.population.nodes:
            del nodes[::2]
        gc.collect()
        assert support.all_valid()
        sys.exit(0)
    template.fork(life)


def with_undo_at_exit(template):
    atexit.register(template.stack.undo)


FORKS = (with_sys_exit, with_os_exit, with_grandchildren,
         with_undo_in_the_child, with_freeze_in_the_child,
         with_objects_freed_in_the_child)
SCENARIOS = dict((f.__name__, f) for f in FORKS + (with_undo_at_exit,))


def main(argv):
    support.begin(argv, "EXT_DIR SPEC SCENARIOS")
    global permafrost, subject
    import permafrost
    import subject
    template = Template(argv[2])
    for name in argv[3].split(","):
        SCENARIOS[name](template)
        template.check()
        print(name)


if __name__ == "__main__":
    main(sys.argv)
