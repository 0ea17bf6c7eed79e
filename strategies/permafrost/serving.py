"""The stack that a server uses, whatever server that is: its hooks run in their
order, and an error in one never reaches the server.

There is one stack per process, `current`, which workers inherit.  gunicorn.py,
uwsgi.py and celery.py say when a server comes to which of its hooks; install()
does so for servers that are not known.  On the first error, here or in a
strategy, one line goes to the server's log and the strategy is off, in this
process and in those it forks from then on; a server that is started anew tries
again.
"""
from __future__ import absolute_import

import atexit
import importlib
import logging
import os
import sys
import traceback

import permafrost

# A spec in the environment goes before one in the code, so that a server can be
# run with another strategy, or with `none`, as it is.
ENVIRONMENT = "PERMAFROST_STRATEGY"

# Seconds without a request after which a worker is idle: pages that each request
# copies are then worth giving back.
IDLE_S = 10


def _clock():
    """Seconds since some moment, by the one clock of 2.7 that nobody sets."""
    return os.times()[4]


def describe():
    """The exception that is being handled, in one line."""
    lines = traceback.format_exception_only(*sys.exc_info()[:2])
    return lines[-1].strip()


class Log(object):
    """The logger `permafrost` where logging is set up, else stderr."""

    def _write(self, level, text):
        logger = listener = logging.getLogger("permafrost")
        while listener is not None:
            if listener.handlers:
                return logger.log(level, text)
            listener = listener.parent if listener.propagate else None
        if level > logging.INFO:
            sys.stderr.write(text + "\n")

    def info(self, text):
        self._write(logging.INFO, text)

    def warning(self, text):
        self._write(logging.WARNING, text)

    def error(self, text):
        self._write(logging.ERROR, text)


