"""Waits in request 3 while there is a file `hold` with the number of this cell.

A `+` behind the number means later cells, too.  If there is a file `hold-in-warm`,
it waits in warm() instead.  $PERMAFROST_TEST is the folder; `cells` in it gets a
line, the template's pid, for each cell, and `held` comes when the wait begins.
"""
import os
import time

FOLDER = os.environ["PERMAFROST_TEST"]
HOLD = os.path.join(FOLDER, "hold")


def hold(cell):
    """Waits if cell number `cell` is to."""
    while True:
        try:
            with open(HOLD) as f:
                number = f.read().strip()
            first = int(number.rstrip("+"))
            if cell < first or (cell > first and not number.endswith("+")):
                return
        except (IOError, OSError):
            return
        open(os.path.join(FOLDER, "held"), "w").close()
        time.sleep(0.02)


def warm(scale):
    """Returns the number of this cell, counted from 1."""
    name = os.path.join(FOLDER, "cells")
    with open(name, "a") as f:
        f.write("%d\n" % os.getpid())
    with open(name) as f:
        cell = len(f.readlines())
    if os.path.exists(HOLD + "-in-warm"):
        hold(cell)
    return cell


def request(state, n):
    if n == 3:
        hold(state)
