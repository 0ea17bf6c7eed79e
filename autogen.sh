#!/bin/sh
# Makes configure and Makefile.in from configure.ac and the Makefile.am files.
cd "$(dirname "$0")" || exit 1
exec autoreconf -fi "$@"
