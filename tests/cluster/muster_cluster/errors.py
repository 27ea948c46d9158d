"""The exceptions a user of the tool sees: a sentence, no traceback."""


class ClusterError(Exception):
    """What went wrong and, where there is one, what to do about it."""


class TimedOut(ClusterError):
    """Something awaited did not come."""
