"""Prints, as name=value lines, what configure must know of the interpreter that
runs this.  Must work on every Python that somebody may have lying around, since
those that are too old are listed too; hence nothing newer than 2.6 in here.
"""
import os
import struct
import sys

LEVELS = {"alpha": "a", "beta": "b", "candidate": "rc"}


def implementation():
    if "__pypy__" in sys.builtin_module_names:
        return "pypy"
    if hasattr(sys, "implementation"):
        return sys.implementation.name
    return "cpython"


def version():
    """The full version, as in 3.13.0 or 3.15.0a1."""
    major, minor, micro, level, serial = sys.version_info[:5]
    text = "%d.%d.%d" % (major, minor, micro)
    if level in LEVELS:
        text += "%s%d" % (LEVELS[level], serial)
    return text


def config(name):
    try:
        import sysconfig
    except ImportError:
        return None
    return sysconfig.get_config_var(name)


def include_dirs():
    """Where the headers should be, the likeliest folder first.  A relocated
    interpreter knows its folder only through the paths, not the variables."""
    dirs = []
    try:
        import sysconfig
        paths = sysconfig.get_paths()
        dirs += [paths.get("include"), paths.get("platinclude")]
    except ImportError:
        pass
    dirs += [config("INCLUDEPY"), config("CONFINCLUDEPY")]
    base = getattr(sys, "base_prefix", sys.prefix)
    dirs.append(os.path.join(base, "include", "python%d.%d%s" % (
        sys.version_info[0], sys.version_info[1], getattr(sys, "abiflags", ""))))
    return [d for i, d in enumerate(dirs) if d and d not in dirs[:i]]


def main():
    dirs = include_dirs()
    chosen = [d for d in dirs if os.path.isfile(os.path.join(d, "Python.h"))][:1]
    # Some systems keep pyconfig.h, which differs per architecture, elsewhere.
    if chosen and not os.path.isfile(os.path.join(chosen[0], "pyconfig.h")):
        chosen += [d for d in dirs
                   if os.path.isfile(os.path.join(d, "pyconfig.h"))][:1]
    flags = ""
    if config("Py_GIL_DISABLED"):
        flags += "t"
    if hasattr(sys, "gettotalrefcount"):
        flags += "d"
    if implementation() == "pypy":      # a version of Python has several
        flags += "v%d.%d.%d" % tuple(sys.pypy_version_info[:3])
    for name, value in (
            ("implementation", implementation()),
            ("version", version()),
            ("full_version", sys.version.split()[0]),
            ("flags", flags),
            ("executable", sys.executable),
            ("platform", sys.platform),
            ("headers", chosen and "yes" or "no"),
            ("include", os.pathsep.join(chosen or dirs[:1])),
            ("pointer", struct.calcsize("P"))):
        sys.stdout.write("%s=%s\n" % (name, value))


main()
