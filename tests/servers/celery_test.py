"""Tests Celery's signals with a package that plays its part."""
import os
import sys
import types

from permafrost import serving

from fakes import Case, calls, fresh


class Signal(object):
    def __init__(self):
        self.receivers = []

    def connect(self, function):
        self.receivers.append(function)

    def send(self, sender=None, **named):
        for function in self.receivers:
            function(signal=self, sender=sender, **named)


class Worker(object):
    """Celery's WorkController."""

    def __init__(self, app, pool_cls):
        self.app = app
        self.pool_cls = pool_cls


class CeleryTest(Case):
    SIGNALS = ("worker_init", "worker_process_init", "task_postrun",
               "worker_process_shutdown")

    def setUp(self):
        Case.setUp(self)
        self.kept_fork = os.fork
        self.addCleanup(setattr, os, "fork", self.kept_fork)
        self.forks = []
        self.addCleanup(setattr, serving, "on_fork", serving.on_fork)
        serving.on_fork = lambda before, in_child: self.forks.append(before)
        self.signals = types.ModuleType("celery.signals")
        for name in self.SIGNALS:
            setattr(self.signals, name, Signal())
        prefork = types.ModuleType("celery.concurrency.prefork")
        prefork.TaskPool = type("TaskPool", (object,), {})
        concurrency = types.ModuleType("celery.concurrency")
        pools = {"prefork": prefork.TaskPool, "solo": Signal}
        concurrency.get_implementation = lambda pool: pools.get(pool, pool)
        concurrency.prefork = prefork
        celery = types.ModuleType("celery")
        celery.signals, celery.concurrency = self.signals, concurrency
        for module in (celery, self.signals, concurrency, prefork):
            sys.modules[module.__name__] = module
            self.addCleanup(sys.modules.pop, module.__name__, None)
        self.pool = prefork.TaskPool
        self.addCleanup(setattr, serving, "Log", serving.Log)
        serving.Log = lambda: self.log

    def serve(self, worker=None):
        self.signals.worker_init.send(sender=worker)
        for before in self.forks * 2:
            before()
        self.signals.worker_process_init.send()
        self.signals.task_postrun.send(task_id=1)
        self.signals.task_postrun.send(task_id=2)
        self.signals.worker_process_shutdown.send(pid=1, exitcode=0)

    ALL = ["before_warm", "before_fork", "after_fork_child", "after_request",
           "after_request", "before_exit"]

    def test_by_environment(self):
        os.environ[serving.ENVIRONMENT] = "one"
        fresh("celery")
        self.serve()
        self.assertEqual(calls, self.ALL)
        self.assertEqual(len(self.forks), 1)

    def test_by_install(self):
        for app, pool in ((None, "prefork"), ("app", self.pool)):
            self.guard = serving.current = serving.Guard()
            del self.forks[:]
            for name in self.SIGNALS:
                setattr(self.signals, name, Signal())
            fresh("celery").install(app, "one")
            self.assertEqual(self.take(), [])
            self.serve(Worker("app", pool))
            self.assertEqual(self.take(), self.ALL)

    def test_worker_init_twice(self):
        fresh("celery").install(None, "one")
        self.signals.worker_init.send()
        self.serve()
        self.assertEqual((calls, len(self.forks)), (self.ALL, 1))

    def test_not_in_a_worker(self):
        """A web server imports the same app."""
        fresh("celery").install("app", "one")
        self.assertEqual((calls, self.guard.wiring, self.forks),
                         ([], None, []))

    def test_worker_of_another_app(self):
        fresh("celery").install("app", "one")
        self.serve(Worker("other", "prefork"))
        self.assertEqual((calls, self.guard.wiring), ([], None))

    def test_other_pools(self):
        fresh("celery").install("app", "one")
        self.serve(Worker("app", "solo"))
        self.assertEqual(calls, ["before_warm"])
        self.expect_off("the pool solo forks no processes; it takes prefork")

    def test_without_spec(self):
        fresh("celery")
        self.serve()
        self.expect_off("set PERMAFROST_STRATEGY, or install one")
