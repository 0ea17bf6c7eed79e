"""Tests that refork has the template serve requests first."""
import unittest

import permafrost
import subject
import support


@unittest.skipUnless(subject.supported, "unsupported here")
class ReforkTest(support.Case):
    def test_rehearsals(self):
        self.assertEqual(permafrost.Stack("refork:7").rehearsals(), 7)
        self.assertEqual(permafrost.Stack("refork").rehearsals(), 100)
        self.assertEqual(permafrost.Stack("none+freeze").rehearsals(), 0)
        self.assertEqual(
            permafrost.Stack("refork:3+refork:9+none").rehearsals(), 9)
