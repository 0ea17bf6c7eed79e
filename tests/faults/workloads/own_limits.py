"""Sets limits of its own: no file may be opened or written, no process started."""
import resource


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        for name in ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_NPROC",
                     "RLIMIT_CORE"):
            resource.setrlimit(getattr(resource, name), (0, 0))
