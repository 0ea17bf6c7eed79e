"""The strategy under test, and what is expected of it."""
import permafrost

import support

# Specs for the tests that any strategy must pass; else its plain name.
SPECS = {
    "freeze-gen": ("freeze-gen", "freeze-gen:0-1"),
    "reshare": ("reshare", "reshare:every=1:grow=0:cpu=100%"),
    "tuned": ("tuned:5000:20:30",),
}

# The generations that a spec freezes.
FROZEN = {
    "freeze": (0, 1, 2),
    "freeze-gen": (2,),
    "freeze-gen:0": (0,),
    "freeze-gen:1": (1,),
    "freeze-gen:0-1": (0, 1),
    "freeze-gen:1-2": (1, 2),
    "freeze-gen:0-2": (0, 1, 2),
    "refork": (0, 1, 2),
}

# Whether automatic collections go on after a spec, and whether they do after
# gc.enable() on top.
AUTOMATIC = {
    "none": (True, True),
    "collect": (True, True),
    "freeze": (True, True),
    "freeze-gen": (True, True),
    "refork": (True, True),
    "seal": (True, True),
    "reshare": (True, True),
    "immortal": (True, True),
    "skeleton": (True, True),
    "threshold-zero": (False, False),
    "disable": (False, True),
    "oob": (False, False),
    "oob:1": (False, False),
    "rss-collect": (False, False),
    "tuned:100:0:0": (True, True),
    "tuned:0:10:10": (False, False),
}

# (enabled, thresholds) after a spec, when they were enabled and (123, 4, 5).
SETTINGS = {
    "none": (True, (123, 4, 5)),
    "collect": (True, (123, 4, 5)),
    "freeze": (True, (123, 4, 5)),
    "freeze-gen": (True, (123, 4, 5)),
    "refork": (True, (123, 4, 5)),
    "seal": (True, (123, 4, 5)),
    "reshare": (True, (123, 4, 5)),
    "immortal": (True, (123, 4, 5)),
    "skeleton": (True, (123, 4, 5)),
    "threshold-zero": (True, (0, 4, 5)),
    "disable": (False, (123, 4, 5)),
    "oob": (True, (0, 4, 5)),
    "rss-collect": (True, (0, 4, 5)),
    "tuned:5000:20:30": (True, (5000, 20, 30)),
    "tuned:0:0:2147483647": (True, (0, 0, 2147483647)),
}

# Strategies that collect what is garbage at the fork.
COLLECT = ("collect", "refork")

# Strategies that refuse a second before_fork.
ONCE = ("skeleton",)

# Strategies that refuse a process with threads.
SINGLE_THREADED = ("reshare",)

# Strategies that are about PyPy's collector.
ON_PYPY = ("step", "pressure")

ext_dir = name = module = None
absent = None       # why there cannot be such a module here
supported = lasting = False
specs = ()


def is_lasting(module):
    """Whether the strategy holds objects until the process ends: it counts
    them and has no undo."""
    return "count" in module.HOOKS and "undo" not in module.HOOKS


def choose(folder, chosen):
    """Makes the strategy `chosen` the one under test."""
    global ext_dir, name, module, absent, supported, lasting, specs
    ext_dir, name = folder, chosen
    try:
        module = permafrost.load(name)
    except permafrost.Unsupported as error:
        absent = str(error)
        return
    supported = module.supported() is None
    lasting = is_lasting(module)
    specs = SPECS.get(name)
    if specs is None:       # one that these tables do not know
        needed = sum(default is None for _, _, default in module.OPTIONS)
        specs = (":".join([name] + ["1"] * needed),)


def expected_unsupported():
    """Whether `name` must not work on this interpreter; None: not known."""
    if name in ON_PYPY:
        return not support.PYPY
    if name == "freeze-gen":
        return not support.LINKED
    if name == "reshare":
        return support.FREE_THREADED
    if name == "immortal":
        return not support.HAS_IMMORTALS
    return False if name in AUTOMATIC or name in SPECS else None


def of_table(table):
    """The rows of one of the tables above that are of this strategy."""
    return sorted((spec, row) for spec, row in table.items()
                  if spec.split(":")[0] == name)
