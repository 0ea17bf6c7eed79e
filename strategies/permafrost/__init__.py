"""Freeze strategies for pre-fork servers: the heap of a warmed template is
prepared before the fork, so that workers go on sharing it.

    import permafrost
    stack = permafrost.Stack("collect+freeze")
    ...load the application...
    stack.before_fork()

A spec is ``NAME[:ARG]...`` parts joined by ``+``; each NAME is a module of this
package, mostly an extension module.  Runs unchanged on Python 2.7, 3.4-3.14 and
PyPy.

Servers call such hooks for you: see permafrost.gunicorn, permafrost.uwsgi and
permafrost.celery, and install() below for others.
"""
import importlib
import os
import re

HOOKS = ("before_warm", "before_fork", "after_fork_child", "after_request",
         "before_exit")

_NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")


class UnknownStrategy(ValueError):
    """A spec names a strategy that this package does not have."""


class Unsupported(ImportError):
    """A strategy that there cannot be for this interpreter; the text says why."""


def load(name):
    """Returns the module of the strategy NAME, as written in a spec.

    Raises UnknownStrategy for a name that is none, and ImportError when the
    module refuses this interpreter, or no module was built for it.
    """
    path = "%s.%s" % (__name__, name.replace("-", "_"))
    if _NAME.match(name):
        try:
            module = importlib.import_module(path)
        except Unsupported:
            raise
        except ImportError:
            if _exists(path, ".so"):
                raise
        else:
            if hasattr(module, "HOOKS"):
                return module
    if not _exists(__name__ + ".none", ".so", ".py"):
        raise ImportError("permafrost was installed without its compiled "
                          "strategies, which are for CPython on Linux")
    raise UnknownStrategy("unknown strategy '%s'" % name)


def _exists(path, *suffixes):
    """Whether there is a file with one of these suffixes to import `path` from."""
    name = path.rsplit(".", 1)[1]
    return any(os.path.exists(os.path.join(folder, name + suffix))
               for folder in __path__ for suffix in suffixes)


def split(spec):
    """Splits a spec into a list of (name, arguments); ValueError if empty."""
    parts = []
    for part in spec.split("+"):
        fields = part.split(":")
        if "" in fields:
            raise ValueError("empty part or argument in '%s'" % spec)
        parts.append((fields[0], fields[1:]))
    return parts


def canonical(spec):
    """Returns the one spelling of `spec`; ValueError says what is wrong.

    Works for strategies that are unsupported here, too.
    """
    return "+".join(load(name).canonical(*args) for name, args in split(spec))


def unsupported(spec):
    """Returns None, or why the stack `spec` does not work here."""
    for name, _ in split(spec):
        why = load(name).supported()
        if why is not None:
            return "%s: %s" % (name, why)
    return None


class Stack(object):
    """A stack of strategies, in the state of one template and its workers.

    str() is the canonical spec.  Hooks run from left to right, undo() from
    right to left.
    """

    def __init__(self, spec):
        self._modules = []
        self._uses = []
        for name, args in split(spec):
            module = load(name)
            self._modules.append(module)
            self._uses.append(module.Strategy(*args))

    def __str__(self):
        return "+".join(str(use) for use in self._uses)

    def _with(self, hook):
        """The uses whose strategy has `hook`, in order."""
        return [use for module, use in zip(self._modules, self._uses)
                if hook in module.HOOKS]

    def hook(self, name):
        """Returns a callable that runs hook `name` of all parts, or None when
        no part has it, so that a server can leave out the call."""
        calls = [getattr(use, name) for use in self._with(name)]
        if len(calls) < 2:
            return calls[0] if calls else None

        def run():
            for call in calls:
                call()
        return run

    def function(self, name):
        """Returns function NAME of the first part whose module has it besides
        its hooks, or None."""
        for module in self._modules:
            if hasattr(module, name):
                return getattr(module, name)

    def run(self, name):
        """Runs hook `name` of all parts."""
        for use in self._with(name):
            getattr(use, name)()

    def before_warm(self):
        self.run("before_warm")

    def rehearsals(self):
        """Number of requests that the warm template is to serve itself before
        before_fork()."""
        return max([use.rehearsals() for use in self._with("rehearsals")] or [0])

    def before_fork(self):
        """Prepares the heap.  When one part fails, those before it are undone
        and the exception goes on."""
        done = []
        try:
            for use in self._uses:
                use.before_fork()
                done.append(use)
        except Exception:
            for use in reversed(done):
                use.undo()
            raise

    def after_fork_child(self):
        self.run("after_fork_child")

    def after_request(self):
        self.run("after_request")

    def before_exit(self):
        self.run("before_exit")

    def undo(self):
        """Takes back what before_fork did."""
        for use in reversed(self._with("undo")):
            use.undo()

    def count(self):
        """Number of objects held away from the collector.  Parts that share
        the permanent generation count the same objects, hence the largest."""
        return max([use.count() for use in self._with("count")] or [0])


def install(spec=None):
    """For a server that this package does not know: the stack `spec`, unless
    the environment variable PERMAFROST_STRATEGY names another, prepares the heap
    right before this process forks for the first time, and goes on in what it
    forks.  To be called when the application is loaded, in the process that
    forks the workers.

    What is seen are calls of os.fork(), by hooks of the interpreter from 3.7 on,
    before through a function that takes its place.  A request cannot be seen
    without the server: the application calls after_request() behind each, else
    no pages are given back and nothing is collected between requests.  Within
    uWSGI this does all that permafrost.uwsgi does; where a server's hooks are in
    use already, it does nothing.

    Never raises: on an error one line is logged, to the logger `permafrost` or
    to stderr, and the strategy is off.
    """
    from . import serving
    serving.install(spec)


def after_request():
    """To be called in a worker after each request, unless the server's hooks do.
    Never raises; does nothing elsewhere."""
    from . import serving
    serving.current.after_request()


def rehearsals():
    """Number of requests that the application is to serve to itself, in the
    template, before the first fork (see refork); 0 for most strategies."""
    from . import serving
    return serving.current.rehearsals()


def status():
    """Whether a server's strategy is in use in this process: a dict of
    `strategy`, the spec asked for; `on`; and `reason`, why not, or None."""
    from . import serving
    return serving.current.status()
