"""Changes to a folder and deletes it, in the template and in workers."""
import os
import tempfile


def move():
    folder = tempfile.mkdtemp(dir=os.environ["PERMAFROST_TEST"])
    os.chdir(folder)
    os.rmdir(folder)


def warm(scale):
    move()


def request(state, n):
    if n == 3:
        os.chdir("/")
        move()
