"""Has no more than a second of CPU time, and spins."""
import resource


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
    while n == 3:
        pass
