"""Has no warm()."""


def request(state, n):
    pass
