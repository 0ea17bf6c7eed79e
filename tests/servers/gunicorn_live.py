"""A real gunicorn with a strategy: it is in force in all workers, survives what
is done to servers, and costs no request.

    python -B gunicorn_live.py EXT_DIR SCRATCH
"""
import os
import signal
import sys

import live

# What the command gunicorn does; USR2 starts it again by its name.
LAUNCHER = "from gunicorn.app.wsgiapp import run\nrun()\n"


class Gunicorn(live.Case):
    def start(self, *options, **env):
        command = [sys.executable, "-B", self.write("gunicorn_run.py", LAUNCHER),
                   "--bind=unix:" + self.socket, "--pid=" + self.path("pid"),
                   "--workers=%d" % live.WORKERS, "--graceful-timeout=60"]
        self.launch(command + list(options) + ["app:application"], **env)
        self.first_answer()

    def start_imported(self, *options, **named):
        strategy = named.get("strategy", live.STRATEGY)
        env = {} if strategy is None else {"PERMAFROST_STRATEGY": strategy}
        self.start("--config=python:permafrost.gunicorn", *options, **env)

    def pid_in(self, name):
        def read():
            try:
                with open(self.path(name)) as f:
                    return int(f.read() or 0)
            except OSError:
                return 0
        return live.wait_until(read, name + " is written")


class StrategyTest(live.StrategyTests, Gunicorn):
    def test_idle(self):
        """A worker that waits gives back what it keeps under load."""
        self.start("--config=" + self.write(
            "conf.py", "timeout = 2\n"
            "import permafrost.gunicorn\n"
            "permafrost.gunicorn.serving.IDLE_S = 1\n"
            "permafrost.gunicorn.install(globals(), 'freeze+reshare:grow=1G')\n"))
        workers = self.workers()
        pid = min(workers)
        before = live.private_kib(pid)
        self.ask_often(pid, 2, "60000")
        live.wait_until(lambda: live.private_kib(pid) < before + 4096,
                        "what was touched is given back")
        self.expect_on(self.workers())


class UpgradeTest(Gunicorn):
    """No request fails, with a strategy or without."""

    def test_hup(self):
        for strategy in ("none", live.STRATEGY):
            self.start_imported(strategy=strategy)
            for _ in range(2):
                old = self.workers()
                with live.Load(self.socket) as load:
                    self.server.send_signal(signal.SIGHUP)
                    self.workers_besides(old)
                self.assertTrue(load.served > 0)
                self.assertEqual(load.failed, [], strategy)
            if strategy != "none":
                self.expect_on(self.workers())
            self.assertEqual(self.lines()[-1:],
                             ["the strategy %s is on" % strategy])
            self.stop()
        self.assertEqual(len(self.lines()), 2)

    def test_usr2(self):
        for strategy in ("none", live.STRATEGY):
            self.start_imported(strategy=strategy)
            with live.Load(self.socket) as load:
                self.server.send_signal(signal.SIGUSR2)
                master = self.pid_in("pid.2")
                self.ask_workers(master, live.WORKERS)
                self.server.terminate()
                self.server.wait()
                live.wait_until(lambda: self.pid_in("pid") == master,
                                "the new master is the only one")
            self.assertTrue(load.served > 0)
            self.assertEqual(load.failed, [], strategy)
            if strategy != "none":
                self.expect_on(self.ask_workers(master, live.WORKERS))
            self.stop()
            os.remove(self.path("pid"))
        # Two masters each; none is off.
        self.assertEqual([line.partition(" is ")[2] for line in self.lines()],
                         ["on"] * 4)


class ConfigurationTest(Gunicorn):
    def start_by_file(self, text, *options):
        self.start("--config=" + self.write("conf.py", text), *options)
        return self.workers()

    def test_two_lines(self):
        self.expect_on(self.start_by_file(
            "import permafrost.gunicorn\n"
            "permafrost.gunicorn.install(globals(), '%s')\n" % live.STRATEGY))

    def test_star(self):
        self.expect_on(self.start_by_file(
            "import permafrost\n"
            "permafrost.install('%s')\n"
            "from permafrost.gunicorn import *\n" % live.STRATEGY))

    def test_own_hooks(self):
        """They run, before and after a reload."""
        workers = self.start_by_file("""
def when_ready(server): server.log.info("own when_ready")
def pre_fork(server, worker): server.log.info("own pre_fork")
def post_fork(server, worker): worker.log.info("own post_fork")
def post_request(worker, req): worker.log.info("own post_request")
def worker_exit(server, worker): worker.log.info("own worker_exit")
import permafrost.gunicorn
permafrost.gunicorn.install(globals(), "%s")
""" % live.STRATEGY)
        self.expect_on(workers)
        self.server.send_signal(signal.SIGHUP)
        self.workers_besides(workers)
        self.expect_on(self.workers())
        for name, number in (("when_ready", 1), ("pre_fork", 4),
                             ("post_fork", 4), ("post_request", 4),
                             ("worker_exit", 2)):
            live.wait_until(
                lambda: self.said().count("own " + name) >= number,
                "%d times %s" % (number, name))
        self.assertEqual(self.said().count("own when_ready"), 1)

    def test_another_strategy_on_reload(self):
        text = ("import permafrost.gunicorn\n"
                "permafrost.gunicorn.install(globals(), '%s')\n")
        workers = self.start_by_file(text % live.STRATEGY)
        self.write("conf.py", text % "none")
        self.server.send_signal(signal.SIGHUP)
        self.workers_besides(workers)
        self.expect_on(self.workers())
        self.assertEqual(len(self.lines()), 2, self.lines())
        self.assertIn("stays freeze", self.lines()[1])

    def test_threads(self):
        """Workers with threads serve; reshare then gives nothing back."""
        workers = self.start_by_file(
            "import permafrost.gunicorn\n"
            "permafrost.gunicorn.install(globals(), '%s')\n" % live.STRATEGY,
            "--threads=3")
        self.expect_on(workers)
        for pid in workers:
            self.ask_often(pid, 10, "1000")
        self.assertEqual(len(self.lines()), 1, self.lines())

    def test_install_alone(self):
        """Without gunicorn's hooks, from within the application."""
        self.write("installed.py", "import permafrost\n"
                   "from app import application\n"
                   "permafrost.install('%s')\n" % live.STRATEGY)
        self.launch([sys.executable, "-B",
                     self.write("gunicorn_run.py", LAUNCHER), "--preload",
                     "--bind=unix:" + self.socket, "--workers=%d" % live.WORKERS,
                     "installed:application"])
        self.first_answer()
        self.expect_on(self.workers())
        self.assertEqual(self.lines(), [])


class ErrorTest(live.ErrorTests, Gunicorn):
    def test_no_preload(self):
        self.start("--config=" + self.write(
            "conf.py", "preload_app = False\n"
            "import permafrost.gunicorn\n"
            "permafrost.gunicorn.install(globals(), 'freeze')\n"))
        self.expect_off(self.workers(), "preload_app")


if __name__ == "__main__":
    live.main(sys.argv, "__main__")
