"""Freezes, unfreezes and counts a number of objects, under callgrind.

    instructions.py EXTDIR SIZE

Each call is made in a forked process of its own, after it was made a few times
unseen, and the only one there that is counted (countcalls.c).  Writes a line for each:

    PID SUBJECT CALL OBJECTS

OBJECTS being those that the subject then holds.  Runs on Python 2.7 and 3.4-3.14.
"""
import gc
import os
import sys

WARM_UP = 3


def in_child(life):
    """The pid of a child that ran life()."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            life()
            status = 0
        finally:
            os._exit(status)        # freeing the objects would take long
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit("a process failed")
    return pid


def subjects():
    """(name, freeze, unfreeze, count) of all that freeze."""
    import gc_freeze
    import permafrost
    if hasattr(gc_freeze, "freeze"):
        yield ("gc_freeze", gc_freeze.freeze, gc_freeze.unfreeze,
               gc_freeze.get_freeze_count)
    for name in ("freeze", "freeze-gen"):
        if permafrost.unsupported(name) is None:
            use = permafrost.load(name).Strategy()
            yield name, use.before_fork, use.undo, use.count


def main(ext, size):
    sys.path[:0] = [ext, os.path.join(ext, "bench")]
    import countcalls
    gc.disable()
    objects = [[] for _ in range(int(size))]
    gc.collect()                # freeze-gen takes the oldest generation
    lines = []
    for name, freeze, unfreeze, count in subjects():
        def warmed(frozen, function):
            def life():
                for _ in range(WARM_UP):
                    freeze()
                    count()
                    unfreeze()
                if frozen:
                    freeze()
                countcalls.count(function)
            return life
        freeze()
        held = count()
        unfreeze()
        assert held >= len(objects), (name, held)
        for call, frozen, function in (("freeze", False, freeze),
                                       ("unfreeze", True, unfreeze),
                                       ("count", True, count)):
            lines.append("%d %s %s %d" % (in_child(warmed(frozen, function)),
                                          name, call, held))
    sys.stdout.write("".join(line + "\n" for line in lines))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
