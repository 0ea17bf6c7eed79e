"""Makes as many objects as chance and hashes say."""
import random


def warm(scale):
    return [[n] for n in range(random.randrange(5000) + hash("dice") % 5000)]


def request(state, n):
    state.extend([k] for k in range(random.randrange(1000)))
