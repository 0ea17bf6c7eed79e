"""Cost of one checkpoint, over the number of workers and the size of the heap.

    checkpoint.py TOOL

TOOL (sampling.c) does with each worker what the harness does, in CPU time of its
own; medians of shuffled rounds.  The lines are fitted to relative deviations, so
that small families count as much as large ones.  Needs Python 3.6.
"""
import json
import random
import subprocess
import sys

import sampling

ROUNDS = 15
FAMILIES, FAMILY_MIB = (1, 2, 4, 8, 16, 32, 64), 64
HEAPS, HEAP_WORKERS = (0, 64, 128, 256, 512, 1024), 4


def family(tool, mib, counts):
    """In a process of its own: prints median times in us of each of `counts`."""
    def measure(tool, _pids):
        samples = {count: [] for count in counts}
        for _ in range(ROUNDS):
            for count in random.sample(counts, len(counts)):
                got = tool.ask("checkpoint", count)
                if isinstance(got, str):
                    print(json.dumps(got))
                    return
                samples[count].append(got[0] / 1000)
        print(json.dumps([sorted(samples[count])[ROUNDS // 2]
                          for count in counts]))
    sampling.run(tool, mib, max(counts), measure)


def times(tool, mib, counts):
    """The same from outside.  RuntimeError says why it could not be done."""
    need = mib * (1 + max(counts) / 5)      # a tenth is copied, rather more
    if need > available_mib() / 2:
        raise RuntimeError("needs %d MiB, and half of MemAvailable is %d MiB" % (
            need, available_mib() / 2))
    process = subprocess.run(
        [sys.executable, __file__, "--family", tool, str(mib),
         ",".join(str(count) for count in counts)],
        stdout=subprocess.PIPE, universal_newlines=True)
    if process.returncode != 0:
        raise RuntimeError("exit code %d" % process.returncode)
    got = json.loads(process.stdout)
    if isinstance(got, str):
        raise RuntimeError(got)
    return got


def available_mib():
    with open("/proc/meminfo") as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) // 1024
    return 0


def fit(points):
    """(constant, slope, largest relative deviation) of the line through `points`
    whose relative deviations have the least squares."""
    w = [1 / y ** 2 for _, y in points]
    sw = sum(w)
    mx = sum(wi * x for wi, (x, _) in zip(w, points)) / sw
    my = sum(wi * y for wi, (_, y) in zip(w, points)) / sw
    slope = (sum(wi * (x - mx) * (y - my) for wi, (x, y) in zip(w, points)) /
             sum(wi * (x - mx) ** 2 for wi, (x, _) in zip(w, points)))
    constant = my - slope * mx
    return constant, slope, max(abs(constant + slope * x - y) / y
                                for x, y in points)


def report_workers(tool):
    what = "checkpoint, heap of %d MiB" % FAMILY_MIB
    try:
        points = list(zip(FAMILIES, times(tool, FAMILY_MIB, FAMILIES)))
    except RuntimeError as error:
        print("%s: skipped: %s" % (what, error))
        return
    print("%s: us: %s" % (what, ", ".join(
        "%d workers %.0f" % point for point in points)))
    print("%s: line: %.0f us and %.0f us per worker; largest deviation %.0f %%" % (
        (what,) + fit(points)[:2] + (100 * fit(points)[2],)))


def report_heaps(tool):
    what = "checkpoint, %d workers" % HEAP_WORKERS
    points = []
    for mib in HEAPS:
        try:
            us, = times(tool, mib, (HEAP_WORKERS,))
            points.append((mib / 1024, us / HEAP_WORKERS))
        except RuntimeError as error:
            print("%s, heap of %d MiB: skipped: %s" % (what, mib, error))
    if len(points) < 3:
        return
    print("%s: us per worker: %s" % (what, ", ".join(
        "%.0f MiB %.0f" % (gib * 1024, us) for gib, us in points)))
    constant, slope, deviation = fit(points)
    print("%s: line: %.0f us and %.0f us per GiB of heap, for each worker; largest "
          "deviation %.0f %%" % (what, constant, slope, 100 * deviation))


def main(tool):
    report_workers(tool)
    sys.stdout.flush()
    report_heaps(tool)


if __name__ == "__main__":
    if sys.argv[1] == "--family":
        family(sys.argv[2], int(sys.argv[3]),
               [int(count) for count in sys.argv[4].split(",")])
    else:
        main(*sys.argv[1:])
