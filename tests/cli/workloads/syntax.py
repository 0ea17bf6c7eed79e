"""Is no Python."""


def warm(scale:
