"""Raises an exception whose text is no text."""
import sys

# Bytes that are not UTF-8, as an interpreter gets them from a file name.
TEXT = b"before \xff\nafter"
if sys.version_info[0] > 2:
    TEXT = TEXT.decode("utf-8", "surrogateescape")


def warm(scale):
    return None


def request(state, n):
    if n == 3:
        raise ValueError(TEXT)
