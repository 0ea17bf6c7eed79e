"""The tests that a strategy is known to fail: exceptions.txt."""
import os
import re
import sys

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "exceptions.txt")


def _numbers(text):
    if not re.match(r"\d+\.\d+(\.\d+)?$", text):
        raise ValueError("no version: '%s'" % text)
    return tuple(int(n) for n in text.split("."))


def _is_within(version, versions):
    """Whether `version` is in a range A-B, A- or A; 3.7 is all of 3.7."""
    first, dash, last = versions.partition("-")
    low = _numbers(first)
    if version[:len(low)] < low:
        return False
    if dash and not last:
        return True
    high = _numbers(last or first)
    return version[:len(high)] <= high


def load(path, parts, version=sys.version_info[:3]):
    """Returns {test id: reason} for a stack of `parts` on this interpreter;
    `none` as the cause is for tests that fail by chance, whatever the stack.
    ValueError names the line that is wrong."""
    found = {}
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            fields = line.split(None, 3)
            if not fields or line.startswith("#"):
                continue
            try:
                if len(fields) < 4:
                    raise ValueError("wanted 'VERSIONS PART TEST REASON'")
                versions, part, test, reason = fields
                here = [_is_within(version, v) for v in versions.split(",")]
            except ValueError as error:
                raise ValueError("%s:%d: %s" % (path, number, error))
            if part in parts + ["none"] and any(here):
                found[test] = "%s: %s" % (part, reason.strip())
    return found
