"""gunicorn's configuration in a cell; see launch.py."""
import os
import sys

# Of this folder nothing else is to be imported.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import permafrost_serve
sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
import permafrost.gunicorn

# A worker that waits for requests reports to the arbiter after half of this time; in
# a cell it is to stand still.  So many seconds are a hundred days.
timeout = 100 * 24 * 3600

# Newer ones else keep a socket in the user's home, the same for all cells.
control_socket_disable = True


def pre_fork(server, worker):
    permafrost_serve.cell.index = worker.age


permafrost.gunicorn.install(globals())
