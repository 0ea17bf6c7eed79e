"""The standard library imported, with the syntax trees of its modules kept warm.

One unit of scale is one module whose source and syntax tree are kept, largest
first; a scale beyond what the interpreter's library has keeps all of them.  Imported
is always the whole library, as far as it imports on this system.  Requests compile,
print, copy and annotate one function or class of these trees, as checkers,
formatters and coverage tools do.  The nodes of the copy get references to their
parents, so each request leaves cyclic garbage.

Left out are tests, programs that act when imported (those that print, open windows,
read a user's files, or start other programs to look for libraries), and modules that
swap others in sys.modules.  The list of modules is sorted, never in the order of the
directory, so that two runs make the same objects.
"""

import ast
import copy
import hashlib
import os
import pkgutil
import sys
import warnings

SCALE = 40

# Top-level statements of this many lines are worked on: large enough to cost a
# millisecond, small enough that no request stands out.
UNIT_LINES = (30, 90)

SKIPPED = frozenset((
    # Tests, and modules that import them; windows; what prints or reads a user's files.
    'test', 'tests', 'test_utils', 'stones', 'idle_test', 'idlelib', 'lib2to3', 'tkinter',
    'turtle', 'turtledemo', 'antigravity', 'this', '__hello__', '__phello__', '__main__',
    'site', 'sitecustomize', 'usercustomize', 'user', 'ensurepip', 'webbrowser',
    # It installs its completer for good, and an exit handler to remove it.
    'rlcompleter', '_pyrepl',
    # They import a second copy of threading, which then takes part in every fork.
    'dummy_threading', '_dummy_threading',
    # They ask a compiler or the linker's cache about libraries of other systems.
    '_ios_support', '_apple_support', '_android_support', '_osx_support',
    # Parts of PyPy that build extension modules.
    'cffi', 'pycparser', 'hpy', 'pypy_tools', '_ctypes_test',
))
# It ran the linker's programs when imported, up to this version.
if sys.version_info < (3, 7):
    SKIPPED |= frozenset(('uuid',))
# The libffi inside these releases, built by a compiler of today, crashes at random.
if (3,) < sys.version_info < (3, 6):
    SKIPPED |= frozenset(('ctypes', 'sharedctypes'))

# What modules of other systems raise: most say ImportError, but some only notice
# that a name, a C type, a codec or a file is not there.
FAILURES = (ImportError, AttributeError, NameError, ValueError, LookupError, OSError)


class Library(object):
    """The state: what was imported, and the sources, trees and units kept of it."""

    def __init__(self):
        self.modules = {}
        self.failures = {}
        self.sources = []
        self.digests = []
        self.trees = []
        self.units = []


def is_skipped(name):
    """Tell whether the last part of a dotted name bars a module from being imported."""
    last = name.rpartition('.')[2]
    return last in SKIPPED or last.startswith('_test') or last.endswith('_build')


def import_tree(library, directory, prefix):
    """Import every module of a directory, and what is inside those that are packages."""
    found = sorted((name, is_package) for _, name, is_package in pkgutil.iter_modules([directory]))
    for name, is_package in found:
        full = prefix + name
        if is_skipped(full):
            continue
        try:
            __import__(full)
            library.modules[full] = sys.modules[full]
        except FAILURES as error:
            library.failures[full] = type(error).__name__
            continue
        if is_package:
            import_tree(library, os.path.join(directory, name), full + '.')


def source_path(module):
    """Return the path of a module's source, or None when it has none to read."""
    path = getattr(module, '__file__', None) or ''
    if path.endswith(('.pyc', '.pyo')):
        path = path[:-1]
    return path if path.endswith('.py') and os.path.isfile(path) else None


