"""Has no request()."""


def warm(scale):
    return None
