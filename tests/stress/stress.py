"""A stress of reshare: workers mutate their heap in every way between passes,
and check that each value in it is what it must be.

    python -B stress.py EXT_DIR [--seconds=N | --rounds=N] [--seed=N] ...

Round after round, with a seed each, a template warms our workloads and a heap
of values (values.py), applies freeze+reshare with a pass every 10 requests, and
forks workers, which fork others (life.py).  What a worker does follows from the
seed and its name alone, but for what threads and the kernel do meanwhile.  What
fails is told in one line with the command that repeats it, and ends the stress
with exit status 1.

Runs unchanged on Python 2.7 and 3.4-3.14, as all files here.
"""
from __future__ import print_function

import argparse
import json
import os
import subprocess
import sys
import time

import counts
import life

HERE = os.path.dirname(os.path.abspath(__file__))

# Rounds take turns in these settings of the allocators: as they are; blocks
# from 64 KiB on come, go and move by mmap and mremap; the brk range grows and
# shrinks with each; all is malloc's (from 3.6 on).
SETTINGS = (
    {},
    {"MALLOC_MMAP_THRESHOLD_": "65536"},
    {"MALLOC_TRIM_THRESHOLD_": "4096", "MALLOC_TOP_PAD_": "0"},
    {"PYTHONMALLOC": "malloc"},
)


def spec(seed):
    """Every third round has passes by growth, too, which leave hot pages."""
    return "freeze+reshare:every=%d:grow=%s:cpu=100%%" % (
        life.EVERY, "4M" if seed % 3 == 0 else "0")


def run_round(options):
    """One round in this process; prints its counts."""
    import permafrost
    why = permafrost.unsupported(spec(options.seed))
    if why is not None:
        print(json.dumps({"unsupported": why}))
        return
    sys.path.insert(0, os.path.join(HERE, os.pardir, os.pardir, "workloads"))
    process = life.Process(options, permafrost.Stack(spec(options.seed)),
                           permafrost.load("reshare"))
    print(json.dumps(process.run()))


def start_round(options, seed):
    """One round in a process of its own.  Returns its counts."""
    command = [sys.executable, "-B", os.path.abspath(__file__), options.ext_dir,
               "--only", "--until=%r" % options.until, "--seed=%d" % seed]
    command += ["--%s=%d" % (name, getattr(options, name))
                for name in life.SIZES]
    env = dict(os.environ, PYTHONHASHSEED=str(seed % (1 << 32)),
               **SETTINGS[seed % len(SETTINGS)])
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE)
    out = process.communicate()[0]
    if process.returncode == 0:
        return json.loads(out.decode("ascii"))
    if process.returncode != life.TOLD:
        life.tell(options, seed, "template: ended with status %d" %
                  process.returncode)
    sys.exit(1)


def report(total, rounds, seconds, options):
    """What all rounds have done together."""
    print("%s: %d rounds from seed %d, %.1f minutes, %d workers each, "
          "%d requests, %d forks" % (
              life.tag(), rounds, options.seed, seconds / 60.0,
              options.workers, total["requests"], total["forks"]))
    print("  %(passes)d passes, %(skipped)d skipped for threads; "
          "%(looked_at)d pages looked at, %(given_back)d given back" % total)
    print("  adopted memory unmapped %d MiB, mapped anew %d MiB; adopted "
          "blocks seen elsewhere %d times" % (
              total["unmapped_kib"] >> 10, total["anew_kib"] >> 10,
              total["moved"]))
    print("  %(checks)d checks of everything, %(values)d of values: all true"
          % total)
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description="A stress of reshare.")
    parser.add_argument("ext_dir", metavar="EXT_DIR")
    parser.add_argument("--seconds", type=int,
                        help="rounds begin and go on for so long")
    parser.add_argument("--rounds", type=int,
                        help="number of rounds (1, unless --seconds)")
    parser.add_argument("--seed", type=int,
                        help="of the first round; the next have the next")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--requests", type=int, default=400,
                        help="of each worker in a round")
    parser.add_argument("--scale", type=int, default=200,
                        help="number of values")
    parser.add_argument("--block", type=int, default=8,
                        help="MiB that a thread writes into")
    parser.add_argument("--only", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not os.path.isdir(os.path.join(options.ext_dir, "permafrost")):
        parser.error("%s has no permafrost; name a folder of ext/ in the build"
                     % options.ext_dir)
    sys.path.insert(1, os.path.abspath(options.ext_dir))
    if options.only:
        run_round(options)
        return
    begin = time.time()
    if options.seed is None:
        options.seed = int(begin) % 1000000
    if options.seconds is None and options.rounds is None:
        options.rounds = 1
    options.until = begin + (options.seconds or 1e9)
    total = dict((name, 0) for name in counts.COLUMNS)
    rounds = 0
    while rounds != options.rounds and time.time() < options.until:
        made = start_round(options, options.seed + rounds)
        if "unsupported" in made:
            print("%s: %s" % (life.tag(), made["unsupported"]))
            return
        for name in total:
            total[name] += made[name]
        rounds += 1
    unseen = [name for name in total if total[name] == 0 and name != "request"]
    if unseen and rounds >= len(SETTINGS):
        print("stress: %s: no stress: %s" % (
            life.tag(), ", ".join(sorted(unseen))), file=sys.stderr)
        sys.exit(1)
    report(total, rounds, time.time() - begin, options)


if __name__ == "__main__":
    main()
