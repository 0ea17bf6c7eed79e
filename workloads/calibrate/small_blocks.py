"""Known answer: of SCALE MiB of small blocks every second one is free."""

BLOCK = 64


def warm(scale):
    made = [('%020d' % n).encode('ascii') for n in range((scale << 20) // BLOCK)]
    del made[::2]
    return made


def request(state, n):
    pass
