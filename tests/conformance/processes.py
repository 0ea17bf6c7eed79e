"""Strategies in processes that fork and end; they run lifecycle.py."""
import sys
import unittest

import lifecycle
import subject
import support


@unittest.skipUnless(subject.supported, "unsupported here")
class ProcessTest(support.Case):
    def lifecycle(self, *scenarios, **env):
        """One process.  At its end the interpreter shuts down with the heap as
        the strategy left it, which must go without a word."""
        names = [scenario.__name__ for scenario in scenarios]
        result = support.run_script("lifecycle.py", subject.ext_dir,
                                    subject.specs[0], ",".join(names), **env)
        self.assertEqual(result, (0, "".join(n + "\n" for n in names), ""))

    def test_forks(self):
        self.lifecycle(*lifecycle.FORKS)

    def test_undo_at_exit(self):
        self.lifecycle(lifecycle.with_undo_at_exit)

    @unittest.skipUnless(sys.version_info >= (3, 6), "PYTHONMALLOC is of 3.6")
    @unittest.skipIf(sys.version_info[:2] == (3, 8), "3.8's own fork trips "
                     "over these hooks: it frees a lock by another allocator")
    def test_forks_with_debug_hooks(self):
        """The interpreter's own checks find writes into freed memory."""
        self.lifecycle(*lifecycle.FORKS, PYTHONMALLOC="debug")
