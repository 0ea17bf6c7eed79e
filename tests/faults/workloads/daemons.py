"""Leaves daemons behind that nothing ties to it: another session, no parent, no
descriptors, no environment; in warm() and in each worker.  `daemons` in the folder
$PERMAFROST_TEST gets their pids."""
import os


def leave():
    name = os.path.join(os.environ["PERMAFROST_TEST"], "daemons")
    pid = os.fork()
    if pid != 0:
        os.waitpid(pid, 0)
        return
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    with open(name, "a") as f:
        f.write("%d\n" % os.getpid())
    os.chdir("/")
    os.closerange(0, 4096)
    os.execve("/bin/sleep", ["sleep", "600"], {})


def warm(scale):
    leave()


def request(state, n):
    if n == 3:
        leave()
