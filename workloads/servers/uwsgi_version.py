"""Prints the version of the Python that uWSGI has; see launch.py."""
import sys

sys.stderr.write("permafrost: this is %d.%d.%d%s\n" % (
    sys.version_info[:3] + (getattr(sys, "abiflags", ""),)))
