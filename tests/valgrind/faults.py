"""Commits faults in a forked process and in one that it executes, or none.

    python -B faults.py EXT_DIR [FAULT]...

Prints `forked PID` and `executed PID`.  Runs on Python 2.7 and 3.4-3.14.
"""
import os
import subprocess
import sys


def commit(faulty, faults):
    for fault in faults:
        getattr(faulty, fault)()


def main(ext_dir, *faults):
    sys.path.insert(1, os.path.join(ext_dir, "tests"))
    import faulty
    if faults[:1] == ("executed",):
        commit(faulty, faults[1:])
        return
    pid = os.fork()
    if pid == 0:
        commit(faulty, faults)
        os._exit(0)
    process = subprocess.Popen([sys.executable, "-B", __file__, ext_dir,
                                "executed"] + list(faults))
    assert os.waitpid(pid, 0)[1] == 0 and process.wait() == 0
    print("forked %d\nexecuted %d" % (pid, process.pid))


if __name__ == "__main__":
    main(*sys.argv[1:])
