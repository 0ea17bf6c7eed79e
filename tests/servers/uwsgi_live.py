"""A real uWSGI with a strategy: it is in force in all workers, survives what is
done to servers, and costs no request.

    python -B uwsgi_live.py EXT_DIR SCRATCH UWSGI [OPTION...]

UWSGI OPTION... is the command that starts it with its Python.
"""
import os
import signal
import sys

import live

uwsgi = sys.argv[3:]


class Uwsgi(live.Case):
    def start(self, *options, **named):
        """Starts it with app.py, or with what `load` says, and a strategy."""
        load = named.get("load", ["--wsgi=app"])
        strategy = named.get("strategy", live.STRATEGY)
        command = uwsgi + [
            "--http-socket=" + self.socket, "--processes=%d" % live.WORKERS,
            "--pythonpath=" + live.ext_dir, "--pythonpath=" + live.HERE,
            "--pythonpath=" + self.folder, "--need-app",
            "--env=PYTHONDONTWRITEBYTECODE=1", "--disable-logging"]
        if strategy is not None:
            command.append("--env=PERMAFROST_STRATEGY=" + strategy)
        self.launch(command + list(options) + load)
        self.first_answer()

    def start_imported(self, *options, **named):
        self.start("--master", "--import=permafrost.uwsgi", *options, **named)

    def on(self):
        return [line for line in self.lines() if line.endswith(" is on")]


class StrategyTest(live.StrategyTests, Uwsgi):
    def test_python_threads(self):
        """The master then forks without the interpreter's lock."""
        self.start_imported("--enable-threads")
        self.expect_on(self.workers())

    def test_application_that_forks_while_it_is_loaded(self):
        self.write("forking.py", """
import os, subprocess, sys
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
subprocess.check_call(["true"], preexec_fn=lambda: None)
from app import application
""")
        self.start_imported(load=["--wsgi=forking"])
        self.expect_on(self.workers())
        self.assertEqual(len(self.on()), 1)

    def test_file(self):
        self.start_imported(
            load=["--wsgi-file=" + os.path.join(live.HERE, "app.py")])
        self.expect_on(self.workers())

    def test_configuration_file(self):
        self.write("uwsgi.ini", "[uwsgi]\nmaster = true\n"
                   "env = PERMAFROST_STRATEGY=%s\n"
                   "import = permafrost.uwsgi\nwsgi = app\n" %
                   live.STRATEGY.replace("%", "%%"))
        self.start(load=["--ini=" + self.path("uwsgi.ini")], strategy=None)
        self.expect_on(self.workers())
        self.assertEqual(self.lines(),
                         ["the strategy %s is on" % live.STRATEGY])

    def test_without_master(self):
        """The first worker is the template itself."""
        self.start("--import=permafrost.uwsgi")
        answer = live.get(self.socket)
        live.wait_until(lambda: live.children(self.server.pid),
                        "there is a second worker")
        self.assertEqual(answer["on"], True)

    def test_install(self):
        self.write("installing.py", "from app import application\n"
                   "import permafrost\n"
                   "permafrost.install('%s')\n" % live.STRATEGY)
        self.start("--master", load=["--wsgi=installing"], strategy=None)
        workers = self.workers()
        self.expect_on(workers)
        self.assertTrue(
            self.ask_often(min(workers), 10, "1000")["passes"] >= 2)


class UpgradeTest(Uwsgi):
    def reload(self):
        """The master starts itself anew.  Returns the requests that failed."""
        old, said = self.workers(), len(self.on())
        with live.Load(self.socket) as load:
            self.server.send_signal(signal.SIGHUP)
            live.wait_until(lambda: len(self.on()) == said + 1,
                            "the master has started anew")
            live.wait_until(lambda: not set(old) & set(self.workers()),
                            "the workers are new")
        self.assertTrue(load.served > 0)
        return load.failed

    def test_reload(self):
        """No request fails, with a strategy or without, but for those of a
        worker that was told to end between accept() and the request
        (gracefully_kill() in core/uwsgi.c): that is rare, hence more tries."""
        for strategy in ("none", live.STRATEGY):
            self.start_imported(strategy=strategy)
            failed = [self.reload()]
            while failed[-1] and len(failed) < 4:
                failed.append(self.reload())
            self.assertEqual(failed[-1], [], (strategy, failed))
            if strategy != "none":
                self.expect_on(self.workers())
            self.stop()


class HooksTest(Uwsgi):
    def test_own_hooks(self):
        self.write("own.py", """
import uwsgi
import permafrost.uwsgi
def post_fork_hook():
    uwsgi.log("own post_fork_hook")
def after_req_hook():
    uwsgi.log("own after_req_hook")
uwsgi.post_fork_hook = post_fork_hook
uwsgi.after_req_hook = permafrost.uwsgi.after_request(after_req_hook)
from app import application
""")
        self.start_imported(load=["--wsgi=own"])
        workers = self.workers()
        self.expect_on(workers)
        self.assertTrue(
            self.ask_often(min(workers), 10, "1000")["passes"] >= 2)
        self.assertTrue(self.said().count("own post_fork_hook") >= 2)
        live.wait_until(lambda: self.said().count("own after_req_hook") >= 10,
                        "its own hook was called")

    def test_hook_taken_away(self):
        self.write("own.py", "import uwsgi\n"
                   "from app import application\n"
                   "uwsgi.after_req_hook = lambda: None\n")
        self.start_imported(load=["--wsgi=own"])
        self.expect_off(self.workers(), "uwsgi.after_req_hook")

    def test_decorators(self):
        self.write("decorated.py", """
try:
    from uwsgidecorators import postfork
except ImportError:
    postfork = lambda function: function
import uwsgi
@postfork
def forked():
    uwsgi.log("decorated")
from app import application
""")
        self.start_imported(load=["--wsgi=decorated"])
        self.expect_on(self.workers())


class ErrorTest(live.ErrorTests, Uwsgi):
    def test_lazy_apps(self):
        self.start_imported("--lazy-apps")
        self.expect_off(self.workers(), "lazy-apps")


if __name__ == "__main__":
    live.main(sys.argv, "__main__")
