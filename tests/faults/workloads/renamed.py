"""Takes a name that looks like a part of /proc/PID/stat, and would outlive its
parent if it could.  `undying` in the folder $PERMAFROST_TEST says that it would."""
import os

PR_SET_PDEATHSIG = 1


def rename(name):
    with open("/proc/self/comm", "w") as f:
        f.write(name)


def outlive():
    try:
        import ctypes
    except ImportError:
        return
    if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0:
        name = os.path.join(os.environ["PERMAFROST_TEST"], "undying")
        open(name, "w").close()


def warm(scale):
    rename("x) Z 1 1\n(")
    outlive()


def request(state, n):
    if n == 3:
        rename(") R 0 (")
        outlive()
