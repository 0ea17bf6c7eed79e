"""What the tests of real servers share: a server in a folder of its own, and a
client that counts.  Servers listen on Unix sockets, so that no port is taken.

Waits are long, since hosts are slow, and end as soon as they can.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 60       # seconds
WORKERS = 2         # of a web server

# A pass of reshare after every few requests, whatever it costs, so that counts
# do not depend on time.
STRATEGY = "freeze+reshare:every=5:grow=0:cpu=100%"

ext_dir = scratch = None


def main(argv, module):
    """Runs the tests of `module`, with EXT_DIR and a folder to write to as
    arguments."""
    global ext_dir, scratch
    ext_dir, scratch = map(os.path.abspath, argv[1:3])
    suite = unittest.defaultTestLoader.loadTestsFromName(module)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    sys.exit(not result.wasSuccessful())


def wait_until(condition, what):
    """The first true value of condition()."""
    end = time.time() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.time() > end:
            raise AssertionError("in vain waited until " + what)
        time.sleep(0.02)


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def children(pid):
    """The processes whose parent is `pid`, and that are alive."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % name) as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if name.isdigit() and int(fields[1]) == pid and fields[0] not in "ZX":
            found.append(int(name))
    return found


def private_kib(pid):
    """Memory that the process shares with none."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return sum(int(line.split()[1]) for line in f
                   if line.startswith("Private_"))


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        http.client.HTTPConnection.__init__(self, "localhost",
                                            timeout=PATIENCE)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self._path)


def get(path, query=""):
    """One request on a connection of its own; the answer, or an exception."""
    connection = Connection(path)
    try:
        connection.request("GET", "/?" + query)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise OSError("status %d: %r" % (answer.status, body[:200]))
        return json.loads(body.decode("ascii"))
    finally:
        connection.close()


class Load(threading.Thread):
    """One request after the other, until it is stopped."""

    def __init__(self, path):
        threading.Thread.__init__(self)
        self.path = path
        self.served, self.failed = 0, []
        self._stop_now = False

    def run(self):
        while not self._stop_now:
            try:
                get(self.path, "100")
                self.served += 1
            except Exception as error:
                self.failed.append(repr(error))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._stop_now = True
        self.join()


class Case(unittest.TestCase):
    """One server per test; what it says is in the file `log`."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=scratch)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.socket = self.path("socket")
        self.log = self.path("log")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def launch(self, command, **env):
        """Starts a server, which is killed with all its processes at the end."""
        path = os.pathsep.join([ext_dir, HERE, self.folder])
        with open(self.log, "ab") as log:
            self.server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, start_new_session=True,
                env=dict(os.environ, PYTHONPATH=path, **env))
        self.addCleanup(self.stop)

    def stop(self):
        """The whole session, in which every server here stays."""
        try:
            os.killpg(self.server.pid, signal.SIGKILL)
        except OSError:
            pass
        self.server.wait()

    def said(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def lines(self):
        """What permafrost has said."""
        return [line.partition("permafrost: ")[2]
                for line in self.said().splitlines() if "permafrost: " in line]

    def run(self, result=None):
        """The log of a test that failed is shown."""
        self.kept = "(nothing)"
        failed = len(result.failures) + len(result.errors)
        unittest.TestCase.run(self, result)
        if len(result.failures) + len(result.errors) > failed:
            sys.stdout.write("the server said:\n%s\n" % self.kept)

    def doCleanups(self):
        if os.path.exists(self.log):
            self.kept = self.said()
        return unittest.TestCase.doCleanups(self)

    def first_answer(self):
        def try_once():
            self.assertTrue(self.server.poll() is None, "the server has ended")
            try:
                return get(self.socket)
            except (OSError, http.client.HTTPException):
                return None
        return wait_until(try_once, "the server answers")

    def ask_workers(self, master, number, query=""):
        """Asks until that many workers, all of `master`, have answered; their
        last answers by process."""
        answers = {}

        def all_have():
            answer = get(self.socket, query)
            answers[answer["pid"]] = answer
            present = children(master)
            for pid in list(answers):
                if pid not in present:
                    del answers[pid]
            return len(answers) >= number
        wait_until(all_have, "%d workers have answered" % number)
        return answers

    def ask_often(self, pid, number, query):
        """Asks until this worker has answered that often; its last answer."""
        last = None
        while number > 0:
            answer = get(self.socket, query)
            if answer["pid"] == pid:
                number -= 1
                last = answer
        return last

    def expect_on(self, answers):
        for answer in answers.values():
            self.assertEqual(answer["on"], True, answer)
            self.assertTrue(answer["frozen"] > 100000, answer)
            self.assertNotEqual(answer["loaded_by"], answer["pid"])

    def expect_off(self, answers, reason):
        """They serve; the one line tells why there is no strategy."""
        for answer in answers.values():
            self.assertEqual(answer["on"], False, answer)
        off = [line for line in self.lines() if " is off: " in line]
        self.assertEqual(len(off), 1, off)
        self.assertIn(reason, off[0])

    # What follows is of web servers; `start_imported` starts one of two workers
    # with app.py, permafrost's hooks and `strategy`, by default STRATEGY, in
    # PERMAFROST_STRATEGY, which None leaves unset.

    def workers(self):
        return self.ask_workers(self.server.pid, WORKERS)

    def workers_besides(self, old):
        """The master's workers, as soon as none of `old` is left and their
        number is right again."""
        def new():
            pids = children(self.server.pid)
            return (not set(pids) & set(old) and len(pids) == WORKERS and
                    pids)
        return wait_until(new, "the workers are replaced")


class StrategyTests(object):
    """What a strategy is to do under each web server."""

    def test_it_is_in_force(self):
        self.start_imported()
        workers = self.workers()
        self.expect_on(workers)
        for pid in workers:
            self.assertTrue(self.ask_often(pid, 10, "1000")["passes"] >= 2)
        self.assertEqual(self.lines(), ["the strategy %s is on" % STRATEGY])

    def test_memory(self):
        """A full collection copies the heap of a worker without a strategy."""
        private = {}
        for strategy in ("none", STRATEGY):
            self.start_imported(strategy=strategy)
            pid = min(self.workers())
            self.ask_often(pid, 2, "collect")
            self.ask_often(pid, 10, "60000")
            self.ask_often(pid, 6, "")      # a pass comes last
            private[strategy] = private_kib(pid)
            self.stop()
        self.assertTrue(private[STRATEGY] < 0.4 * private["none"], private)

    def test_killed_worker(self):
        self.start_imported()
        old = self.workers()
        os.kill(min(old), signal.SIGKILL)
        wait_until(lambda: min(old) not in children(self.server.pid),
                   "the worker is dead")
        self.expect_on(self.workers())
        self.assertEqual(len(self.lines()), 1, self.lines())

    def test_recycled_workers(self):
        self.start_imported("--max-requests=7")
        old = self.workers()
        with Load(self.socket) as load:
            self.workers_besides(old)
        self.expect_on(self.ask_workers(self.server.pid, 1))
        self.assertEqual(load.failed, [])


class ErrorTests(object):
    """A web server serves whatever is wrong with the strategy."""

    def test_bad_strategy(self):
        self.start_imported(strategy="freeze+no-such")
        self.expect_off(self.workers(), "unknown strategy 'no-such'")

    def test_no_strategy(self):
        self.start_imported(strategy=None)
        self.expect_off(self.workers(), "set PERMAFROST_STRATEGY")

    def test_error_before_the_fork(self):
        self.start_imported(strategy="freeze+skeleton:limit=0")
        workers = self.workers()
        self.expect_off(workers, "limit")
        for answer in workers.values():
            self.assertTrue(answer["frozen"] < 100000, "freeze was undone")
