"""What strategies that are written in Python have in common: they look from outside
as those that module.c makes of C.

A strategy derives one class from Use, and ends with `define(globals(), TheUse)`.
The hooks that it has are those methods that it defines itself.
"""
import gc
import os
import sys

_HOOKS = ("before_warm", "rehearsals", "before_fork", "after_fork_child",
         "after_request", "before_exit", "undo", "count")

PYPY = "__pypy__" in sys.builtin_module_names

_TEXT = (str, type(u""))
_STATM = "/proc/self/statm"


def needs_pypy():
    """`supported` of strategies about PyPy's collector."""
    return None if PYPY else "needs PyPy"


def works():
    """`supported` of strategies that need nothing."""
    return None


def needs_statm():
    """`supported` of strategies that call anonymous_bytes()."""
    return None if os.access(_STATM, os.R_OK) else (
        "needs %s (Linux with /proc mounted)" % _STATM)


def anonymous_bytes():
    """The anonymous part of the resident size: resident less shared (proc(5))."""
    with open(_STATM, "rb") as f:
        fields = f.read().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


class Number(object):
    """An option that takes a whole number of [minimum, maximum]."""

    def __init__(self, name, text, default, minimum, maximum):
        self.row = (name, text, default)
        self.minimum = minimum
        self.maximum = maximum

    def read(self, text):
        """The number in `text`, or None."""
        return self.within(text, 1)

    def within(self, digits, unit):
        """The number that these digits make of `unit`, or None."""
        if not digits or digits.strip("0123456789"):
            return None
        value = int(digits) * unit
        return value if self.minimum <= value <= self.maximum else None

    def spell(self, value):
        """The one text of a value."""
        return "%d" % value


class Size(Number):
    """An option that takes a number of bytes, or of K, M or G."""
    UNITS = ("", "K", "M", "G")

    def read(self, text):
        power = self.UNITS.index(text[-1:]) if text[-1:] in self.UNITS else 0
        return self.within(text[:-1] if power else text, 1024 ** power)

    def spell(self, value):
        unit = 0
        while unit < 3 and value and value % 1024 == 0:
            value //= 1024
            unit += 1
        return "%d%s" % (value, self.UNITS[unit])


class Use(object):
    """One use in a stack.  A subclass says NAME, SUMMARY, OPTIONS and
    supported, and defines hooks; arguments are in self.values."""
    OPTIONS = ()
    supported = staticmethod(works)

    def __init__(self, *args):
        why = self.supported()
        if why is not None:
            raise RuntimeError("%s is unsupported: %s" % (self.NAME, why))
        self.values = self.read(args)

    def __str__(self):
        return self.spell(self.values)

    __repr__ = __str__

    @classmethod
    def read(cls, args):
        """The values of the arguments as they stand in a spec; ValueError with
        the reason."""
        chosen = {}
        names = [option.row[0] for option in cls.OPTIONS]
        place = 0
        for arg in args:
            if not isinstance(arg, _TEXT):
                raise TypeError("arguments are texts, as in a spec")
            name, equals, value = arg.partition("=")
            if equals:
                if name not in names:
                    raise ValueError("%s has no option '%s'" % (cls.NAME, arg))
            else:
                value = arg
                while place < len(names) and names[place] in chosen:
                    place += 1
                if place == len(names):
                    raise ValueError("%s takes no further argument '%s'" %
                                     (cls.NAME, arg))
                name = names[place]
                place += 1
            if name in chosen:
                raise ValueError("%s: %s is given twice" % (cls.NAME, name))
            chosen[name] = value
        return [cls._value(option, chosen) for option in cls.OPTIONS]

    @classmethod
    def _value(cls, option, chosen):
        name, text, default = option.row
        given = chosen.get(name, default)
        if given is None:
            raise ValueError("%s needs %s (%s)" % (cls.NAME, name, text))
        value = option.read(given)
        if value is None:
            raise ValueError("%s: '%s' is not a valid %s (%s)" %
                             (cls.NAME, given, name, text))
        return value

    @classmethod
    def spell(cls, values):
        return ":".join([cls.NAME] + [
            option.spell(value) for option, value in zip(cls.OPTIONS, values)])

    @classmethod
    def canonical(cls, *args):
        """The one spelling of the strategy with these arguments."""
        return cls.spell(cls.read(args))

    def before_warm(self):
        """In the template, before the application is loaded."""

    def rehearsals(self):
        """Requests that the template is to serve itself."""
        return 0

    def before_fork(self):
        """In the template, right before the first fork."""

    def after_fork_child(self):
        """In each worker, right after the fork."""

    def after_request(self):
        """In a worker, after each request."""

    def before_exit(self):
        """In a worker, after its last request."""

    def undo(self):
        """Takes back what before_fork did."""

    def count(self):
        """Number of objects held away from the collector."""
        return 0


class WithoutMajor(Use):
    """A strategy that begins with gc.disable(), which on PyPy ends major
    collections and finalizers; minor collections go on."""

    def __init__(self, *args):
        Use.__init__(self, *args)
        self._was_enabled = False

    def before_fork(self):
        self._was_enabled = self._was_enabled or gc.isenabled()
        gc.disable()

    def undo(self):
        if self._was_enabled:
            gc.enable()
        self._was_enabled = False


def define(module, use):
    """Gives the namespace `module` of a strategy what each has."""
    use.__name__ = "Strategy"
    module.update(
        NAME=use.NAME, SUMMARY=use.SUMMARY, __doc__=use.SUMMARY,
        OPTIONS=tuple(option.row for option in use.OPTIONS),
        HOOKS=tuple(hook for hook in _HOOKS if hook == "before_fork" or
                    getattr(use, hook) != getattr(Use, hook)),
        Strategy=use, supported=use.supported, canonical=use.canonical)
