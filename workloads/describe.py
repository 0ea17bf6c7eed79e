"""Tells the harness, as one JSON document on stdout, what an interpreter can
do: which strategies it has and supports, and the canonical form of specs.

Arguments: EXT_DIR "NAME ..." [SPEC...], NAME being all strategies there are.
"""
import json
import sys


def strategy(permafrost, name):
    """What there is to know about the strategy `name` here."""
    try:
        module = permafrost.load(name)
    except ImportError as error:
        return {"name": name, "reason": str(error)}
    return {"name": name, "summary": module.SUMMARY,
            "options": [{"name": option, "help": text, "default": default}
                        for option, text, default in module.OPTIONS],
            "reason": module.supported()}


def stack(permafrost, spec):
    """The canonical form of `spec` and why it is unsupported here, if it is;
    or the error in it."""
    try:
        return {"spec": spec, "canonical": permafrost.canonical(spec),
                "reason": permafrost.unsupported(spec)}
    except ImportError as error:
        # Another interpreter may know how to spell it.
        return {"spec": spec, "canonical": None, "reason": str(error)}
    except ValueError as error:
        return {"spec": spec, "error": str(error)}


def main(argv):
    sys.path[0] = argv[1]
    import permafrost
    json.dump({"strategies": [strategy(permafrost, name)
                              for name in argv[2].split()],
               "stacks": [stack(permafrost, spec) for spec in argv[3:]]},
              sys.stdout)


if __name__ == "__main__":
    main(sys.argv)
