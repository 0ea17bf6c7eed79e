"""The measured side of a cell on a real server: the workload's application as what
the server loads, and the strategy by the hooks that the package has for servers.

gunicorn_cell.py and uwsgi_cell.py import this in the server's master, which is the
cell's template.  It stops there at the barriers that driver.py has, up to the fork;
the workers never stop, they are idle between the batches of requests that the harness
has a load generator send (harness/cellserver.c).

All that the generator asks for is GET /.  What is served is the workload's own next
request in this worker, as without a server: its method, path, headers and body take
the place of the generator's in the server's environ, and the application's answer
goes back through the server.  So workers go through the same requests under all
servers, cookies and sessions included.

The environment variable PERMAFROST_SERVE has the arguments, one per line: EXT_DIR
WORKLOAD_FILE SCALE SEED SHM_FD FIRST_CHANNEL_FD WORKERS.
"""
import os
import random
import sys

(ext_dir, workload_file, scale, seed, shm_fd, channel,
 workers) = os.environ.pop("PERMAFROST_SERVE").split("\n")

# The folders of these are nobody's to import from.
sys.path[:0] = [ext_dir, os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
import driver
del sys.modules["driver"], sys.path[1]
from permafrost import probe, serving
from permafrost_answer import Answer


class Cell(serving.Guard):
    """The server's stack, whose hooks also tell the harness where this process is.
    An error turns no strategy off here, it fails the cell."""

    def __init__(self):
        serving.Guard.__init__(self)
        self.index = None
        self._statistics = None
        self._is_forked = False

    def find_index(self):
        """Which of the master's workers this is, from 1 on."""
        return self.index

    def turn_off(self, reason, quiet=False):
        serving.Guard.turn_off(self, reason, quiet)
        probe.tell("error", "the strategy is off: %s" % driver.message(reason))

    def uses(self, hook):
        return True     # This has work in each.

    def before_fork(self):
        if not self._is_forked:
            self._is_forked = True
            probe.before_fork(lambda: serving.Guard.before_fork(self))
            probe.barrier("frozen")

    def after_fork_child(self):
        index = self.find_index()
        probe.adopt(index)
        random.seed(int(seed) + index)
        serving.Guard.after_fork_child(self)
        if self._stack is not None:
            self._statistics = self._stack.function("statistics")
        # Not a barrier: the server goes on.
        probe.tell("at", "0")

    def after_request(self):
        serving.Guard.after_request(self)
        if probe.collection_due():
            driver.collect()
        if self._statistics is not None:
            probe.note_passes(self._statistics)
        probe.served()


def load():
    """Warms the workload in the master; returns what the server is to call."""
    probe.barrier("start")
    random.seed(int(seed))
    workload = driver.attempt(probe, "workload", driver.load_workload, workload_file)
    state = driver.attempt(probe, "warm", workload.warm, int(scale))
    probe.barrier("warm")
    for n in range(cell.rehearsals()):
        driver.attempt(probe, "rehearsal", workload.request, state, n)
    served = [0]

    def respond(environ, start_response):
        answer = Answer(environ)
        try:
            workload.request(state, served[0], answer.through)
            start_response(answer.status, answer.headers)
        except BaseException as error:
            probe.tell("error", "request %s" % driver.describe(error))
            raise
        served[0] += 1
        return answer.parts

    return lambda environ, start_response: probe.request(respond, environ,
                                                         start_response)


probe.attach(int(shm_fd), int(channel), int(workers))
cell = serving.current = Cell()
