"""The measured side of a cell on PyPy; what probe.c is on CPython, whose contract
this follows: see there.  Functions that only its tests need are left out.

Collections are seen through gc.hooks, which are called when a collection is over,
before the next bytecode or, in compiled code, at the next turn of a loop.  What came
together since is told as a sum with the shortest and the longest.  So:

- A step of a major collection follows a minor collection at once (incminimark's
  minor_collection_with_major_progress()).  Where one of each is told, both are one
  pause, of generation 1; a minor collection alone is one of generation 0.
- gc.collect() makes many of both in one go.  It is timed as a whole, which is one
  pause of generation 2.
- Of more than two that were told together, those between the shortest and the longest
  count with their mean.

PyPy reads these times from the wall clock, to a microsecond.

System calls are made through _cffi_backend, which is part of the interpreter: ctypes
would add 1.3 MiB to the template.
"""
import gc
import os
import signal
import time

import _cffi_backend

from permafrost import shmlayout as at

EXIT_HARNESS_GONE = 70      # EX_SOFTWARE
PR_SET_PDEATHSIG = 1
PROT_READ_WRITE, MAP_SHARED = 3, 1

_now = time.monotonic_ns

_libc = _cffi_backend.load_library(None)
_int = _cffi_backend.new_primitive_type("int")
_long = _cffi_backend.new_primitive_type("long")
_words = _cffi_backend.new_pointer_type(
    _cffi_backend.new_primitive_type("uint64_t"))
_halves = _cffi_backend.new_pointer_type(
    _cffi_backend.new_primitive_type("int32_t"))


def _function(name, arguments, result):
    return _libc.load_function(
        _cffi_backend.new_function_type(arguments, result), name)


_shared = None          # words of the whole area
_mine = None            # words of this process's slot
_pid = 0                # whose slot that is
_channel = _first_channel = -1
_workers = 0
_collection_done = False    # of collection_due()
_collecting = False     # within gc.collect()
_held = None            # minor collections that no step has followed yet
_majors = 0             # major collections that the interpreter has counted
_collect = gc.collect   # the interpreter's own


