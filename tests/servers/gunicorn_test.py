"""Tests gunicorn's hooks with an arbiter that is none."""
import functools
import inspect
import os
import sys
import types

import permafrost
from permafrost import serving

from fakes import Case, calls, fresh


class Arbiter(object):
    """gunicorn's, as far as hooks see it."""

    def __init__(self, log, preload_app=True):
        self.log = log
        self.cfg = types.ModuleType("cfg")
        self.cfg.preload_app = preload_app


class GunicornTest(Case):
    def setUp(self):
        Case.setUp(self)
        self.arbiter = Arbiter(self.log)

    def serve(self, hooks):
        """What gunicorn calls for two workers, the second one in `calls`."""
        hooks["when_ready"](self.arbiter)
        hooks["pre_fork"](self.arbiter, None)
        hooks["pre_fork"](self.arbiter, None)
        hooks["post_fork"](self.arbiter, None)
        hooks["post_request"](None, None, {}, None)
        hooks["worker_exit"](self.arbiter, None)

    def test_by_environment(self):
        os.environ[serving.ENVIRONMENT] = "one"
        module = fresh("gunicorn")
        self.assertEqual(self.take(), ["before_warm"])
        self.assertTrue(module.preload_app is True)
        self.serve(vars(module))
        self.assertEqual(calls, ["before_fork", "after_fork_child",
                                 "after_request", "before_exit"])
        self.assertEqual(len(self.log.lines), 1)

    def test_idle(self):
        """A worker's sign of life, which it still gives, is when it is looked at."""
        class Worker(object):
            def notify(self):
                calls.append("notify")
        worker = Worker()
        self.addCleanup(setattr, serving, "IDLE_S", serving.IDLE_S)
        serving.IDLE_S = 0
        permafrost.install("one")
        module = fresh("gunicorn")
        module.when_ready(self.arbiter)
        module.post_fork(self.arbiter, worker)
        self.take()
        for _ in range(3):
            worker.notify()
        self.assertEqual(calls, ["notify", "notify", "give_back", "notify"])

    def test_star(self):
        fresh("gunicorn")
        namespace = {}
        exec("from permafrost.gunicorn import *", namespace)
        del namespace["__builtins__"]
        self.assertEqual(sorted(namespace), [
            "post_fork", "post_request", "pre_fork", "preload_app",
            "when_ready", "worker_exit"])

    def test_after_install(self):
        """A configuration that installs first, then imports the hooks."""
        permafrost.install("one")
        self.serve(vars(fresh("gunicorn")))
        self.assertEqual(self.guard.wiring, "gunicorn")
        self.assertEqual(calls, ["before_warm", "before_fork",
                                 "after_fork_child", "after_request",
                                 "before_exit"])

    def test_reload(self):
        """A file is read anew; what it says of the strategy is old news, and
        there is no when_ready."""
        module = fresh("gunicorn")
        first, second = {}, {}
        module.install(first, "one")
        first["when_ready"](self.arbiter)
        first["pre_fork"](self.arbiter, None)
        module.install(second, "one")
        second["pre_fork"](self.arbiter, None)
        second["post_fork"](self.arbiter, None)
        second["post_request"](None, None, {}, None)
        self.assertEqual(calls, ["before_warm", "before_fork",
                                 "after_fork_child", "after_request"])
        self.assertEqual(len(self.log.lines), 1)

    def test_first_in_a_reload(self):
        namespace = {}
        fresh("gunicorn").install(namespace, "one")
        namespace["pre_fork"](self.arbiter, None)
        namespace["post_fork"](self.arbiter, None)
        self.assertEqual(calls, ["before_warm", "before_fork",
                                 "after_fork_child"])

    def test_without_preload(self):
        self.arbiter.cfg.preload_app = False
        namespace = {"preload_app": False}
        fresh("gunicorn").install(namespace, "one")
        self.assertTrue(namespace["preload_app"] is False)
        self.serve(namespace)
        self.assertEqual(calls, ["before_warm"])
        self.expect_off("gunicorn loads the application in each worker; set "
                        "preload_app, or --preload")

    def test_install_in_the_application(self):
        """gunicorn's hooks are in use already; forks are not looked at."""
        self.addCleanup(setattr, serving, "on_fork", serving.on_fork)
        serving.on_fork = None
        os.environ[serving.ENVIRONMENT] = "one"
        hooks = vars(fresh("gunicorn"))
        permafrost.install("two")
        self.serve(hooks)
        self.assertEqual(self.guard.wiring, "gunicorn")
        self.assertEqual(len(self.log.lines), 1)

    def test_without_spec(self):
        self.serve(vars(fresh("gunicorn")))
        self.expect_off("set PERMAFROST_STRATEGY, or install one")

    def test_arbiter_of_another_shape(self):
        self.arbiter.cfg = None
        namespace = {}
        fresh("gunicorn").install(namespace, "one")
        self.serve(namespace)
        self.assertEqual(len(self.log.errors()), 1)

    def test_own_hooks_come_first(self):
        def own(name):
            def hook(*args):
                calls.append("own " + name)
            return hook
        names = ("when_ready", "pre_fork", "post_fork", "worker_exit")
        namespace = dict((name, own(name)) for name in names)
        namespace["post_request"] = lambda worker, req: calls.append("two")
        fresh("gunicorn").install(namespace, "one")
        self.serve(namespace)
        self.assertEqual(calls, [
            "before_warm", "own when_ready", "before_fork", "own pre_fork",
            "own pre_fork", "own post_fork", "after_fork_child", "two",
            "after_request", "own worker_exit", "before_exit"])

    def test_own_hook_that_fails(self):
        def post_request(worker, req, environ):
            raise KeyError(environ)
        namespace = {"post_request": post_request}
        fresh("gunicorn").install(namespace, "one")
        self.assertRaises(KeyError, self.serve, namespace)
        self.assertEqual(calls[-1], "after_request")
        self.assertEqual(self.log.errors(), [])

    def test_kinds_of_own_hooks(self):
        class Hooks(object):
            def method(self, worker, req, environ):
                calls.append(3)

            def __call__(self, *args):
                calls.append(len(args))
        hooks = types.ModuleType("own_hooks")
        hooks.hook = lambda worker, req: calls.append(2)
        sys.modules["own_hooks"] = hooks
        self.addCleanup(sys.modules.pop, "own_hooks")
        module = fresh("gunicorn")
        kinds = [(Hooks().method, 3), (Hooks(), 4), ("own_hooks.hook", 2),
                 (lambda *args: calls.append(len(args)), 4)]
        if hasattr(inspect, "signature"):
            @functools.wraps(hooks.hook)
            def decorated(*args, **named):
                hooks.hook(*args, **named)
            partial = functools.partial(
                lambda number, worker, req: calls.append(number), 2)
            kinds += [(decorated, 2), (partial, 2)]
        for hook, arguments in kinds:
            namespace = {"post_request": hook}
            module.install(namespace, "one")
            self.take()
            namespace["post_request"](None, None, {}, None)
            self.assertEqual(calls, [arguments])

    def test_own_hook_that_is_none(self):
        namespace = {"post_fork": "no_such_module.hook"}
        self.guard.use_log(self.log)
        fresh("gunicorn").install(namespace, "one")
        self.assertEqual(namespace["post_fork"], "no_such_module.hook")
        self.assertEqual(len(self.log.errors()), 1)

    def test_number_of_parameters(self):
        """gunicorn refuses a hook with another one."""
        count = getattr(inspect, "getfullargspec", None) or inspect.getargspec
        module = fresh("gunicorn")
        namespace = {"when_ready": lambda s: None, "pre_fork": lambda s, w: None,
                     "post_request": lambda w, r: None}
        for hooks in (vars(module), namespace):
            module.install(namespace, "one")
            self.assertEqual(
                [len(count(hooks[name]).args) for name, _ in module._HOOKS],
                [1, 2, 2, 4, 2])

    def test_hooks_twice(self):
        namespace = {}
        module = fresh("gunicorn")
        exec("from permafrost.gunicorn import *", namespace)
        module.install(namespace, "one")
        self.serve(namespace)
        self.assertEqual(calls.count("after_request"), 1)
