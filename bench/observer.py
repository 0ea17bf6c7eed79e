"""What observing costs the observed: a worker with probe and sampling, against
one without either.

    observer.py count|time TAG HARNESS EXECUTABLE WORKLOADS

On: `harness cell`, that is workloads/driver.py with the probe, stopped and
sampled at all its checkpoints.  Off: the same workload, warmed and forked by
plain() below, where nothing is recorded, nothing waits and nobody looks.

count: instructions under callgrind from a process's beginning to its end; those
of a worker that serves no requests are subtracted.  A run repeats them almost
exactly, but the heap's layout decides which way malloc goes, and on 2.7 that
alone is worth more than a per cent, so several scales are run.  Callgrind sees
no kernel, cache or TLB.

time: CPU time of the process, user and system, from the first barrier to the
last, which sees all that, and the rest of the host too.  So many pairs of runs
are made, each in random order; the ratio is their median, and its interval a
bootstrap over pairs.  Runs on Python 2.7 and 3.4-3.14.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

LIMIT = 1.0             # per cent that observing may cost
SEED = 1                # of hashes and of random, as in the cell's key

# Name, and (scale, requests) of each run: for counting, for timing.
WORKLOADS = (("objectgraph", ((2000, 1000), (2500, 1000), (3000, 1000)),
              (20000, 5000)),
             ("webapp", ((50, 100),), (200, 200)))
SECONDS = 20            # of timing one workload
PAIRS = 10              # at least
RESAMPLES = 2000


def plain(workloads, name, scale, requests):
    """Off: warms, forks a worker for each number of requests, one after the
    other, each of which says "PID CPU_SECONDS"."""
    sys.path[0] = workloads
    import driver
    random.seed(SEED)
    workload = driver.load_workload(os.path.join(workloads, name + ".py"))
    state = workload.warm(int(scale))
    clock = getattr(time, "process_time", None) or time.clock
    for count in [int(n) for n in requests.split(",")]:
        pid = os.fork()
        if pid == 0:
            random.seed(SEED + 1)
            request = workload.request
            begin = clock()
            for n in range(count):
                request(state, n)
            took = clock() - begin
            sys.stdout.write("%d %.9f\n" % (os.getpid(), took))
            return
        if os.waitpid(pid, 0)[1] != 0:
            sys.exit("a worker failed")


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def output_of(command, environment=()):
    """What `command` writes to stdout; RuntimeError if it fails."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE,
                               env=dict(os.environ, PYTHONHASHSEED=str(SEED),
                                        **dict(environment)))
    out, errors = process.communicate()
    if process.returncode != 0:
        words = (errors or out).decode("utf-8", "replace").strip()
        raise RuntimeError("%s: exit code %d: %s" % (
            command[0], process.returncode, words[-300:]))
    return out.decode("utf-8")


def encode(path):
    """A path as a part of a cell's key."""
    return "".join("%%%02X" % byte for byte in bytearray(path.encode("utf-8")))


class Subject(object):
    """One interpreter with one workload."""

    def __init__(self, tag, harness, executable, workloads, name):
        self.tag, self.harness, self.executable = tag, harness, executable
        self.workloads, self.name = workloads, name

    def on(self, executable, scale, requests, environment=()):
        """The document of a cell with one worker."""
        key = "%s@%s/none/w1/n%d/c-1/s%d/r1/x%d/%s" % (
            self.tag, encode(executable), requests, scale, SEED, self.name)
        return json.loads(output_of([self.harness, "cell", key], environment))

    def off(self, executable, scale, requests, environment=()):
        """[(pid, CPU seconds)] of plain workers, one for each of `requests`."""
        text = output_of([executable, "-B", os.path.abspath(__file__), "plain",
                          self.workloads, self.name, str(scale),
                          ",".join(str(n) for n in requests)], environment)
        return [(int(pid), float(cpu)) for pid, cpu in
                (line.split() for line in text.splitlines())]

    def count(self, run, scale, requests):
        """{pid: instructions} of the workers that `run` makes."""
        folder = tempfile.mkdtemp(prefix="permafrost-observer-")
        callgrind = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                 "callgrind.sh")
        try:
            run(callgrind, scale, requests, {"OBSERVER_OUT": folder,
                                             "OBSERVER_PYTHON": self.executable})
            with open(os.path.join(folder, "first")) as first:
                template = first.read().strip()
            return dict((int(name), instructions(os.path.join(folder, name)))
                        for name in os.listdir(folder)
                        if name not in ("first", template))
        finally:
            shutil.rmtree(folder)

    def instructions(self, scale, requests):
        """Instructions per request: (off, on)."""
        off = [self.count(self.off, scale, (n,)) for n in (0, requests)]
        on = [self.count(self.on, scale, n) for n in (0, requests)]
        return [float(sum(last.values()) - sum(first.values())) / requests
                for first, last in (off, on)]

    def times(self, scale, requests):
        """CPU time per request in us, of a pair of runs: (off, on)."""
        def on():
            curve = self.on(self.executable, scale, requests)["curve"]
            return (curve[-1]["worker_cpu_ms"] - curve[0]["worker_cpu_ms"]) * 1e3

        def off():
            return self.off(self.executable, scale, (requests,))[0][1] * 1e6

        took = {}
        for run in random.sample((off, on), 2):
            took[run] = run() / requests
        return took[off], took[on]


def instructions(path):
    """The total of a callgrind file."""
    with open(path) as lines:
        for line in lines:
            if line.startswith("totals:"):
                return int(line.split()[1])
    raise RuntimeError("callgrind left no total in %s" % path)


def median(values):
    values, half = sorted(values), len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] +
                                                 values[half]) / 2


def interval(ratios):
    """The 95 % interval of their median."""
    medians = sorted(median([random.choice(ratios) for _ in ratios])
                     for _ in range(RESAMPLES))
    return medians[RESAMPLES // 40], medians[-RESAMPLES // 40 - 1]


def report_counts(what, subject, runs):
    counts = [subject.instructions(*run) for run in runs]
    costs = [(on / off - 1) * 100 for off, on in counts]
    cost = sum(costs) / len(costs)
    say("%s: instructions per request: off %.0f, on %.0f; difference %+.2f %%%s, "
        "%s" % (what, sum(off for off, _ in counts) / len(counts),
                sum(on for _, on in counts) / len(counts), cost,
                " (%+.2f to %+.2f over %d scales)" % (min(costs), max(costs),
                                                      len(costs))
                if len(costs) > 1 else "",
                "below 1 %" if cost < LIMIT else "NOT BELOW 1 %"))


def report_times(what, subject, run):
    pairs, deadline = [], time.time() + SECONDS
    while len(pairs) < PAIRS or time.time() < deadline:
        pairs.append(subject.times(*run))
    ratios = [on / off for off, on in pairs]
    say("%s: CPU time per request: off %.1f us, on %.1f us; ratio %.3f, 95 %% "
        "interval %.3f to %.3f, of %d pairs" % (
            (what, median([off for off, _ in pairs]),
             median([on for _, on in pairs]), median(ratios)) +
            interval(ratios) + (len(pairs),)))


def main(job, tag, harness, executable, workloads):
    random.seed(SEED)
    for name, counted, timed in WORKLOADS:
        subject = Subject(tag, harness, executable, workloads, name)
        what = "observer %s, %s" % (tag, name)
        try:
            if job == "count":
                report_counts(what, subject, counted)
            else:
                report_times(what, subject, timed)
        except (EnvironmentError, RuntimeError, ValueError) as error:
            say("%s: skipped: %s" % (what, error))


if __name__ == "__main__":
    if sys.argv[1] == "plain":
        plain(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
