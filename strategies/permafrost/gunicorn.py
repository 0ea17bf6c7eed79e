"""The hooks of gunicorn (19.0 and later) for a strategy:

    PERMAFROST_STRATEGY=freeze+reshare gunicorn -c python:permafrost.gunicorn app:app

or, with a configuration file of your own, as its last lines:

    import permafrost.gunicorn
    permafrost.gunicorn.install(globals(), "freeze+reshare")

which calls hooks that the file has itself before these.  A file without any can
as well say `from permafrost.gunicorn import *`.

What gunicorn calls when (gunicorn/arbiter.py, the same from 19.0 to 26):
  - the configuration is read, preload_app loads the application, when_ready is
    called in the arbiter, then for each worker pre_fork there and post_fork in
    the worker.  All workers are forks of the arbiter, replacements, too.
  - HUP reads the configuration again (a file anew, a module not), keeps the
    application that was preloaded, and forks new workers; there is no
    when_ready.  What was prepared stays so, hence the state is kept elsewhere
    (serving.py).  A strategy that only the new configuration has is prepared by
    pre_fork.
  - USR2 starts another arbiter by fork and exec, which does everything anew.
  - post_request is called by the sync, gthread, gevent and eventlet workers, and
    from 24 on by gunicorn's own asgi.  Those of tornado and uvicorn do not: there
    the application calls permafrost.after_request() itself.
  - workers of all kinds call their notify() before and after they wait for
    requests, at least every half of the setting timeout.
  - worker_exit is called in the worker, but in the arbiter for a worker that
    has vanished.
  - preload_app decides that there is anything to share.
"""
from __future__ import absolute_import

import inspect

from permafrost import serving

preload_app = True

# Name and number of parameters, which gunicorn checks.
_HOOKS = (("when_ready", 1), ("pre_fork", 2), ("post_fork", 2),
          ("post_request", 4), ("worker_exit", 2))

__all__ = ["preload_app"] + [name for name, _ in _HOOKS]


def _prepare(arbiter):
    serving.current.use_log(arbiter.log)
    if arbiter.cfg.preload_app:
        serving.current.before_fork()
    else:
        serving.current.turn_off("gunicorn loads the application in each "
                                 "worker; set preload_app, or --preload")


def when_ready(server):
    serving.current.attempt(_prepare, server)


def pre_fork(server, worker):
    serving.current.attempt(_prepare, server)


def _watch(worker):
    """Looks for idleness whenever the worker tells the arbiter that it lives."""
    notify = getattr(worker, "notify", None)
    if notify is None:
        return

    def notify_and_look():
        notify()
        serving.current.look_for_idleness()
    worker.notify = notify_and_look


def post_fork(server, worker):
    serving.current.after_fork_child()
    serving.current.attempt(_watch, worker)


def post_request(worker, req, environ, resp):
    serving.current.after_request()


def worker_exit(server, worker):
    serving.current.before_exit()


def _function(hook):
    """A hook that a configuration may also give as the text module.name."""
    if hasattr(hook, "rsplit"):
        module, name = hook.rsplit(".", 1)
        hook = getattr(__import__(module, fromlist=[name]), name)
    return hook


def _accepted(function, most):
    """Number of arguments to call a hook with: gunicorn takes such with fewer,
    too.  It asks for the signature, which knows of decorators and partial();
    2.7 has none."""
    if hasattr(inspect, "signature"):
        kinds = [parameter.kind for parameter in
                 inspect.signature(function).parameters.values()]
        if inspect.Parameter.VAR_POSITIONAL in kinds:
            return most
        return min(most, len(kinds) -
                   kinds.count(inspect.Parameter.KEYWORD_ONLY) -
                   kinds.count(inspect.Parameter.VAR_KEYWORD))
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & 0x04:    # it has *args
        return most
    is_bound = getattr(function, "__self__", None) is not None
    return min(most, code.co_argcount - is_bound)


def _chain(theirs, ours, parameters):
    """A hook that calls theirs and ours, with the number of parameters that
    gunicorn expects."""
    theirs = _function(theirs)
    accepted = _accepted(theirs, parameters)

    def call(*args):
        try:
            theirs(*args[:accepted])
        finally:
            ours(*args)
    return {1: lambda a: call(a), 2: lambda a, b: call(a, b),
            4: lambda a, b, c, d: call(a, b, c, d)}[parameters]


def _install(namespace):
    for name, parameters in _HOOKS:
        theirs, ours = namespace.get(name), globals()[name]
        if theirs is None:
            namespace[name] = ours
        elif theirs is not ours:
            namespace[name] = _chain(theirs, ours, parameters)


def install(namespace, spec=None):
    """Puts the hooks into `namespace`, the globals() of a configuration file,
    behind those that it has: for the file's last line.  Sets preload_app, unless
    the file does.  `spec` is a stack, unless PERMAFROST_STRATEGY is set."""
    serving.current.start(spec)
    namespace.setdefault("preload_app", True)
    serving.current.attempt(_install, namespace)


# Lines wait for the arbiter's log.
serving.current.wiring = "gunicorn"
serving.current.start()
