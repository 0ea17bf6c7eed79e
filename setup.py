"""Builds the Python package permafrost for the interpreter that runs this, from
the same sources as `make` does: for `pip install .`, from Python 2.7 on.

There is no pyproject.toml on purpose.  With one, pip fetches setuptools even
where it is installed; without, `pip install --no-build-isolation .` needs no
network if setuptools is there (before its version 70 with wheel).
"""
import glob
import os
import re
import sys

try:
    from setuptools import Extension, setup
    from setuptools.command.build_ext import build_ext
except ImportError:     # an old interpreter without it
    from distutils.core import Extension, setup
    from distutils.command.build_ext import build_ext

HERE = os.path.dirname(os.path.abspath(__file__))


def read(*path):
    with open(os.path.join(HERE, *path)) as f:
        return f.read()


def version():
    """configure.ac is the one place that has it."""
    return re.search(r"^AC_INIT\(\[permafrost\], \[([^]]+)\]\)",
                     read("configure.ac"), re.MULTILINE).group(1)


def words(name):
    """The list NAME of strategies/Makemodule.am."""
    text = read("strategies", "Makemodule.am").replace("\\\n", " ")
    return re.search("^%s *=(.*)" % name, text, re.MULTILINE).group(1).split()


def extension(module, *parts):
    name = module.rsplit(".", 1)[-1]
    return Extension(
        module,
        ["strategies/%s.c" % part
         for part in (name, "module", "option") + parts],
        include_dirs=["strategies"],
        depends=sorted(glob.glob(os.path.join("strategies", "*.h"))),
        extra_compile_args=["-std=gnu11", "-fvisibility=hidden"],
        extra_link_args=["-pthread"])


def extensions():
    """Only CPython on Linux has a heap that they know; elsewhere the package
    says that there are none."""
    if (hasattr(sys, "pypy_version_info") or
            not sys.platform.startswith("linux")):
        return []
    return [extension("gc_freeze"), extension("permafrost.atfork")] + [
        extension("permafrost." + name,
                  *(words("RESHARE_PARTS") if name == "reshare" else ()))
        for name in words("STRATEGIES")]


class build_plain(build_ext):
    """Calls each file NAME.so, as in the build tree: all versions import that,
    and the modules themselves refuse interpreters they were not built for."""

    def get_ext_filename(self, fullname):
        return os.path.join(*fullname.split(".")) + ".so"


os.chdir(HERE)
setup(
    name="permafrost",
    version=version(),
    description="Freeze strategies for pre-fork Python servers",
    long_description="Keeps workers sharing the memory of the template that "
                     "they are forked from; hooks for gunicorn, uWSGI and "
                     "Celery.",
    license="Apache-2.0",
    packages=["permafrost"],
    package_dir={"permafrost": "strategies/permafrost"},
    ext_modules=extensions(),
    cmdclass={"build_ext": build_plain},
    # Objects depend on the full version, which the usual folder does not.
    options={"build": {"build_base": "build-python/%d.%d.%d%s" % (
        sys.version_info[:3] + (getattr(sys, "abiflags", ""),))}},
)