def keep_trees(library, scale):
    """Parse the ``scale`` largest sources, and find the units to work on in them."""
    paths = {}
    for name in sorted(library.modules):
        path = source_path(library.modules[name])
        if path:
            paths.setdefault(path, name)
    # Tables are large too, but their trees are one long list: not what tools work on.
    order = sorted((-os.path.getsize(path), path) for path, name in paths.items()
                   if not name.startswith(('encodings.', 'pydoc_data')))
    for _, path in order[:scale]:
        with open(path, 'rb') as stream:
            source = stream.read()
        tree = ast.parse(source, path)
        library.sources.append(source)
        library.digests.append(hashlib.sha256(source).hexdigest())
        library.trees.append(tree)
        # Ends of nodes came with 3.8, so the next statement's line has to do.
        for node, after in zip(tree.body, tree.body[1:]):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and \
                    UNIT_LINES[0] <= after.lineno - node.lineno <= UNIT_LINES[1]:
                library.units.append(node)
    if not library.units:
        library.units.extend(tree.body[0] for tree in library.trees if tree.body)


def warm(scale):
    """Import the library and keep ``scale`` trees; ValueError unless scale >= 1."""
    if scale < 1:
        raise ValueError('stdlib: scale must be at least 1, not %r' % (scale,))
    library = Library()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        import_tree(library, os.path.dirname(os.path.abspath(os.__file__)), '')
        keep_trees(library, scale)
    for n in range(5):
        request(library, n)
    return library


def module_of(node):
    """Return a tree of one statement, which is what the compiler takes."""
    tree = ast.parse('')
    tree.body = [node]
    return tree


def work_compile(node):
    """Return how much code the unit makes."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        code = compile(module_of(node), '<unit>', 'exec', 0, True)
    return len(code.co_code) + len(code.co_consts) + len(code.co_names)


def work_print(node):
    """Return the length of the unit as text: source where trees can be printed as such."""
    if hasattr(ast, 'unparse'):
        return len(ast.unparse(node))
    return len(ast.dump(node))


def work_annotate(node):
    """Copy the unit, link every node to its parent, and return the sum of the depths."""
    unit = copy.deepcopy(node)
    unit.depth = total = 0
    waiting = [unit]
    while waiting:
        parent = waiting.pop()
        for child in ast.iter_child_nodes(parent):
            # Contexts and operators are one shared instance each: leave them alone.
            if child._fields:
                child.parent = parent
                child.depth = parent.depth + 1
                total += child.depth
                waiting.append(child)
    return total


def request(state, n):
    """Serve request ``n``: work on one unit; return the measures of it, a tuple of ints."""
    # The step is a prime beyond the number of units, so all of them are visited.
    unit = state.units[n * 10007 % len(state.units)]
    return work_compile(unit), work_print(unit), work_annotate(unit)


def same_tree(left, right):
    """Tell whether two trees are equal, nodes and positions; recursion would be slower."""
    waiting = [(left, right)]
    while waiting:
        left, right = waiting.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, list):
            if len(left) != len(right):
                return False
            waiting.extend(zip(left, right))
        elif isinstance(left, ast.AST):
            for name in left._fields + left._attributes:
                waiting.append((getattr(left, name, None), getattr(right, name, None)))
            if vars(left).keys() != vars(right).keys():
                return False
        elif left != right and left == left:
            return False
    return True


def check(state):
    """Raise AssertionError unless modules, sources and trees are as ``warm`` made them."""
    for name, module in state.modules.items():
        if sys.modules.get(name) is not module:
            raise AssertionError('the module %s was replaced' % name)
    if not len(state.sources) == len(state.digests) == len(state.trees) > 0:
        raise AssertionError('sources, digests and trees differ in number')
    kept = set(id(node) for tree in state.trees for node in tree.body)
    if not state.units or not all(id(unit) in kept for unit in state.units):
        raise AssertionError('a unit is not part of a kept tree')
    for source, digest, tree in zip(state.sources, state.digests, state.trees):
        if hashlib.sha256(source).hexdigest() != digest:
            raise AssertionError('a kept source has changed')
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            fresh = ast.parse(source)
        if not same_tree(tree, fresh):
            raise AssertionError('a kept tree differs from its source')
