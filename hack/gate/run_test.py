"""Runs one unittest file such that SIGTERM ends it in order:

    python3 hack/gate/run_test.py tests/e2e/x_test.py -v

The test that runs fails, no further one starts, and the cleanups of test, class and module take down
what they had brought up.  unittest does so for exceptions only: at SystemExit it goes on with the
next test, and after a failed setUpClass or at KeyboardInterrupt the class's cleanups do not run.
"""

import pathlib
import runpy
import signal
import sys
import unittest


class Stopped(Exception):
    """The gate's time limit, or somebody's wish."""


def stop(number, frame):
    for again in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(again, signal.SIG_IGN)  # the cleanups are not disturbed
    signal.getsignal(signal.SIGINT)(signal.SIGINT, frame)  # unittest's: no further test
    raise Stopped(signal.Signals(number).name)


def main(argv):
    unittest.installHandler()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    path = pathlib.Path(argv[0]).resolve()
    sys.argv = [str(path), *argv[1:]]
    sys.path[0] = str(path.parent)
    runpy.run_path(str(path), run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
