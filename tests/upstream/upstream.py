"""upstream.py EXTDIR [OPTION]...

Runs the interpreter's own tests in forked workers, with a stack of strategies
applied in their template.  Modules in which a test fails run once more without
the stack: a test that fails there, too, says nothing about it.  A test that
fails only with it fails this check, unless exceptions.txt says why it does.

Runs unchanged on Python 2.7 and 3.4-3.14.  Exit status: 0 passed, 1 failed,
2 usage, 77 nothing to test here.
"""
from __future__ import print_function

import argparse
import os
import shutil
import sys
import tempfile

import known
import suites
import template
from workers import FAILED, OK, SKIPPED

STACKS = ("freeze+reshare:every=1:grow=0:cpu=100%", "freeze+immortal")
NO_TESTS = 77


class Verdict(object):
    """What the outcomes of a module's tests come to; the two dicts are
    {test: (outcome, text)}, with the stack and without it."""

    def __init__(self, tests, without, excepted):
        self.n = dict.fromkeys((OK, "excepted", SKIPPED, FAILED, "without"), 0)
        self.lines = []         # on the tests that failed
        for test in sorted(tests):
            outcome, text = tests[test]
            if outcome == FAILED:
                if without.get(test, (OK,))[0] == FAILED:
                    outcome = "without"
                elif test in excepted:
                    outcome, text = "excepted", excepted[test]
                self.lines.append((outcome, test, text))
            # What happens between tests is no test.
            if test[0] != "(" or outcome == FAILED:
                self.n[outcome] += 1

    def summary(self):
        return ("%d run, %d passed, %d excepted, %d skipped, %d failed, "
                "%d not counted" % (
                    sum(self.n.values()), self.n[OK], self.n["excepted"],
                    self.n[SKIPPED], self.n[FAILED], self.n["without"]))

    def show(self, verbose):
        """Prints what is to be known of tests that failed."""
        for outcome, test, text in self.lines:
            last = [line for line in text.splitlines()
                    if line.strip(" -")][-1:] or [""]
            if outcome == FAILED:
                print("FAILED %s\n%s" % (test, text))
            elif outcome == "without":
                print("    fails without the stack, too: %s: %s" % (
                    test, last[0]))
            elif verbose:
                print("    excepted: %s: %s" % (test, last[0]))


def failing(tests):
    """The tests of {test: (outcome, text)} that failed."""
    return set(test for test in tests if tests[test][0] == FAILED)


def run_without(results, excepted, run):
    """Runs modules with a failure that is not excepted without the stack, and
    what fails with it only once more alone: a crash may depend on what ran
    before.  Returns {module: {test: (outcome, text)}}."""
    found = {}
    for name in sorted(results):
        suspect = failing(results[name].get("tests", {})) - set(excepted)
        if not suspect:
            continue
        tests = run("none", [name])[name]["tests"]
        for test in sorted(suspect - failing(tests)):
            if test[0] != "(":
                tests.update(run("none", [name], test)[name]["tests"])
        found[name] = tests
    return found


def judge(parts, excepted, results, run, options):
    """Prints a line per module.  Returns whether one failed."""
    present = [name for name in options.modules if "tests" in results[name]]
    without = run_without(results, excepted, run)
    n = 0
    for name in options.modules:
        if name not in present:
            print("%-15s skipped: %s" % (name, results[name]["reason"]))
            continue
        verdict = Verdict(results[name]["tests"], without.get(name, {}),
                          excepted)
        print("%-15s %s" % (name, verdict.summary()))
        verdict.show(options.verbose)
        n += verdict.n[FAILED]
    for test in sorted(excepted):
        if is_missing(test, present, results) and not (
                options.match or options.short):
            print("FAILED: %s names %s, which is no test of this Python" % (
                os.path.basename(options.exceptions), test))
            n += 1
    return n > 0 or not is_applied(parts, present, results)


def is_missing(test, present, results):
    """Whether an exception names a test that its module does not have."""
    return any(suites.is_of(test, name) and
               test not in results[name]["tests"] for name in present)


def is_applied(parts, present, results):
    """Says what the stack has done; whether it has done anything."""
    numbers = {}
    for name in present:
        for key, number in results[name]["numbers"].items():
            numbers[key] = numbers.get(key, 0) + number
    if not present or "reshare" not in parts:
        return True
    print(", ".join("%s %d" % item for item in sorted(numbers.items())))
    if numbers.get("pages_given_back"):
        return True
    print("FAILED: no page was given back")
    return False


def check(spec, parts, excepted, options, folder):
    """Runs the tests under one stack.  Returns the exit status; a worker ends
    here by SystemExit."""
    def run(spec, names, only=None):
        def is_chosen(test):
            if only is not None:
                return test == only
            return options.match in test and not (
                options.short and suites.SLOW in test)
        return template.in_child(spec, names, is_chosen, folder, options.limit)

    results = run(spec, options.modules)
    if judge(parts, excepted, results, run, options):
        return 1
    return 0 if any("tests" in r for r in results.values()) else NO_TESTS


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("extdir", help="where the extensions are")
    parser.add_argument("--stack", action="append", dest="stacks",
                        metavar="SPEC", help="once or more; default: " +
                        " ".join(STACKS).replace("%", "%%"))
    parser.add_argument("--modules", metavar="NAME,...",
                        help="default: " + ",".join(suites.NAMES))
    parser.add_argument("--match", metavar="TEXT", default="",
                        help="only tests whose name has it")
    parser.add_argument("--short", action="store_true",
                        help="only what takes a few seconds")
    parser.add_argument("--exceptions", metavar="FILE", default=known.PATH)
    parser.add_argument("--limit", type=int, default=300, metavar="SECONDS",
                        help="for a module")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="name the tests that are excepted")
    options = parser.parse_args(argv)
    if options.modules is not None:
        options.modules = options.modules.split(",")
    else:
        options.modules = suites.SHORT if options.short else suites.NAMES
    return options


def main():
    options = parse(sys.argv[1:])
    sys.path.insert(1, os.path.abspath(options.extdir))
    import permafrost
    folder = tempfile.mkdtemp()
    statuses = set()
    for spec in options.stacks or STACKS:
        try:
            reason = permafrost.unsupported(spec)
            parts = [name for name, _ in permafrost.split(spec)]
            excepted = known.load(options.exceptions, parts)
        except (ValueError, EnvironmentError) as error:
            print("upstream.py: %s" % error, file=sys.stderr)
            statuses.add(2)
            break
        print("%d.%d.%d %s%s" % (sys.version_info[:3] + (
            spec, ": skipped: " + reason if reason else "")))
        statuses.add(NO_TESTS if reason else check(
            spec, parts, excepted, options, folder))
    shutil.rmtree(folder)
    sys.exit(max(statuses - set([NO_TESTS]) or [NO_TESTS]))


if __name__ == "__main__":
    main()
