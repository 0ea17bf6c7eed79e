"""Starts a real server for a cell, or says whether there is one.

    launch.py --check gunicorn|uwsgi
    launch.py gunicorn|uwsgi PORT EXT_DIR SPEC WORKLOAD_FILE SCALE SEED SHM_FD \
        FIRST_CHANNEL_FD WORKERS

The first prints the server's version, or one line on stderr why this interpreter
cannot have it.  The second becomes the server, on 127.0.0.1:PORT, with what
permafrost_serve.py reads in the environment; see harness/cellserver.c.

The server stays as it is by default but for preloading, the number of workers, where
it listens, and times after which it would end workers that stand still.  Settings of
the user's environment (GUNICORN_CMD_ARGS, UWSGI_*) are left out.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

# What the command gunicorn does.
GUNICORN = "from gunicorn.app.wsgiapp import run; run()"

# Run by uWSGI's own Python, says which that is.
VERSION = os.path.join(HERE, "uwsgi_version.py")


class Missing(Exception):
    """This interpreter cannot have the server; the text says why."""


def find_gunicorn():
    """Returns gunicorn's version."""
    try:
        import gunicorn
    except ImportError as error:
        raise Missing("%s cannot import gunicorn (Debian: gunicorn): %s"
                      % (sys.executable, error))
    return gunicorn.__version__


def run(command):
    """What a command prints, stderr included; '' if it cannot be run."""
    with open(os.devnull) as null:
        try:
            process = subprocess.Popen(command, stdin=null, stderr=subprocess.STDOUT,
                                       stdout=subprocess.PIPE)
        except OSError:
            return ""
        return process.communicate()[0].decode("utf-8", "replace")


def own_version():
    return "%d.%d.%d%s" % (sys.version_info[:3] + (getattr(sys, "abiflags", ""),))


def find_uwsgi():
    """Returns uWSGI's version and the options that give it this interpreter."""
    version = run(["uwsgi", "--version"]).strip()
    if not version:
        raise Missing("there is no uwsgi (Debian: uwsgi, uwsgi-plugin-python3)")
    has = None
    # Debian's is built without a language, others with one Python.
    for plugin in ([], ["--plugin=python3"], ["--plugin=python"]):
        lines = run(["uwsgi"] + plugin + [
            "--no-server", "--http-socket=127.0.0.1:0", "--shared-import=" + VERSION])
        for line in lines.splitlines():
            if line.startswith("permafrost: this is "):
                has = line.split()[-1]
        if has == own_version():
            return version, plugin
    raise Missing("uwsgi has %s, not %s, the version of %s" % (
        "Python " + has if has else "no Python (Debian: uwsgi-plugin-python3)",
        own_version(), sys.executable))


def check(server):
    try:
        print(find_gunicorn() if server == "gunicorn" else find_uwsgi()[0])
    except Missing as error:
        sys.exit(str(error))


def clean_environment(spec, arguments):
    for name in list(os.environ):
        if name == "GUNICORN_CMD_ARGS" or name.startswith("UWSGI_"):
            del os.environ[name]
    os.environ["PERMAFROST_STRATEGY"] = spec
    os.environ["PERMAFROST_SERVE"] = "\n".join(arguments)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def main(argv):
    if argv[1] == "--check":
        return check(argv[2])
    server, port, ext_dir, spec = argv[1:5]
    workers = argv[-1]
    address = "127.0.0.1:" + port
    clean_environment(spec, [ext_dir] + argv[5:])
    if server == "gunicorn":
        command = [sys.executable, "-B", "-c", GUNICORN, "--bind=" + address,
                   "--workers=" + workers,
                   "--config=" + os.path.join(HERE, "gunicorn_cell.py"),
                   "permafrost_serve:load()"]
    else:
        command = ["uwsgi"] + find_uwsgi()[1] + [
            "--http-socket=" + address, "--processes=" + workers, "--master",
            "--need-app", "--disable-logging", "--die-on-term",
            "--wsgi-file=" + os.path.join(HERE, "uwsgi_cell.py")]
        if sys.prefix != getattr(sys, "base_prefix", sys.prefix):
            command.append("--home=" + sys.prefix)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv)
