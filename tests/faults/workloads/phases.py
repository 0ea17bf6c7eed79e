"""Waits in one phase of one cell, as a file says.

$PERMAFROST_TEST is a folder.  `cells` in it gets a line for each cell: the pids of
the template and of the cell's process.  While its file `hold` has the words PHASE
CELL, the cell of that number waits in that phase, and `held` has the pids of who
waits and of its parent.
"""
import atexit
import os
import time

FOLDER = os.environ["PERMAFROST_TEST"]


def path(name):
    return os.path.join(FOLDER, name)


def count(name):
    """Adds a line to the file `name` and returns how many there are."""
    with open(path(name), "a") as f:
        f.write("%d %d\n" % (os.getpid(), os.getppid()))
    with open(path(name)) as f:
        return len(f.readlines())


def hold(phase, cell):
    """Waits if that is what `hold` says."""
    while True:
        try:
            with open(path("hold")) as f:
                if f.read().split() != [phase, str(cell)]:
                    return
        except (IOError, OSError):
            return
        with open(path("held.new"), "w") as f:
            f.write("%d %d\n" % (os.getpid(), os.getppid()))
        os.rename(path("held.new"), path("held"))
        time.sleep(0.02)


def warm(scale):
    cell = count("cells")
    template = os.getpid()
    fork = os.fork

    def first_fork():
        os.fork = fork
        hold("frozen", cell)
        return fork()

    def leave():
        if os.getpid() != template:
            hold("exit", cell)

    os.fork = first_fork
    atexit.register(leave)
    hold("warm", cell)
    return cell


def request(state, n):
    if n == 3:
        hold("serve", state)
