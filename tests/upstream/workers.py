"""Test modules in forked workers, which may crash or hang.

A worker writes what happens into a file as it happens, one JSON object per
line, since it may die at any moment; the template reads it afterwards.  Tests
that a worker did not come to, because it died in the one before, are run by a
worker of their own.
"""
import errno
import json
import os
import resource
import signal
import sys
import time
import traceback
import unittest

DEATHS = 10             # of workers of one module; then the rest is not run
OK, SKIPPED, FAILED = "ok", "skipped", "failed"
_ORDER = (OK, SKIPPED, FAILED)


class Outcomes(object):
    """What became of each test: `tests` maps its id to (outcome, text).  What
    happens between tests has an id in parentheses."""

    def __init__(self):
        self.tests = {}
        self.numbers = {}       # of passes, summed over workers
        self.deaths = 0

    def add(self, test, outcome, text):
        """The worst of several outcomes of one test counts."""
        old = self.tests.get(test, (OK, ""))
        if _ORDER.index(outcome) >= _ORDER.index(old[0]):
            self.tests[test] = (outcome, text)


class _Recorder(unittest.TestResult):
    """Tells what happens, and calls `after` after each test."""

    def __init__(self, tell, after):
        super(_Recorder, self).__init__()
        self._pid = os.getpid()
        self._tell = tell
        self._after = after

    def _note(self, test, outcome, text=""):
        if os.getpid() != self._pid:    # a test that forked came back here
            os._exit(1)
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        # A part of a test counts as the test.
        test = getattr(test, "test_case", test)
        self._tell(test=test.id(), outcome=outcome, text=text)

    def startTest(self, test):
        self._tell(start=test.id())

    def stopTest(self, test):
        self._tell(stop=test.id())
        self._after()

    def addSuccess(self, test):
        self._note(test, OK)

    def addSkip(self, test, reason):
        self._note(test, SKIPPED, reason)

    def addError(self, test, err):
        self._note(test, FAILED, self._exc_info_to_string(err, test))

    addFailure = addError

    def addExpectedFailure(self, test, err):
        self._note(test, OK)

    def addUnexpectedSuccess(self, test):
        self._note(test, FAILED, "a success that was not expected")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addError(test, err)


def _live(module, folder, work, is_wanted):
    """The life of a worker, but for its end."""
    records = os.open(os.path.join(folder, "records"),
                      os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    log = os.open(os.path.join(folder, "log"),
                  os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.setsid()
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        import faulthandler
        faulthandler.enable()
    except ImportError:
        pass

    def tell(**what):
        os.write(records, (json.dumps(what) + "\n").encode("ascii"))
    work.begin()
    try:
        module.run(_Recorder(tell, work.after_test), is_wanted)
    except Exception:
        tell(test="(module)", outcome=FAILED, text=traceback.format_exc())
    wrong = work.what_is_wrong()
    tell(test="(heap)", outcome=FAILED if wrong else OK, text=wrong)
    tell(numbers=work.numbers())
    sys.stdout.flush()
    work.end()


def death(status):
    """Returns how the process with this status died, or None."""
    if os.WIFSIGNALED(status):
        return "died of signal %d" % os.WTERMSIG(status)
    if os.WEXITSTATUS(status):
        return "ended with status %d" % os.WEXITSTATUS(status)
    return None


def _end(pid, limit):
    """Waits for the worker.  Returns None, or how it died."""
    deadline = time.time() + limit
    aborted = False
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        if time.time() > deadline:
            # The first makes it tell where it hangs.
            os.kill(pid, signal.SIGKILL if aborted else signal.SIGABRT)
            aborted = True
            deadline = time.time() + 5
        time.sleep(0.01)
    try:
        os.killpg(pid, signal.SIGKILL)  # what it has left behind
    except OSError as error:
        if error.errno not in (errno.ESRCH, errno.EPERM):
            raise
    if aborted:
        return "no end after %d s" % limit
    return death(status)


def _read(path):
    with open(path, "rb") as f:
        return f.read().decode("utf-8", "replace")


def _collect(outcomes, folder, died):
    """Adds what a worker has recorded, and how it `died` or None.  Returns
    whether all tests have run that can."""
    current = None
    complete = False
    for line in _read(os.path.join(folder, "records")).splitlines():
        record = json.loads(line)
        if "start" in record:
            current = record["start"]
        elif "stop" in record:
            current = None
        elif "test" in record:
            outcomes.add(record["test"], record["outcome"], record["text"])
        else:
            complete = True
            for key, n in record["numbers"].items():
                outcomes.numbers[key] = outcomes.numbers.get(key, 0) + n
    if not complete and died is None:
        died = "ended before its tests did"
    if died is not None:
        where = current or ("(exit)" if complete else "(module)")
        outcomes.add(where, FAILED, "%s\n%s" % (
            _read(os.path.join(folder, "log"))[-3000:], died))
        outcomes.deaths += 1
    return complete or current is None


def run(module, folder, work, is_chosen, limit):
    """Runs the tests of `module` that is_chosen(id) in workers forked from
    this process, each for at most `limit` seconds.  Returns their Outcomes;
    not at all in a worker, which ends by SystemExit.

    `work` is what the worker does besides, see Work in template.py.
    """
    outcomes = Outcomes()
    pid = 0

    def on_term(signum, frame):
        if pid != 0:            # it is in a session of its own
            os.kill(pid, signal.SIGKILL)
        os._exit(1)

    def is_wanted(test):
        return is_chosen(test) and test not in outcomes.tests

    while True:
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, on_term)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _live(module, folder, work, is_wanted)
            sys.exit(0)
        if _collect(outcomes, folder, _end(pid, limit)):
            return outcomes
        if outcomes.deaths == DEATHS:
            outcomes.add("(module)", FAILED, "%d workers died: other tests "
                         "did not run" % DEATHS)
            return outcomes
