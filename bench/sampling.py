"""Cost of sampling workers at a barrier, beside psutil's, in one run.

    sampling.py TOOL MIB

A template with a heap of MIB MiB forks workers, each of which touches a tenth
of it and then stands still.  TOOL (sampling.c) and psutil read the same
processes, in shuffled rounds; times are medians per worker.  Needs Python 3.6.
"""
import gc
import os
import random
import subprocess
import sys
import time

try:
    import psutil
except ImportError:
    psutil = None

WORKERS, ROUNDS = 32, 15
BYTES_PER_ROW = 290             # of the heap's rows, see make_heap()
WAYS = (("pagemap", "pagemap, which has no PSS"),
        ("scan", "PAGEMAP_SCAN, which has neither PSS nor private"))


def make_heap(mib):
    return [["row %d" % i, i, {}] for i in range((mib << 20) // BYTES_PER_ROW)]


def worker(heap, ready, stop, others_end):
    """Runs in a worker until the template closes its end of `stop`."""
    os.close(others_end)
    touched = [row[0] for row in heap[:len(heap) // 10]]
    os.write(ready, b".")
    os.read(stop, 1)
    os._exit(0 if touched or not heap else 1)


def fork_workers(heap, count):
    """Returns (pids, end); the workers exit when `end` is closed."""
    ready, ready_end = os.pipe()
    stop, stop_end = os.pipe()
    pids = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            try:
                worker(heap, ready_end, stop, stop_end)
            finally:
                os._exit(1)
        pids.append(pid)
    os.close(ready_end)
    got = 0
    while got < count:
        n = len(os.read(ready, count))
        if n == 0:
            raise RuntimeError("a worker died")
        got += n
    return pids, stop_end


class Tool:
    """TOOL, which reads the memory of `pids`, workers of this process."""

    def __init__(self, path, pids):
        self.process = subprocess.Popen(
            [path] + [str(pid) for pid in [os.getpid()] + pids], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, universal_newlines=True)

    def ask(self, method, count=WORKERS):
        """(ns, KiB of RSS, KiB private, pages) of the first `count`; a reason
        instead of the tuple if the kernel cannot do it."""
        self.process.stdin.write("%s %d\n" % (method, count))
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("%s died" % self.process.args[0])
        if line.startswith("unsupported "):
            return line.strip().split(" ", 1)[1]
        return tuple(int(field) for field in line.split())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def with_psutil(processes):
    """The same tuple, read by psutil."""
    begin = time.perf_counter()
    infos = [process.memory_full_info() for process in processes]
    ns = (time.perf_counter() - begin) * 1e9
    return (ns, sum(i.rss for i in infos) >> 10, sum(i.uss for i in infos) >> 10,
            sum(i.rss for i in infos) // os.sysconf("SC_PAGESIZE"))


def measure(tool, pids):
    """Returns {method: list of tuples}, or a reason instead of a list."""
    methods = {name: (lambda name=name: tool.ask(name))
               for name in ("ours", "walk", "threads", "pagemap", "scan")}
    if psutil:
        processes = [psutil.Process(pid) for pid in pids]
        methods["psutil"] = lambda: with_psutil(processes)
    samples = {name: [] for name in methods}
    for _ in range(ROUNDS):
        for name in random.sample(sorted(methods), len(methods)):
            got = methods[name]()
            if isinstance(got, str):
                samples[name] = got
            elif isinstance(samples[name], list):
                samples[name].append(got)
    return samples


def us_of(samples):
    """Median time per worker in us."""
    return sorted(s[0] for s in samples)[len(samples) // 2] / WORKERS / 1000


def report(what, samples):
    for name in ("ours", "walk", "threads"):
        if isinstance(samples[name], str):
            print("%s: skipped: %s: %s" % (what, name, samples[name]))
            return
    ours, walk = us_of(samples["ours"]), us_of(samples["walk"])
    pages = samples["ours"][0][3]
    if psutil:
        theirs = us_of(samples["psutil"])
        print("%s: ours %.0f us, psutil %s %.0f us per worker; ratio %.2f" % (
            what, ours, psutil.__version__, theirs, ours / theirs))
        print("%s: the kernel's walk over the pages, which both wait for, is "
              "%.0f us, %.2f of psutil's time%s" % (
                  what, walk, walk / theirs,
                  ": a fifth cannot be reached by reading smaps_rollup one "
                  "process after the other" if walk > theirs / 5 else ""))
        # Beside a long walk this difference drowns in its noise.
        if walk < 0.75 * theirs:
            print("%s: beside the walk ours takes %.0f us, psutil %.0f us; "
                  "ratio %.2f" % (what, ours - walk, theirs - walk,
                                  (ours - walk) / (theirs - walk)))
        mine, other = samples["ours"][0][2], samples["psutil"][0][2]
        if abs(mine - other) > mine * 0.01:
            print("%s: private memory differs: ours %d KiB, psutil %d KiB" % (
                what, mine, other))
    else:
        print("%s: ours %.0f us per worker, of which the kernel's walk over the "
              "pages is %.0f us; psutil skipped: this Python has none" % (
                  what, ours, walk))
    cores = len(os.sched_getaffinity(0))
    threads = us_of(samples["threads"])
    print("%s: ours in %d threads %.0f us per worker; ratio to one thread "
          "%.2f%s" % (what, cores, threads, threads / ours,
                      ", to psutil %.2f" % (threads / theirs) if psutil else ""))
    print("%s: ns per present page: smaps_rollup %.0f" % (
        what, walk * 1000 * WORKERS / pages), end="")
    for name, label in WAYS:
        if isinstance(samples[name], str):
            print("; %s: %s" % (label, samples[name]), end="")
        else:
            print("; %s, %.0f" % (label, us_of(samples[name]) * 1000 * WORKERS /
                                  samples[name][0][3]), end="")
    print()


def run(path, mib, count, function):
    """Becomes the template of `count` workers, calls function(tool, pids) and
    exits."""
    gc.disable()
    heap = make_heap(mib)
    if hasattr(gc, "freeze"):
        gc.freeze()
    pids, end = fork_workers(heap, count)
    tool = Tool(path, pids)
    random.seed(0)
    function(tool, pids)
    sys.stdout.flush()
    tool.close()
    os.close(end)
    for pid in pids:
        os.waitpid(pid, 0)
    os._exit(0)                 # freeing the heap would take long


def main(path, mib):
    run(path, int(mib), WORKERS, lambda tool, pids: report(
        "sampling, heap of %s MiB" % mib, measure(tool, pids)))


if __name__ == "__main__":
    main(*sys.argv[1:])
