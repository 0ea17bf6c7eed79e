"""Tests the guard: order of hooks, errors, and what is said of them."""
import logging
import os
import sys
import types

import permafrost
from permafrost import serving

import fakes
from fakes import Case, Log, Stack, calls, failing


class GuardTest(Case):
    def test_order(self):
        guard = self.start()
        self.assertEqual(self.take(), ["before_warm"])
        self.assertFalse(guard.status()["on"])
        guard.after_request()       # in the template: nothing
        guard.before_exit()
        for _ in range(3):
            guard.before_fork()
        self.assertEqual(self.take(), ["before_fork"])
        guard.after_request()
        guard.before_exit()
        self.assertEqual(self.take(), [])
        guard.after_fork_child()
        guard.after_request()
        guard.after_request()
        guard.before_exit()
        guard.before_exit()
        guard.after_request()
        self.assertEqual(self.take(), ["after_fork_child", "after_request",
                                       "after_request", "before_exit"])
        self.assertEqual(guard.status(), {"strategy": "one", "on": True,
                                          "reason": None})
        self.assertEqual(self.log.lines,
                         ["I permafrost: the strategy one is on"])

    def test_every_hook_may_fail(self):
        rows = (("before_warm", ["before_warm"]),
                ("before_fork", ["before_warm", "before_fork"]),
                ("after_fork_child", ["before_warm", "before_fork",
                                      "after_fork_child", "before_exit"]),
                ("after_request", ["before_warm", "before_fork",
                                   "after_fork_child", "after_request",
                                   "before_exit"]),
                ("before_exit", ["before_warm", "before_fork",
                                 "after_fork_child", "after_request",
                                 "after_request", "before_exit"]))
        for name, expected in rows:
            self.guard = serving.current = serving.Guard()
            self.log = Log()
            failing.clear()
            failing.add(name)
            guard = self.start()
            guard.before_fork()
            guard.before_fork()
            guard.after_fork_child()
            guard.after_request()
            guard.after_request()
            guard.before_exit()
            guard.start("one")
            self.assertEqual(self.take(), expected)
            self.expect_off("RuntimeError: %s broke" % name)

    def test_failure_while_it_is_switched_off(self):
        failing.update(["after_request", "before_exit"])
        guard = self.start()
        guard.before_fork()
        guard.after_fork_child()
        guard.after_request()
        self.expect_off("RuntimeError: after_request broke")

    def test_exit_passes(self):
        """A server's signal handler may raise SystemExit anywhere."""
        guard = self.start()
        guard.before_fork()
        guard.after_fork_child()
        guard._run = sys.exit
        self.assertRaises(SystemExit, guard.after_request)
        self.assertTrue(guard.status()["on"])

    def test_bad_spec(self):
        self.start("bad")
        self.guard.before_fork()
        self.guard.after_fork_child()
        self.expect_off("ValueError: bad spec 'bad'")
        self.assertEqual(calls, [])

    def test_not_even_a_text(self):
        self.start(7)
        self.assertEqual(len(self.log.errors()), 1)
        self.assertFalse(self.guard.status()["on"])

    def test_real_errors(self):
        permafrost.Stack = fakes.real_stack
        for spec in ("no-such", "freeze++", "freeze:1", "reshare:grow=x"):
            self.guard = serving.current = serving.Guard()
            self.log = Log()
            self.start(spec).before_fork()
            self.assertEqual(len(self.log.lines), 1, self.log.lines)
            self.assertTrue(spec in self.log.lines[0])

    def test_modules_that_are_no_strategies(self):
        for name in ("gunicorn", "serving", "atfork"):
            self.assertRaises(permafrost.UnknownStrategy, permafrost.load, name)

    def test_no_spec(self):
        self.start(None)
        self.guard.before_fork()
        self.guard.before_fork()
        self.expect_off("set PERMAFROST_STRATEGY, or install one")

    def test_environment_that_the_server_sets(self):
        """gunicorn's raw_env comes after the configuration was read."""
        self.start(None)
        os.environ[serving.ENVIRONMENT] = "one"
        self.guard.before_fork()
        self.assertEqual(self.take(), ["before_warm", "before_fork"])

    def test_environment_goes_first(self):
        os.environ[serving.ENVIRONMENT] = "two"
        self.start("one")
        self.assertEqual(self.guard.status()["strategy"], "two")
        self.guard.start("three")
        self.assertEqual(self.log.lines, [])
        os.environ[serving.ENVIRONMENT] = ""
        self.guard.start("one")
        self.assertEqual(len(self.log.lines), 1)

    def test_another_spec_later(self):
        self.start()
        self.guard.start("one")
        self.guard.start(None)
        self.assertEqual(self.log.lines, [])
        self.guard.start("two")
        self.assertEqual(self.log.lines, [
            "W permafrost: the strategy stays one until the server is started "
            "anew, then it will be two"])
        self.guard.before_fork()
        self.assertEqual(self.take(), ["before_warm", "before_fork"])

    def test_child_of_a_template_that_was_not_prepared(self):
        self.start().after_fork_child()
        self.expect_off("no process was forked after the application was "
                        "loaded")
        self.assertEqual(self.take(), ["before_warm"])

    def test_lines_wait_for_the_log(self):
        self.guard.start("bad")
        self.assertEqual(self.log.lines, [])
        self.guard.use_log(self.log)
        self.guard.use_log(self.log)
        self.expect_off("ValueError: bad spec 'bad'")

    def test_broken_log(self):
        self.guard.use_log(None)
        self.guard.use_log(object())
        self.guard.start("bad")
        self.assertFalse(self.guard.status()["on"])

    def test_uses(self):
        self.assertTrue(self.guard.uses("after_request"))
        Stack.absent = ("after_request",)
        self.start()
        self.assertFalse(self.guard.uses("after_request"))
        self.assertTrue(self.guard.uses("before_exit"))
        self.guard.before_fork()
        self.guard.after_fork_child()
        self.guard.after_request()
        self.assertEqual(calls, ["before_warm", "before_fork",
                                 "after_fork_child"])

    def wait(self, seconds):
        """The clock goes on, and a server comes back from waiting."""
        self.now += seconds
        self.guard.look_for_idleness()

    def be_a_worker(self):
        self.now = 1000
        self.addCleanup(setattr, serving, "_clock", serving._clock)
        serving._clock = lambda: self.now
        self.start()
        self.wait(serving.IDLE_S)       # the template never is
        self.wait(serving.IDLE_S)
        self.guard.before_fork()
        self.guard.after_fork_child()
        self.take()

    def test_idle(self):
        self.be_a_worker()
        self.wait(serving.IDLE_S - 1)
        self.wait(1)        # it may be a request that woke it up
        self.guard.after_request()
        self.assertEqual(self.take(), ["after_request"])
        self.wait(serving.IDLE_S)
        self.assertEqual(self.take(), [])
        self.wait(0)
        self.assertEqual(self.take(), ["give_back"])
        for _ in range(5):              # once is enough
            self.wait(serving.IDLE_S)
        self.assertEqual(self.take(), [])
        self.guard.after_request()
        self.wait(serving.IDLE_S)
        self.wait(0)
        self.assertEqual(self.take(), ["after_request", "give_back"])
        self.guard.after_request()
        self.guard.before_exit()
        self.take()
        self.wait(serving.IDLE_S)
        self.wait(0)
        self.assertEqual(self.take(), [])

    def test_idle_fails(self):
        self.be_a_worker()
        failing.add("give_back")
        self.wait(serving.IDLE_S)
        self.wait(0)
        self.assertEqual(self.take(), ["give_back", "before_exit"])
        self.expect_off("RuntimeError: give_back broke")
        self.wait(serving.IDLE_S)
        self.wait(0)
        self.assertEqual(self.take(), [])

    def test_idle_when_off(self):
        self.be_a_worker()
        failing.add("after_request")
        self.guard.after_request()
        self.take()
        self.wait(serving.IDLE_S)
        self.wait(0)
        self.assertEqual(self.take(), [])

    def test_rehearsals(self):
        self.assertEqual(permafrost.rehearsals(), 0)
        self.start()
        self.assertEqual(permafrost.rehearsals(), 3)

    def test_chain(self):
        def theirs(*args):
            calls.append(args)
            raise KeyError(args)

        def ours():
            calls.append("ours")
        self.assertRaises(KeyError, serving.chain(theirs, ours), 1, 2)
        serving.chain(None, ours)(3)
        self.assertEqual(calls, [(1, 2), "ours", "ours"])


class LogTest(Case):
    def test_where_logging_is_set_up(self):
        handled = []
        handler = logging.Handler()
        handler.emit = handled.append
        logger = logging.getLogger("permafrost")
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        serving.Log().error("100 % wrong")
        self.assertEqual([(r.levelname, r.getMessage()) for r in handled],
                         [("ERROR", "100 % wrong")])

    def test_where_it_is_not(self):
        kept = []
        stderr = sys.stderr
        self.addCleanup(setattr, sys, "stderr", stderr)
        sys.stderr = types.ModuleType("stderr")
        sys.stderr.write = kept.append
        # A handler that does not get to hear of it.
        handler = logging.Handler()
        handler.emit = kept.append
        logging.getLogger().addHandler(handler)
        self.addCleanup(logging.getLogger().removeHandler, handler)
        logging.getLogger("permafrost").propagate = False
        self.addCleanup(setattr, logging.getLogger("permafrost"), "propagate",
                        True)
        log = serving.Log()
        log.info("not worth it")
        log.warning("odd")
        log.error("wrong")
        sys.stderr = None
        self.guard.use_log(log)
        self.guard.turn_off("nobody can hear")
        self.assertEqual(kept, ["odd\n", "wrong\n"])
