"""The one exception a user of the tool sees: a sentence, no traceback."""


class ClusterError(Exception):
    """What went wrong and, where there is one, what to do about it."""
