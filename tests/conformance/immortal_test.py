"""What goes on in workers whose heap is immortal; they run immortal_life.py.
A part of the tests of the strategy immortal."""
import re
import os
import unittest

import subject
import support


def names():
    """The scenarios, as they stand in the file."""
    with open(os.path.join(support.HERE, "immortal_life.py")) as f:
        return re.findall(r"(?m)^@scenario\ndef (\w+)", f.read())


@unittest.skipUnless(subject.supported, "unsupported here")
class ImmortalTest(support.Case):
    def life(self, spec, **env):
        """One template and its workers, which must all end without a word."""
        env.setdefault("PYTHONWARNINGS", "ignore")
        result = support.run_script("immortal_life.py", subject.ext_dir, spec,
                                    **env)
        self.maxDiff = None
        self.assertEqual(result,
                         (0, "".join(n + "\n" for n in names()), ""))

    def test_alone(self):
        self.life("immortal")

    def test_frozen(self):
        self.life("freeze+immortal")

    def test_twice(self):
        self.life("immortal+immortal")

    def test_development_mode(self):
        self.life("immortal", PYTHONDEVMODE="1", PYTHONFAULTHANDLER="1")

    def test_debug_hooks(self):
        self.life("immortal", PYTHONMALLOC="debug")
