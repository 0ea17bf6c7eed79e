"""Runs one cell under the interpreter being measured: warms a workload, lets a
stack of strategies prepare the heap, forks workers and serves requests.

Started by the harness only; see harness/cell.c for the other side.  It does as
little as possible: whatever it allocates is part of the measured heap.

Arguments: EXT_DIR SPEC WORKLOAD_FILE SCALE SEED SHM_FD FIRST_CHANNEL_FD WORKERS
COLLECT_AT CHECKPOINTS, the last a comma-separated list of requests served.  At
checkpoint COLLECT_AT (-1: none) each worker has its first full collection.
"""
import gc
import os
import random
import sys


def load_workload(path):
    """Returns the module in the file `path`, whatever that file is called.  Its
    folder leads sys.path, as a script's does."""
    module = type(os)("permafrost_workload")
    module.__file__ = path
    sys.modules[module.__name__] = module
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    with open(path, "rb") as source:
        code = compile(source.read(), path, "exec", 0, True)
    exec(code, module.__dict__)
    for function in ("warm", "request"):
        if not callable(getattr(module, function, None)):
            raise ImportError("%s has no function %s()" % (path, function))
    return module


def message(error):
    """The text of an exception as probe.tell() takes it; a text that cannot be
    had is no reason to lose the exception's name."""
    try:
        if sys.version_info[0] < 3:
            text = unicode(error).encode("utf-8")
        else:
            text = str(error).encode("utf-8", "backslashreplace").decode("utf-8")
    except Exception:
        try:
            text = str(error)
        except Exception:
            text = "(its text cannot be had)"
    return text.replace("\0", "?")


def describe(error):
    """One line for an exception, as the reason of a failed cell."""
    if isinstance(error, SystemExit):
        return "called sys.exit(%s)" % message(error)
    return "raised %s: %s" % (type(error).__name__, message(error))


def attempt(probe, what, function, *args):
    """Calls function(*args).  An exception is reported as the reason why the
    cell fails, its traceback goes to stderr, and the process ends."""
    try:
        return function(*args)
    except BaseException as error:
        probe.tell("error", "%s %s" % (what, describe(error)))
        try:
            if not isinstance(error, SystemExit):
                import traceback
                traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(1)


def collect():
    """A full collection, unless the stack has turned automatic ones off."""
    get_threshold = getattr(gc, "get_threshold", None)      # PyPy has none
    if gc.isenabled() and (get_threshold is None or get_threshold()[0] > 0):
        gc.collect()


def work(probe, stack, workload, state, collect_at, checkpoints):
    """A worker's life up to its exit."""
    attempt(probe, "after_fork_child", stack.after_fork_child)
    after_request = stack.hook("after_request")
    statistics = stack.function("statistics")
    served = 0
    for stop in checkpoints:
        attempt(probe, "request", probe.serve, workload.request, state, served,
                stop, after_request)
        served = stop
        if stop == collect_at:
            attempt(probe, "collect", collect)
        if statistics is not None:
            attempt(probe, "statistics", probe.note_passes, statistics)
        probe.barrier(str(stop))
    attempt(probe, "before_exit", stack.before_exit)


def main(argv):
    ext_dir, spec, path = argv[1:4]
    scale, seed, shm_fd, channel, workers, collect_at = map(int, argv[4:10])
    checkpoints = [int(a) for a in argv[10].split(",")]
    sys.path[0] = ext_dir      # it was this folder, which is nobody's to import from
    import permafrost
    from permafrost import probe
    probe.attach(shm_fd, channel, workers)
    stack = attempt(probe, "strategy", permafrost.Stack, spec)
    probe.barrier("start")

    attempt(probe, "before_warm", stack.before_warm)
    random.seed(seed)
    workload = attempt(probe, "workload", load_workload, path)
    state = attempt(probe, "warm", workload.warm, scale)
    probe.barrier("warm")

    for n in range(stack.rehearsals()):
        attempt(probe, "rehearsal", workload.request, state, n)
    attempt(probe, "before_fork", probe.before_fork, stack.before_fork)
    probe.barrier("frozen")

    pids = []
    for index in range(1, workers + 1):
        pid = attempt(probe, "fork", probe.fork, index)
        if pid == 0:
            random.seed(seed + index)
            work(probe, stack, workload, state, collect_at, checkpoints)
            return
        pids.append(pid)
    # Only now: it touches the whole heap, and fork() copies tables of what was
    # touched.
    probe.count(stack.count())
    probe.barrier("forked")
    for index, pid in enumerate(pids):
        try:
            status = os.waitpid(pid, 0)[1]
        except OSError:     # the program itself reaps its children
            status = 0
        probe.tell("exited", "%d %d" % (index + 1, status))
    probe.barrier("exit")


if __name__ == "__main__":
    main(sys.argv)
