"""Tests that extensions refuse an interpreter that they do not fit, with an
ImportError and never with a crash.

    python -B layout_test.py EXT_DIR
"""
import gc
import glob
import os
import subprocess
import sys
import unittest

import support

# Imports a module, which must fail in the proper way.
IMPORT = """
import sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    try:
        __import__(name)
    except ImportError as error:
        print("%s: %s" % (name, str(error).replace("\\n", "NEWLINE")))
    else:
        print("%s: imported" % name)
"""


def try_imports(folder, *names):
    """Returns (exit status, one line for each name, stderr)."""
    process = subprocess.Popen([sys.executable, "-B", "-c", IMPORT, folder] +
                               list(names), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, universal_newlines=True)
    out, err = process.communicate()
    return process.returncode, out.splitlines(), err


def module_names(folder):
    """The names of all extension modules in one interpreter's folder."""
    paths = glob.glob(os.path.join(folder, "*.so")) + \
        glob.glob(os.path.join(folder, "permafrost", "*.so"))
    return sorted(os.path.relpath(path, folder)[:-len(".so")].replace("/", ".")
                  for path in paths)


@unittest.skipUnless(support.LINKED, "there are no lists to look at")
class LayoutTest(support.Case):
    def test_skewed_is_refused(self):
        folder = os.path.join(ext_dir, "tests", "skewed")
        status, lines, err = try_imports(folder, "gc_freeze")
        self.assertEqual((status, len(lines), err), (0, 1, ""))
        self.assertTrue("this interpreter's collector" in lines[0], lines)
        self.assertTrue("rebuild" in lines[0], lines)

    def test_right_address(self):
        self.assertTrue(support.gcwalk.check_layout(0) is None)

    def test_wrong_addresses(self):
        """No place beside the array looks like it.  Thresholds that are all
        zero are left out: there is much memory full of zeros."""
        for thresholds in ((700, 10, 10), (701, 11, 12), (10, 10, 10)):
            gc.set_threshold(*thresholds)
            for offset in range(-64, 65, 8):
                if offset != 0:
                    why = support.gcwalk.check_layout(offset)
                    # Not by its list heads: those are addresses to follow.
                    self.assertTrue("threshold" in (why or ""),
                                    (thresholds, offset, why))

    def test_other_thresholds_are_none_of_our_business(self):
        for thresholds in ((0, 0, 0), (1, 2, 3), (2147483647, 10, 10)):
            gc.set_threshold(*thresholds)
            self.assertTrue(support.gcwalk.check_layout(0) is None)
        code = "import gc\ngc.set_threshold(5, 6, 7)\n" \
            "import permafrost.freeze_gen, gc_freeze\n" \
            "gc_freeze.freeze()\nprint(gc_freeze.get_actual_count()[1:])"
        out = subprocess.check_output(
            [sys.executable, "-B", "-c", code], universal_newlines=True,
            env=dict(os.environ, PYTHONPATH=ext_dir))
        self.assertEqual(out, "(0, 0)\n")


class OtherInterpreterTest(unittest.TestCase):
    def test_own_modules_are_imported(self):
        names = module_names(ext_dir)
        self.assertTrue("gc_freeze" in names and "permafrost.probe" in names)
        self.assertEqual(try_imports(ext_dir, *names),
                         (0, [name + ": imported" for name in names], ""))

    def test_modules_for_others_are_refused(self):
        here = os.path.realpath(ext_dir)
        others = [folder for folder in
                  glob.glob(os.path.join(os.path.dirname(here), "*"))
                  if folder != here and module_names(folder)]
        if not others:
            print("only one interpreter is built for: nothing to refuse")
            self.skipTest("only one interpreter")
        for folder in others:
            names = module_names(folder)
            status, lines, err = try_imports(folder, *names)
            self.assertEqual((status, len(lines), err), (0, len(names), ""),
                             folder)
            for line in lines:
                self.assertFalse(line.endswith(": imported"), (folder, line))
                if "was built for" in line:     # our message: one line
                    self.assertFalse("NEWLINE" in line, (folder, line))


def main(argv):
    global ext_dir
    ext_dir = support.begin(argv, "EXT_DIR")
    support.run_tests(sys.modules[__name__])


if __name__ == "__main__":
    main(sys.argv)
