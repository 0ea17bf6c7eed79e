"""What observing costs the observed: a worker with probe and sampling, against
one without either.

    observer.py count|time TAG HARNESS EXECUTABLE WORKLOADS

On: `harness cell`, that is workloads/driver.py with the probe, stopped and
sampled at all its checkpoints.  Off: the same workload, warmed and forked by
plain() below, where nothing is recorded, nothing waits and nobody looks.

count: instructions under callgrind from a process's beginning to its end; those
of a worker that serves no requests are subtracted.  A run repeats them almost
exactly, but the heap's layout decides which way malloc and the collector go, and
that alone may be worth two per cent either way, so several scales are run.  The
verdict is on a figure without that luck: what the probe itself executes (around
requests, at barriers and when a collection begins and ends, calls included), as
a part of what the plain worker does.  Callgrind sees no kernel, cache or TLB.

time: CPU time of the process, user and system, from the first barrier to the
last, which sees all that, and the rest of the host too.  So each run with is
made between two without, whose mean it is divided by, and the median of many
such ratios gets a bootstrap interval.  The two without are also divided by each
other: where that differs from 1, nothing can be told.  Runs on Python 2.7 and
3.4-3.14.
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

# Name, scales and requests for counting; first scale, step and requests for
# timing.  Each round of it has its own scale, since at some a full collection
# happens to come with the probe and not without, or the other way round.
WORKLOADS = (("objectgraph", ((2000, 3000), 1000), (25000, 250, 5000)),
             ("webapp", ((50,), 60), (200, 3, 400)))
SECONDS = 12            # of timing one workload
ROUNDS = 8              # of that, at least
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
        """(instructions, those of the probe) of the worker that `run` makes."""
        folder = tempfile.mkdtemp(prefix="permafrost-observer-")
        callgrind = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                 "callgrind.sh")
        try:
            run(callgrind, scale, requests, {"OBSERVER_OUT": folder,
                                             "OBSERVER_PYTHON": self.executable})
            with open(os.path.join(folder, "first")) as first:
                template = first.read().strip()
            worker, = [name for name in os.listdir(folder)
                       if name not in ("first", template)]
            return instructions(os.path.join(folder, worker))
        finally:
            shutil.rmtree(folder)

    def instructions(self, scale, requests):
        """Instructions per request: (off, on, those of the probe)."""
        # A worker's counts begin with those of the template before the fork.
        off = [self.count(self.off, scale, (n,)) for n in (0, requests)]
        on = [self.count(self.on, scale, n) for n in (0, requests)]
        return [float(n) / requests for n in (off[1][0] - off[0][0],
                                              on[1][0] - on[0][0],
                                              on[1][1] - on[0][1])]

    def times(self, scale, requests):
        """CPU time per request in us: (off, on, off again)."""
        def off():
            return self.off(self.executable, scale, (requests,))[0][1] * 1e6

        before = off()
        curve = self.on(self.executable, scale, requests)["curve"]
        on = (curve[-1]["worker_cpu_ms"] - curve[0]["worker_cpu_ms"]) * 1e3
        return [us / requests for us in (before, on, off())]


def instructions(path):
    """(all, the probe's) of a callgrind file.  A call is a line "calls=", behind
    those with the names, before one that ends with its cost; a name is spelled
    out the first time only: "fn=(7) main", "cfn=(7)"."""
    names, total, calls = {}, None, {}
    with open(path) as lines:
        for line in lines:
            key, _, value = line.rstrip("\n").partition("=")
            if key in ("fn", "cfn"):
                number, _, name = value.partition(" ")
                if name:
                    names[number] = name.split("'")[0]
                if key == "fn":
                    caller = names[number]
                callee = names[number]
            elif key == "calls":
                pair = caller, callee
                calls[pair] = calls.get(pair, 0) + int(next(lines).split()[-1])
            elif line.startswith("totals:"):
                total = int(line.split()[1])
    if total is None:
        raise RuntimeError("callgrind left no total in %s" % path)

    def to(*callees):       # less what the compiler added, as ".part.0"
        return sum(calls[pair] for pair in calls
                   if pair[1].split(".")[0] in callees and pair[0] != pair[1])
    requests = sum(calls[pair] for pair in calls if pair[0] == "probe_serve" and
                   "PyObject_CallFunction" in pair[1])
    # The interpreter's side of telling may be inlined; then ours is left.
    telling = (to("invoke_gc_callback", "PySys_WriteStderr") or
               to("on_event", "stderr_write"))
    return total, to("probe_serve", "probe_barrier") - requests + telling


def median(values):
    values, half = sorted(values), len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] +
                                                 values[half]) / 2


def estimate(ratios):
    """(median, low, high): the last two are its 95 % interval."""
    medians = sorted(median([random.choice(ratios) for _ in ratios])
                     for _ in range(RESAMPLES))
    return median(ratios), medians[RESAMPLES // 40], medians[-RESAMPLES // 40 - 1]


def report_counts(what, subject, scales, requests):
    counts = [subject.instructions(scale, requests) for scale in scales]
    off, on, probe = [sum(column) / len(scales) for column in zip(*counts)]
    costs = [(each[1] / each[0] - 1) * 100 for each in counts]
    say("%s: instructions per request: off %.0f, on %.0f; difference %+.2f %%%s; "
        "the probe's own %.0f, %.2f %%: %s" % (
            what, off, on, (on / off - 1) * 100,
            " (%+.2f to %+.2f over %d scales)" % (min(costs), max(costs),
                                                  len(costs))
            if len(costs) > 1 else "", probe, probe / off * 100,
            "below 1 %" if probe / off * 100 < LIMIT else "NOT BELOW 1 %"))


def report_times(what, subject, scale, step, requests):
    rounds, deadline = [], time.time() + SECONDS
    while len(rounds) < ROUNDS or time.time() < deadline:
        rounds.append(subject.times(scale + step * len(rounds), requests))
    ratio = estimate([on * 2 / (off + again) for off, on, again in rounds])
    control = estimate([again / off for off, _, again in rounds])
    if control[1] > 1 or control[2] < 1:
        verdict = "not to be told: the host was too busy"
    elif ratio[2] < 1 + LIMIT / 100:
        verdict = "below 1 %"
    elif ratio[1] > 1 + LIMIT / 100:
        verdict = "NOT BELOW 1 %"
    else:
        verdict = "whether below 1 % is not decided by these"
    say("%s: CPU time per request: off %.1f us, on %.1f us; ratio %.3f (95 %% "
        "interval %.3f to %.3f), off to off %.3f (%.3f to %.3f), %d rounds: %s" % (
            (what, median([off for off, _, _ in rounds]),
             median([on for _, on, _ in rounds])) + ratio + control +
            (len(rounds), verdict)))


def main(job, tag, harness, executable, workloads):
    random.seed(SEED)
    for name, counted, timed in WORKLOADS:
        subject = Subject(tag, harness, executable, workloads, name)
        what = "observer %s, %s" % (tag, name)
        try:
            if job == "count":
                report_counts(what, subject, *counted)
            else:
                report_times(what, subject, *timed)
        except (EnvironmentError, RuntimeError, ValueError) as error:
            say("%s: skipped: %s" % (what, error))


if __name__ == "__main__":
    if sys.argv[1] == "plain":
        plain(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
