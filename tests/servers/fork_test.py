"""Tests permafrost.install() and permafrost.atfork with real forks, in processes
of their own, and packages that something is wrong with.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import permafrost

import support

ext_dir = os.path.dirname(os.path.dirname(os.path.abspath(permafrost.__file__)))


def run(code, *args, **env):
    """Runs Python code in a process of its own, with `env` added to its
    environment.  Returns (exit status, stdout, stderr)."""
    environment = dict(os.environ, PYTHONPATH=ext_dir, **env)
    process = subprocess.Popen([sys.executable, "-B", "-c", code] + list(args),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment, universal_newlines=True)
    out, err = process.communicate()
    return process.returncode, out, err


FORKS = """
import gc, os, subprocess, sys
import permafrost
if sys.argv[2] == "old" and hasattr(os, "register_at_fork"):
    del os.register_at_fork
def show(*words):
    sys.stdout.write(" ".join(map(str, words)) + chr(10))
    sys.stdout.flush()
gc.disable()
permafrost.install(sys.argv[1])
subprocess.check_call([sys.executable, "-c", ""])
show("template", permafrost.status()["on"])
def fork():
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    return pid == 0
if fork():
    show("worker", permafrost.status()["on"])
    permafrost.after_request()
    if permafrost.status()["on"]:
        from permafrost import reshare
        show("passes", reshare.statistics()["passes"])
    if fork():
        show("grandchild", permafrost.status()["on"])
        os._exit(0)
    sys.exit()
show("forked", permafrost.status()["on"])
if fork():
    show("worker", permafrost.status()["on"])
    os._exit(0)
"""


class ForkTest(unittest.TestCase):
    """permafrost.install() with real strategies and real forks."""

    @unittest.skipIf(support.FREE_THREADED, "freeze+reshare is of builds with "
                     "the GIL")
    def test_forks(self):
        for way in ("new", "old"):
            spec = "freeze+reshare:every=1:grow=0:cpu=100%"
            self.assertEqual(run(FORKS, spec, way), (
                0, "template False\nworker True\npasses 1\n"
                "grandchild True\nforked True\nworker True\n", ""))

    @unittest.skipIf(support.FREE_THREADED, "reshare is of builds with the GIL")
    def test_environment(self):
        status, out, err = run(FORKS, "no-such", "new",
                               PERMAFROST_STRATEGY="reshare")
        self.assertEqual((status, "worker True" in out, err), (0, True, ""))

    def test_bad_spec(self):
        self.assertEqual(run(FORKS, "no-such", "new"), (
            0, "template False\nworker False\ngrandchild False\n"
            "forked False\nworker False\n",
            "permafrost: the strategy no-such is off: permafrost."
            "UnknownStrategy: unknown strategy 'no-such'\n"
            if sys.version_info >= (3,) else
            "permafrost: the strategy no-such is off: "
            "UnknownStrategy: unknown strategy 'no-such'\n"))

    @unittest.skipIf(support.FREE_THREADED, "reshare is of builds with the GIL")
    def test_threads(self):
        """A strategy that refuses a process with threads."""
        code = FORKS.replace("gc.disable()", """
import threading
threading.Thread(target=threading.Event().wait, args=(60,)).start()
""").replace("sys.exit()", "os._exit(0)") + "\nos._exit(0)"
        status, out, err = run(code, "freeze+reshare", "new",
                               PYTHONWARNINGS="ignore")
        self.assertEqual((status, out.count("True")), (0, 0), err)
        self.assertTrue("is off: RuntimeError: reshare" in err, err)
        self.assertEqual(err.count("\n"), 1, err)


class PackageTest(unittest.TestCase):
    """Packages that something is wrong with."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.package = os.path.join(self.folder, "permafrost")
        os.mkdir(self.package)
        for name in os.listdir(os.path.join(ext_dir, "permafrost")):
            if name.endswith(".py"):
                shutil.copy(os.path.join(ext_dir, "permafrost", name),
                            self.package)

    def refusal(self):
        """What is said when `freeze` is installed; one line, without harm."""
        code = ("import sys; sys.path[:0] = [sys.argv[1]]\n"
                "import os, permafrost; permafrost.install('freeze')\n"
                "assert permafrost.__file__.startswith(sys.argv[1])\n"
                "pid = os.fork()\n"
                "pid and os.waitpid(pid, 0)")
        status, out, err = run(code, self.folder)
        self.assertEqual((status, out, err.count("\n")), (0, "", 1), err)
        return err

    def test_without_extensions(self):
        self.assertTrue("is off: ImportError: permafrost was installed without "
                        "its compiled strategies" in self.refusal())

    def test_extension_that_cannot_be_loaded(self):
        with open(os.path.join(self.package, "freeze.so"), "w") as f:
            f.write("this is no library")
        self.assertTrue("is off: ImportError: " in self.refusal())

    def test_one_extension_is_missing(self):
        shutil.copy(os.path.join(ext_dir, "permafrost", "none.so"),
                    self.package)
        self.assertTrue("unknown strategy 'freeze'" in self.refusal())


# A thread without anything of Python runs fork() itself, as servers do that are
# written in C; the thread's child ends right away.
C_FORK = """
import ctypes, os, subprocess, sys
from permafrost import atfork
libc = ctypes.CDLL(None)
calls = []
def fork_in_c():
    thread, pid = ctypes.c_ulong(), ctypes.c_void_p()
    assert libc.pthread_create(ctypes.byref(thread), None, libc.fork, None) == 0
    assert libc.pthread_join(thread, ctypes.byref(pid)) == 0
    os.waitpid(pid.value, 0)
def fork_in_python():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    subprocess.Popen([sys.executable, "-c", ""], preexec_fn=int).wait()
atfork.once(lambda: calls.append("instead"))
atfork.once(lambda: calls.append("called"))
fork_in_python()
assert calls == [], calls
fork_in_c()
assert calls == ["called"], calls
fork_in_c()
assert calls == ["called"], calls
atfork.once(lambda: calls.append("again"))
fork_in_python()
fork_in_c()
assert calls == ["called", "again"], calls
try:
    atfork.once(1)
except TypeError:
    print("done")
"""


class AtforkTest(unittest.TestCase):
    def test_forks_of_c(self):
        # Some are built without; that of 3.5 crashes as recent compilers build it.
        if run("import ctypes")[0] != 0:
            self.skipTest("this interpreter cannot import ctypes")
        status, out, err = run(C_FORK, PYTHONWARNINGS="ignore")
        self.assertEqual((status, out, err), (0, "done\n", ""))
