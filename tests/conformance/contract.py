"""What holds of every strategy's module, and of stacks."""
import gc
import sys
import unittest

import permafrost

import subject
import support

TEXT = str if sys.version_info >= (3,) else (str, type(u""))
HOOKS = (permafrost.HOOKS[:1] + ("rehearsals",) + permafrost.HOOKS[1:] +
         ("undo", "count"))


class ModuleTest(support.Case):
    def test_attributes(self):
        module = subject.module
        self.assertEqual(module.NAME, subject.name)
        self.assertTrue(module.SUMMARY)
        self.assertFalse("\n" in module.SUMMARY)
        self.assertEqual(module.__doc__, module.SUMMARY)
        self.assertTrue(isinstance(module.OPTIONS, tuple))
        for name, text, default in module.OPTIONS:
            self.assertTrue(isinstance(name, TEXT) and name)
            self.assertTrue(isinstance(text, TEXT) and text)
            self.assertTrue(default is None or isinstance(default, TEXT))
        self.assertTrue("before_fork" in module.HOOKS)
        self.assertEqual([h for h in HOOKS if h in module.HOOKS],
                         list(module.HOOKS))

    def test_every_hook_is_a_method(self):
        for hook in HOOKS:
            self.assertTrue(hasattr(subject.module.Strategy, hook), hook)

    def test_supported_where_it_must_be(self):
        why = subject.module.supported()
        self.assertTrue(why is None or (isinstance(why, TEXT) and why))
        expected = subject.expected_unsupported()
        if expected is not None:
            self.assertEqual(why is not None, expected, why)

    @unittest.skipIf(support.PYPY, "nothing of C is built for it")
    def test_lists_are_seen_where_they_must_be(self):
        import gcwalk
        self.assertEqual(gcwalk.linked(), support.LINKED)

    @unittest.skipIf(subject.supported, "supported here")
    def test_unsupported_says_why(self):
        why = subject.module.supported()
        for spec in subject.specs:
            with self.assertRaises(RuntimeError) as caught:
                permafrost.Stack(spec)
            self.assertTrue(why in str(caught.exception))
            self.assertTrue(subject.name in str(caught.exception))
            self.assertEqual(permafrost.unsupported(spec),
                             "%s: %s" % (subject.name, why))

    @unittest.skipUnless(subject.supported, "unsupported here")
    def test_hooks_return_none(self):
        for spec in subject.specs:
            use = self.use(spec)
            for hook in permafrost.HOOKS + ("undo",):
                self.assertTrue(getattr(use, hook)() is None, hook)
            self.assertRaises(TypeError, use.before_fork, 1)
            self.assertEqual(str(use), permafrost.canonical(spec))
            self.assertEqual(repr(use), str(use))

    @unittest.skipIf(support.PYPY, "does not count references")
    @unittest.skipUnless(subject.supported, "unsupported here")
    def test_uses_are_freed(self):
        references = sys.getrefcount(subject.module.Strategy)
        for _ in range(100):
            self.use(subject.specs[0])
        self.assertTrue(sys.getrefcount(subject.module.Strategy) <
                        references + 50)


class ArgumentTest(support.Case):
    """canonical() works where the strategy itself does not."""

    def refuse(self, args, *parts):
        with self.assertRaises(ValueError) as caught:
            subject.module.canonical(*args)
        text = str(caught.exception)
        self.assertTrue(text.startswith(subject.name), text)
        self.assertFalse("\n" in text)
        for part in parts:
            self.assertTrue(part in text, text)
        if subject.supported:
            self.assertRaises(ValueError, subject.module.Strategy, *args)

    def sample(self):
        """Arguments that are right, one for each option."""
        args = permafrost.split(subject.specs[0])[0][1]
        for _, _, default in subject.module.OPTIONS[len(args):]:
            args.append(default)
        return args

    def test_canonical_is_idempotent(self):
        for spec in subject.specs:
            canonical = permafrost.canonical(spec)
            self.assertEqual(permafrost.canonical(canonical), canonical)
            (name, args), = permafrost.split(canonical)
            self.assertEqual(name, subject.name)
            self.assertEqual(len(args), len(subject.module.OPTIONS))

    def test_keywords_are_places(self):
        args = self.sample()
        names = [option[0] for option in subject.module.OPTIONS]
        keyed = ["%s=%s" % pair for pair in zip(names, args)]
        canonical = subject.module.canonical(*args)
        self.assertEqual(subject.module.canonical(*keyed), canonical)
        self.assertEqual(subject.module.canonical(*keyed[::-1]), canonical)

    def test_defaults_are_spelt_out(self):
        defaults = [option[2] for option in subject.module.OPTIONS]
        if None not in defaults:
            self.assertEqual(subject.module.canonical(),
                             subject.module.canonical(*defaults))

    def test_required_options_are_named(self):
        for name, _, default in subject.module.OPTIONS:
            if default is None:
                return self.refuse([], name)

    def test_too_many(self):
        self.refuse(self.sample() + ["7"], "'7'")
        self.refuse(self.sample() + ["7"] * 20)

    def test_unknown_keyword(self):
        self.refuse(["no-such=1"], "'no-such=1'")
        self.refuse(["=1"])

    def test_twice(self):
        for (name, _, _), arg in zip(subject.module.OPTIONS, self.sample()):
            text = "%s=%s" % (name, arg)
            self.refuse([text, text], name, "twice")

    def test_bad_values(self):
        for i, (name, _, _) in enumerate(subject.module.OPTIONS):
            for bad in ("", " 1", "-1", "1 ", "x", "1x", "9" * 40, "1-", "3-2"):
                args = self.sample()
                args[i] = bad
                self.refuse(args, name, "'%s'" % bad)

    def test_wrong_types(self):
        self.assertRaises(TypeError, subject.module.canonical, 1)
        self.assertRaises(TypeError, subject.module.canonical, None)
        if subject.supported:
            self.assertRaises(TypeError, subject.module.Strategy, 1)
            self.assertRaises(TypeError, subject.module.Strategy, limit="1")


