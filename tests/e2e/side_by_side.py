"""Runs the tests of a file at the same time: they mostly wait, each in a namespace of its own.

    def load_tests(_loader, tests, _pattern):
        return SideBySide(tests, open_house, close_house)

A test that must be alone has the attribute `alone = True` on its class; it runs after the others.
"""

import concurrent.futures
import threading
import unittest


class _Recorder(unittest.TestResult):
    """Keeps what happened to one test, to be told to the real result later."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def _note(self, name, *arguments):
        self.calls.append((name, arguments))

    def addSuccess(self, test):
        self._note("addSuccess", test)

    def addError(self, test, err):
        self._note("addError", test, err)

    def addFailure(self, test, err):
        self._note("addFailure", test, err)

    def addSkip(self, test, reason):
        self._note("addSkip", test, reason)

    def addSubTest(self, test, subtest, err):
        self._note("addSubTest", test, subtest, err)


def flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from flatten(item)
        else:
            yield item


class SideBySide(unittest.TestSuite):
    """`start` opens what the tests share, `stop(ok)` closes it and is called in any case."""

    def __init__(self, tests, start, stop, threads=24):
        super().__init__(flatten(tests))
        self._start, self._stop, self._threads = start, stop, threads
        self._lock = threading.Lock()

    def run(self, result, debug=False):
        ok = False
        try:
            self._start()
            tests = list(self)
            alone = [test for test in tests if getattr(test, "alone", False)]
            self._run([test for test in tests if test not in alone], result, self._threads)
            self._run(alone, result, 1)
            ok = result.wasSuccessful()
        finally:
            self._stop(ok)
        return result

    def _run(self, tests, result, threads):
        if not tests:
            return
        pool = concurrent.futures.ThreadPoolExecutor(threads)
        try:
            for done in concurrent.futures.as_completed(
                    [pool.submit(self._one, test, result) for test in tests]):
                done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _one(self, test, result):
        recorder = _Recorder()
        test(recorder)
        with self._lock:
            result.startTest(test)
            for name, arguments in recorder.calls:
                getattr(result, name)(*arguments)
            result.stopTest(test)
