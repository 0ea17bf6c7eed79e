"""Celery's prefork pool (3.1 and later) with a strategy; where the app is made:

    import permafrost.celery
    permafrost.celery.install(app, "freeze+reshare")

or without a change to the code:

    PERMAFROST_STRATEGY=freeze+reshare celery -A proj worker -I permafrost.celery

What Celery sends when (celery/worker/worker.py, celery/concurrency/prefork.py):
  - worker_init in the parent, when the tasks are loaded, but not yet much of
    Celery itself.  So the heap is prepared at the first fork after it, which is
    that of the pool.  Whatever merely imports the app, as a web server does,
    never gets there.
  - worker_process_init in each child, replacements, too.
  - task_postrun in the child, after each task.
  - worker_process_shutdown in the child before it exits, as a rule.
Other pools fork no processes.
"""
from __future__ import absolute_import

from celery import signals

from permafrost import serving

_chosen = {"app": None, "spec": None}
_wired = []


def install(app=None, spec=None):
    """Uses the stack `spec`, unless PERMAFROST_STRATEGY is set, in workers of
    `app`; None: of any."""
    _chosen["app"], _chosen["spec"] = app, spec


def _is_prefork(pool):
    """Whether `pool`, a class or the name of one, is of processes."""
    from celery.concurrency import get_implementation
    from celery.concurrency.prefork import TaskPool
    return issubclass(get_implementation(pool), TaskPool)


def _is_active():
    return serving.current.wiring == "celery"


def _before_fork():
    if _is_active():
        serving.current.before_fork()


def _wire(worker):
    current = serving.current
    current.wiring = "celery"
    current.use_log(serving.Log())
    current.start(_chosen["spec"])
    pool = getattr(worker, "pool_cls", None)
    if pool is not None and not _is_prefork(pool):
        current.turn_off("the pool %s forks no processes; it takes prefork"
                         % (getattr(pool, "__module__", pool),))
    elif not _wired:
        _wired.append(True)
        serving.on_fork(_before_fork, lambda: None)


def _worker_init(sender=None, **_):
    app = _chosen["app"]
    if app is None or sender is None or sender.app == app:
        serving.current.attempt(_wire, sender)


def _worker_process_init(**_):
    if _is_active():
        serving.current.after_fork_child()


def _task_postrun(**_):
    if _is_active():
        serving.current.after_request()


def _worker_process_shutdown(**_):
    if _is_active():
        serving.current.before_exit()


signals.worker_init.connect(_worker_init)
signals.worker_process_init.connect(_worker_process_init)
signals.task_postrun.connect(_task_postrun)
if hasattr(signals, "worker_process_shutdown"):     # from 3.1
    signals.worker_process_shutdown.connect(_worker_process_shutdown)