def _slot(index):
    return _cffi_backend.cast(_words, _shared + (
        at.HEADER_BYTES + index * at.PROCESS_BYTES) // 8)


def _halves_of(slot):
    return _cffi_backend.cast(_halves, slot)


def _count(counts, ns, overflow):
    """Adds one value to the histogram at `counts`, or to `overflow`."""
    if ns > at.HDR_MAX_VALUE:
        _mine[overflow] += 1
        return
    shift = max(ns.bit_length() - at.HDR_BITS - 1, 0)
    _mine[counts + (shift << at.HDR_BITS) + (ns >> shift)] += 1


def _pause(generation, ns):
    """Adds one pause.  One of negative length, for the wall clock was set, is
    lost."""
    if ns < 0:
        _mine[at.gc_unmatched] += 1
        return
    _mine[at.gc_ns + generation] += ns
    if ns > _mine[at.gc_max_ns + generation]:
        _mine[at.gc_max_ns + generation] = ns
    _count(at.pauses + generation * at.HDR_BUCKETS, ns, at.gc_overflow)


def _pauses(generation, told):
    """Adds those that were told together."""
    n, total, shortest, longest = told
    if n > 1:
        _pause(generation, shortest)
    for _ in range(n - 2):
        _pause(generation, (total - shortest - longest) // (n - 2))
    _pause(generation, longest)


def _told(stats):
    return (stats.count, int(stats.duration * 1e9 + 0.5),
            int(stats.duration_min * 1e9 + 0.5),
            int(stats.duration_max * 1e9 + 0.5))


def _let_go():
    """Minor collections that no step has followed are pauses of their own."""
    global _held
    if _held is not None:
        _pauses(0, _held)
        _held = None


def _on_minor(stats):
    global _held
    if os.getpid() != _pid:     # a process that a request has forked
        return
    _mine[at.collections] += stats.count
    if not _collecting:
        _let_go()
        _held = _told(stats)


def _on_step(stats):
    global _held
    if os.getpid() != _pid:
        return
    _mine[at.collections + 1] += stats.count
    if _collecting:
        return
    told = _told(stats)
    if _held is not None and _held[0] == told[0] == 1:
        _pause(1, _held[1] + told[1])
        _held = None
    else:
        _pauses(1, told)


def _on_major(stats):
    global _majors
    if os.getpid() != _pid:
        return
    _mine[at.collections + 2] += stats.count
    _majors += stats.count
    if stats.num_major_collects > _majors:      # the program took our hook away
        _mine[at.gc_unmatched] += stats.num_major_collects - _majors
        _majors = stats.num_major_collects


def _settle():
    """Has the hooks called for all that is over."""
    for _ in (0, 1):
        pass


def _whole_collection(*args):
    """gc.collect() as the program sees it; a finalizer's call is part of it."""
    global _collecting
    if _collecting:
        return _collect(*args)
    _settle()
    _collecting = True
    start = _now()
    try:
        result = _collect(*args)
        took = _now() - start
    finally:
        _settle()
        _collecting = False
    if os.getpid() == _pid:
        _pause(2, took)
    return result


def _watch():
    """Goes on although the program may have put its own hooks there."""
    hooks = gc.hooks
    if hooks.on_gc_minor is not _on_minor:
        hooks.on_gc_minor = _on_minor
    if hooks.on_gc_collect_step is not _on_step:
        hooks.on_gc_collect_step = _on_step
    if hooks.on_gc_collect is not _on_major:
        hooks.on_gc_collect = _on_major
    if gc.collect is not _whole_collection:
        gc.collect = _whole_collection


def _take(index):
    """Makes slot `index` this process's."""
    global _mine, _pid, _held
    _settle()
    _held = None
    _mine = _slot(index)
    _pid = os.getpid()
    halves = _halves_of(_mine)
    halves[at.pid] = _pid
    halves[at.gc_source] = at.GC_HOOKS
    _mine[at.objects] = _mine[at.frozen] = 2 ** 64 - 1      # -1: not known


def _leave():
    """The harness is gone, or the program has closed the channel."""
    _mine[at.lost] = 1
    os._exit(EXIT_HARNESS_GONE)


def _line(verb, text):
    line = ("%s %s" % (verb, text)).encode("utf-8", "backslashreplace")[:510]
    line = line.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"
    try:
        while line:
            line = line[os.write(_channel, line):]
    except OSError:
        _leave()


def attach(shm_fd, first_channel, workers):
    """Called once, in the template."""
    global _shared, _channel, _first_channel, _workers, _majors
    size = os.fstat(shm_fd).st_size
    address = _function("mmap", (_long, _long, _int, _int, _int, _long), _long)(
        0, size, PROT_READ_WRITE, MAP_SHARED, shm_fd, 0)
    if address == -1:
        error = _cffi_backend.get_errno()
        raise OSError(error, os.strerror(error))
    os.close(shm_fd)
    _shared = _cffi_backend.cast(_words, address)
    if (size < at.HEADER_BYTES or _shared[at.magic] != at.MAGIC or
            _shared[at.size] != at.PROCESS_BYTES or
            _shared[at.processes] != workers + 1 or
            size < at.HEADER_BYTES + (workers + 1) * at.PROCESS_BYTES):
        raise ImportError("permafrost.probe and the harness were built from "
                          "different sources; run make")
    _workers = workers
    _channel = _first_channel = first_channel
    for i in range(workers + 1):        # not for the workload's children
        os.set_inheritable(first_channel + i, False)
    _take(0)
    _watch()


def barrier(name):
    """Stands still until the harness says go."""
    _settle()
    _let_go()
    _line("at", name)
    try:
        while True:
            byte = os.read(_channel, 1)
            if byte == b"\n":
                break
            if not byte:
                _leave()
    except OSError:
        _leave()
    _watch()


def tell(verb, text):
    """One line to the harness."""
    _line(verb, text)


def before_fork(function):
    """Calls it and records the time."""
    start = _now()
    try:
        return function()
    finally:
        _mine[at.before_fork_ns] = _now() - start


def count(frozen):
    """Records how many objects the stack holds away; PyPy does not tell how many
    there are."""
    _mine[at.frozen] = frozen


def _become_worker(index, parent):
    """Only its own slot and its own channel remain."""
    global _channel
    _channel = _first_channel + index
    for i in range(_workers + 1):
        if i != index:
            try:
                os.close(_first_channel + i)
            except OSError:     # those of the workers before
                pass
    _take(index)
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(EXIT_HARNESS_GONE)


def fork(index):
    """Makes one worker; its process id, or 0 in the worker."""
    if not 1 <= index <= _workers:
        raise ValueError("no such worker")
    parent = os.getpid()
    _settle()
    _let_go()
    start = _now()
    pid = os.fork()
    took = _now() - start
    if pid != 0:
        _slot(index)[at.fork_ns] = took
        os.close(_first_channel + index)
        return pid
    _become_worker(index, parent)
    return 0


def adopt(index):
    """Makes this process, which a server has forked, worker `index`.  One too many
    stands still for good, see probe.c."""
    if not 1 <= index <= _workers or _halves_of(_slot(index))[at.pid] != 0:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        while True:
            signal.pause()
    _become_worker(index, _halves_of(_slot(0))[at.pid])


_prctl = _function("prctl", (_int, _long, _long, _long, _long), _int)


def serve(request, state, first, last, after):
    """Calls request(state, n) for n in [first, last), and after() behind each
    unless it is None."""
    for n in range(first, last):
        start = _now()
        request(state, n)
        _count(at.latencies, _now() - start, at.request_overflow)
        _mine[at.requests] += 1
        if after is not None:
            after()
        _watch()


def request(function, environ, start_response):
    """Calls it as a server does, and records how long that took."""
    start = _now()
    result = function(environ, start_response)
    _count(at.latencies, _now() - start, at.request_overflow)
    return result


def served():
    """Counts a request all of whose work is done."""
    _settle()
    _let_go()
    _watch()
    _mine[at.requests] += 1


def collection_due():
    """Whether this worker is to have its first full collection now."""
    global _collection_done
    due = _shared[at.collections_due] != 0 and not _collection_done
    _collection_done = _collection_done or due
    return due