class Guard(object):
    """A stack of strategies on whose hooks a server may depend for nothing.

    `wiring` names who calls them: "fork", "gunicorn", "uwsgi", "celery", or
    None as long as nobody does.
    """

    def __init__(self):
        self.wiring = None
        self._log = None        # until then lines wait in _unsaid
        self._unsaid = []
        self._spec = None       # as asked for; None: not yet
        self._stack = None      # None: not yet, or off
        self._reason = None     # why it is off
        self._prepared = False  # before_fork is done
        self._serving = False   # this is a worker, and not at its end
        self._run = None        # after_request of all parts, in a worker
        self._give_back = None  # that of a part, in a worker
        self._served_at = None  # when the last request ended, or infinity
        self._waits = False     # for longer than IDLE_S, at the last look

    def use_log(self, log):
        """From now on lines go to log.info(), .warning() or .error(), and those
        that waited for it."""
        self._log = log
        unsaid, self._unsaid = self._unsaid, []
        for level, text in unsaid:
            self._say(level, text)

    def _say(self, level, text):
        if self._log is None:
            self._unsaid.append((level, text))
            return
        try:
            getattr(self._log, level)("permafrost: " + text)
        except Exception:
            pass        # a log that is broken is no reason to stop

    def turn_off(self, reason, quiet=False):
        """The strategy is off from now on; tells why, but for the first time
        only.  A worker gets back from the parts what they give back at its end
        (automatic collection); what was frozen stays so, since to thaw it would
        copy it all."""
        if self._reason is not None:
            return
        self._reason = reason
        stack, self._stack = self._stack, None
        self._run = self._give_back = None
        if not quiet:
            self._say("error", "the strategy %s is off: %s" % (
                self._spec or "(none was chosen)", reason))
        if self._serving:
            self._serving = False
            try:
                stack.before_exit()
            except Exception:
                pass    # what is said already came first

    def attempt(self, function, *args):
        """function(*args), of which an exception turns the strategy off."""
        try:
            function(*args)
        except Exception:
            self.turn_off(describe())

    def start(self, spec=None):
        """Makes the stack `spec`, or that of PERMAFROST_STRATEGY; best before
        the application is loaded.  Without both a later call may."""
        spec = os.environ.get(ENVIRONMENT) or spec
        if spec is None or spec == self._spec or self._reason is not None:
            return
        if self._spec is not None:
            self._say("warning", "the strategy stays %s until the server is "
                      "started anew, then it will be %s" % (self._spec, spec))
            return
        self._spec = spec
        self.attempt(self._start)

    def _start(self):
        stack = permafrost.Stack(self._spec)
        stack.before_warm()
        self._stack = stack

    def uses(self, hook):
        """Whether a part has that hook, or may turn out to have it."""
        if self._spec is None:
            return True
        return self._stack is not None and self._stack.hook(hook) is not None

    def rehearsals(self):
        """Number of requests that the application is to serve to itself before
        the first fork."""
        return self._stack.rehearsals() if self._stack is not None else 0

    def status(self):
        """What is to be seen from outside: a dict of the strategy as it was
        asked for, whether it is on in this process, and why not."""
        return {"strategy": self._spec, "reason": self._reason,
                "on": self._stack is not None and self._prepared}

    # The hooks of a stack, each to be called at least when it is due.

    def before_fork(self):
        """In the template, before it forks its first worker; again before
        others does nothing."""
        if self._prepared:
            return
        if self._spec is None:
            self.start()        # a server may have set it for itself
        if self._spec is None:
            self.turn_off("set %s, or install one" % ENVIRONMENT)
        if self._stack is not None:
            self.attempt(self._before_fork)

    def _before_fork(self):
        self._stack.before_fork()
        self._prepared = True
        self._say("info", "the strategy %s is on" % self._stack)

    def after_fork_child(self):
        """In a worker, right after the fork."""
        if self._stack is None:
            return
        if not self._prepared:
            self.turn_off("no process was forked after the application was "
                          "loaded")
            return
        self._serving = True
        self._run = self._stack.hook("after_request")
        self._give_back = self._stack.function("give_back")
        self._served_at = _clock()
        self.attempt(self._stack.after_fork_child)

    def after_request(self):
        """In a worker, after each request; elsewhere it does nothing."""
        if self._run is not None:
            self.attempt(self._run)
        if self._give_back is not None:
            self._served_at, self._waits = _clock(), False

    def look_for_idleness(self):
        """In a worker that is about to wait for requests, or is back from that,
        at least every few seconds; elsewhere it does nothing.  When it finds
        nothing served for IDLE_S it does not know yet whether a request ended
        that; the next time, without one between, it gives back all it can, once."""
        if self._give_back is None or _clock() - self._served_at < IDLE_S:
            return
        if not self._waits:
            self._waits = True
            return
        self._served_at = float("inf")
        self.attempt(self._give_back)

    def before_exit(self):
        """In a worker, after its last request; elsewhere it does nothing."""
        if self._serving:
            self._serving, self._run, self._give_back = False, None, None
            self.attempt(self._stack.before_exit)


current = Guard()


def chain(theirs, ours):
    """A function that calls theirs(*args), if it is not None, and then ours(),
    even if the first has failed."""
    if theirs is None:
        return lambda *args: ours()

    def both(*args):
        try:
            return theirs(*args)
        finally:
            ours()
    return both


def on_fork(before, in_child):
    """Calls before() before, and in_child() in the child after, every os.fork()
    from now on.  Before 3.7 the interpreter has nothing for that, so another
    function takes the place of os.fork; what took a copy of it earlier is not
    seen.  The forks of subprocess, which run other programs, are no matter,
    except those with a preexec_fn from 3.7 on."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_child=in_child)
        return
    fork = os.fork

    def fork_and_call():
        # 2.7's subprocess forks like anybody else.
        if sys._getframe(1).f_globals.get("__name__") == "subprocess":
            return fork()
        before()
        pid = fork()
        if pid == 0:
            in_child()
        return pid
    os.fork = fork_and_call


def _before():
    if current.wiring == "fork":
        current.before_fork()


def _in_child():
    if current.wiring == "fork":
        current.after_fork_child()


def _at_exit():
    if current.wiring == "fork":
        current.before_exit()


def install(spec=None):
    """See permafrost.install()."""
    current.start(spec)
    if current.wiring is not None:
        return
    # The module that uWSGI has built in, not somebody's stand-in for it.
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and not hasattr(uwsgi, "__file__"):
        importlib.import_module("permafrost.uwsgi")     # wires itself
        return
    current.wiring = "fork"
    current.use_log(Log())
    on_fork(_before, _in_child)
    atexit.register(_at_exit)
