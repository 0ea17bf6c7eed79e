"""Tests uWSGI's hooks with a module that plays its part."""
import os
import sys
import types

import permafrost
from permafrost import serving

from fakes import Case, Log, Stack, calls, fresh


class Uwsgi(types.ModuleType):
    """The module that uWSGI builds in, and what its core does with it."""

    def __init__(self, log, **opt):
        types.ModuleType.__init__(self, "uwsgi")
        if hasattr(self, "__file__"):
            del self.__file__
        self.opt = opt
        self.wid = 0
        self.log = log.error
        sys.modules["uwsgi"] = self

    def worker_id(self):
        return self.wid


class UwsgiTest(Case):
    def setUp(self):
        Case.setUp(self)
        self.addCleanup(sys.modules.pop, "uwsgi", None)
        self.addCleanup(sys.modules.pop, "permafrost.atfork", None)
        self.uwsgi = Uwsgi(self.log)
        self.waiting = []
        atfork = types.ModuleType("permafrost.atfork")
        atfork.once = self.waiting.append
        self.addCleanup(setattr, permafrost, "atfork",
                        getattr(permafrost, "atfork", None))
        permafrost.atfork = sys.modules["permafrost.atfork"] = atfork

    def serve(self, load=lambda: None):
        """What uWSGI does from the import on; `load` loads the application."""
        load()
        hook = getattr(self.uwsgi, "after_req_hook", None)
        if self.waiting:
            self.waiting.pop()()
        self.uwsgi.wid = 2
        getattr(self.uwsgi, "post_fork_hook", lambda: None)()
        if hook is not None:
            hook()
            hook()
        getattr(self.uwsgi, "atexit", lambda: None)()

    def test_by_environment(self):
        os.environ[serving.ENVIRONMENT] = "one"
        fresh("uwsgi")
        self.serve()
        self.assertEqual(calls, [
            "before_warm", "before_fork", "after_fork_child", "after_request",
            "after_request", "before_exit"])
        self.assertEqual(self.log.lines,
                         ["E permafrost: the strategy one is on"])

    def test_by_install(self):
        sys.modules.pop("permafrost.uwsgi", None)
        self.serve(lambda: permafrost.install("one"))
        self.assertEqual(self.guard.wiring, "uwsgi")
        self.assertEqual(calls, [
            "before_warm", "before_fork", "after_fork_child", "after_request",
            "after_request", "before_exit"])

    def test_import_and_install(self):
        fresh("uwsgi")
        self.serve(lambda: permafrost.install("one"))
        self.assertEqual(calls, [
            "before_warm", "before_fork", "after_fork_child", "after_request",
            "after_request", "before_exit"])

    def test_stand_in_on_disk(self):
        self.uwsgi.__file__ = "uwsgi.py"
        permafrost.install("one")
        self.assertEqual(self.guard.wiring, "fork")

    def test_no_hook_that_nobody_needs(self):
        Stack.absent = ("after_request",)
        os.environ[serving.ENVIRONMENT] = "one"
        fresh("uwsgi")
        self.assertFalse(hasattr(self.uwsgi, "after_req_hook"))
        self.uwsgi.after_req_hook = None
        self.serve()
        self.assertEqual(self.log.lines,
                         ["E permafrost: the strategy one is on"])

    def test_own_hooks_before(self):
        for name in ("after_req_hook", "post_fork_hook", "atexit"):
            setattr(self.uwsgi, name,
                    lambda name=name: calls.append("own " + name))
        os.environ[serving.ENVIRONMENT] = "one"
        fresh("uwsgi")
        self.serve()
        self.assertEqual(calls, [
            "before_warm", "before_fork", "own post_fork_hook",
            "after_fork_child", "own after_req_hook", "after_request",
            "own after_req_hook", "after_request", "own atexit",
            "before_exit"])

    def test_own_hooks_of_the_application(self):
        """uwsgidecorators put their own post_fork_hook over ours."""
        def load():
            self.uwsgi.post_fork_hook = lambda: calls.append("own")
            self.uwsgi.after_req_hook = module.after_request(
                lambda: calls.append("own too"))
        os.environ[serving.ENVIRONMENT] = "one"
        module = fresh("uwsgi")
        self.serve(load)
        self.assertEqual(calls, [
            "before_warm", "before_fork", "own", "after_fork_child",
            "own too", "after_request", "own too", "after_request",
            "before_exit"])

    def test_after_request_taken_away(self):
        def load():
            self.uwsgi.after_req_hook = lambda: calls.append("own")
        os.environ[serving.ENVIRONMENT] = "one"
        fresh("uwsgi")
        self.serve(load)
        self.assertEqual(calls, ["before_warm", "own", "own"])
        self.expect_off(
            "the application has put its own into uwsgi.after_req_hook; let it "
            "set permafrost.uwsgi.after_request(HOOK) instead")

    def test_lazy_apps(self):
        for name in ("lazy-apps", "lazy"):
            for worker in (0, 1, 2):
                self.guard = serving.current = serving.Guard()
                self.log = Log()
                self.uwsgi = Uwsgi(self.log, **{name: True})
                self.uwsgi.wid = worker
                os.environ[serving.ENVIRONMENT] = "one"
                fresh("uwsgi")
                self.take()
                self.serve()
                self.assertEqual(calls, [])
                self.assertEqual(self.waiting, [])
                self.assertEqual(self.log.lines, [] if worker == 2 else [
                    "E permafrost: the strategy one is off: with %s each "
                    "worker loads the application for itself" % name])

    def test_import_in_a_worker(self):
        """Whatever the reason, it is too late then."""
        self.uwsgi.wid = 1
        os.environ[serving.ENVIRONMENT] = "one"
        fresh("uwsgi")
        self.expect_off("with lazy-apps each worker loads the application for "
                        "itself")

    def test_no_process_was_forked(self):
        del self.waiting[:]
        os.environ[serving.ENVIRONMENT] = "one"
        fresh("uwsgi")
        self.waiting.pop()
        self.serve()
        self.expect_off("no process was forked after the application was "
                        "loaded")

    def test_without_spec(self):
        fresh("uwsgi")
        self.serve()
        self.expect_off("set PERMAFROST_STRATEGY, or install one")

    def test_exit_of_the_master(self):
        os.environ[serving.ENVIRONMENT] = "one"
        fresh("uwsgi")
        self.uwsgi.atexit()
        self.assertEqual(calls, ["before_warm"])

    def test_nothing_was_built(self):
        permafrost.__dict__.pop("atfork", None)
        sys.modules["permafrost.atfork"] = None
        os.environ[serving.ENVIRONMENT] = "one"
        fresh("uwsgi")
        self.assertEqual(len(self.log.errors()), 1)
        self.assertFalse(self.guard.status()["on"])