class Recorder(object):
    """Stands for a strategy's module, and writes down what is called."""
    HOOKS = HOOKS
    log = []

    def __init__(self, letter):
        self.letter = letter

    def Strategy(self):
        return self

    def __getattr__(self, name):
        def hook():
            self.log.append(self.letter + " " + name)
            return 0
        return hook


class StackTest(support.Case):
    def setUp(self):
        support.Case.setUp(self)
        del Recorder.log[:]
        for letter in "abc":
            sys.modules["permafrost." + letter] = Recorder(letter)

    def tearDown(self):
        for letter in "abc":
            del sys.modules["permafrost." + letter]

    def test_order(self):
        stack = permafrost.Stack("a+b+c")
        for hook in permafrost.HOOKS:
            del Recorder.log[:]
            getattr(stack, hook)()
            self.assertEqual(Recorder.log,
                             [letter + " " + hook for letter in "abc"])
            del Recorder.log[:]
            stack.hook(hook)()
            self.assertEqual(Recorder.log,
                             [letter + " " + hook for letter in "abc"])
        del Recorder.log[:]
        stack.undo()
        self.assertEqual(Recorder.log, ["c undo", "b undo", "a undo"])

    @unittest.skipIf(support.PYPY, "has no skeleton")
    def test_failure_undoes_the_parts_before(self):
        stack = permafrost.Stack("a+b+skeleton:limit=0+c")
        with self.assertRaises(RuntimeError) as caught:
            stack.before_fork()
        self.assertTrue("limit" in str(caught.exception))
        self.assertEqual(Recorder.log, ["a before_fork", "b before_fork",
                                        "b undo", "a undo"])

    def test_absent_hooks(self):
        stack = permafrost.Stack("none")
        for hook in permafrost.HOOKS:
            self.assertEqual(stack.hook(hook) is None, hook != "before_fork")
        self.assertEqual(stack.count(), 0)
        stack.undo()

    def test_names(self):
        for spec in ("no-such", "freeze_gen", "Freeze", "probe", "none+no-such",
                     ".none", "none.x"):
            self.assertRaises(permafrost.UnknownStrategy, permafrost.canonical,
                              spec)
        for spec in ("", "+", "none+", "+none", "none:", "none::1"):
            self.assertRaises(ValueError, permafrost.canonical, spec)

    @unittest.skipIf(support.PYPY, "has no skeleton")
    @unittest.skipUnless(subject.supported, "unsupported here")
    def test_failure_behind_this_one(self):
        for spec in subject.specs:
            stack = permafrost.Stack(spec + "+skeleton:limit=0")
            before = support.gc_state()
            self.assertRaises(RuntimeError, stack.before_fork)
            self.assertEqual(support.gc_state(), before)
            self.assertEqual(stack.count() > 0, subject.lasting)

    @unittest.skipIf(support.PYPY, "has none of these")
    @unittest.skipUnless(subject.supported, "unsupported here")
    def test_among_others(self):
        for spec in subject.specs:
            full = "disable+threshold-zero+%s+tuned:7:8:9+freeze" % spec
            stack = permafrost.Stack(full)
            self.assertEqual(str(stack), permafrost.canonical(full))
            gc.enable()
            before = support.gc_state()
            stack.before_fork()
            self.assertEqual(gc.isenabled(), False)
            self.assertEqual(gc.get_threshold()[0], 7)
            self.assertTrue(stack.count() > 0)
            stack.undo()
            self.assertEqual(support.gc_state(), before)
            self.assertEqual(stack.count() > 0, subject.lasting)
