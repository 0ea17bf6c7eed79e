"""uWSGI's hooks for a strategy; in its configuration:

    [uwsgi]
    master = true
    env = PERMAFROST_STRATEGY=freeze+reshare
    import = permafrost.uwsgi

(a % in a spec is written twice there), or the application calls
permafrost.install("freeze+reshare") while it is loaded.

What uWSGI does when (2.0; core/uwsgi.c, plugins/python/python_plugin.c):
  - uwsgi_python_init_apps() imports what `import` names, then loads the
    applications, then reads uwsgi.after_req_hook, for good.
  - No Python code is called between that and the first fork, which may be that
    of a spooler or mule; the C library tells of it (atfork.c).
  - uwsgi.post_fork_hook is looked up and called after each fork in the child,
    uwsgi.atexit at the end of each process.  The module uwsgidecorators puts its
    own into the first; ours is put behind whatever is there at the first fork.
  - With lazy-apps (or lazy) each worker imports and loads by itself: there is
    nothing to share, and the strategy is off.
  - A reload of the master is an exec: everything begins anew.
"""
from __future__ import absolute_import

import uwsgi

from permafrost import serving

_placed = {}        # what was put into the module uwsgi, by name


class _Log(object):
    """uWSGI's own log, which has no levels."""

    def error(self, text):
        uwsgi.log(text)

    warning = info = error


def _place(name, ours):
    """Puts ours() behind whatever uwsgi.NAME is, unless it is there."""
    theirs = getattr(uwsgi, name, None)
    if name not in _placed or theirs is not _placed[name]:
        _placed[name] = serving.chain(theirs, ours)
        setattr(uwsgi, name, _placed[name])


def after_request(hook):
    """For an application that has an after_req_hook of its own, and sets it
    while it is loaded:

        uwsgi.after_req_hook = permafrost.uwsgi.after_request(hook)
    """
    _placed["after_req_hook"] = serving.chain(
        hook, serving.current.after_request)
    return _placed["after_req_hook"]


def _check_after_request():
    hook = getattr(uwsgi, "after_req_hook", None)
    if (serving.current.uses("after_request") and
            hook is not _placed.get("after_req_hook")):
        serving.current.turn_off(
            "the application has put its own into uwsgi.after_req_hook; let "
            "it set permafrost.uwsgi.after_request(HOOK) instead")


def _place_process_hooks():
    _place("post_fork_hook", serving.current.after_fork_child)
    _place("atexit", serving.current.before_exit)


def _before_fork():
    current = serving.current
    current.attempt(_check_after_request)
    current.attempt(_place_process_hooks)
    current.before_fork()


def _wire():
    current = serving.current
    lazy = [name for name in ("lazy-apps", "lazy") if name in uwsgi.opt]
    if lazy or uwsgi.worker_id() > 0:
        # Each worker comes here; one line is enough.
        current.turn_off("with %s each worker loads the application for itself"
                         % (lazy or ["lazy-apps"])[0],
                         quiet=uwsgi.worker_id() > 1)
        return
    from permafrost import atfork
    atfork.once(_before_fork)
    if current.uses("after_request"):
        _place("after_req_hook", current.after_request)
    _place_process_hooks()


serving.current.wiring = "uwsgi"
serving.current.use_log(_Log())
serving.current.start()
serving.current.attempt(_wire)
