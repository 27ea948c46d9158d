"""How benchmarks/control_plane_bench.py judges and keeps what it measured; nothing is measured here."""

import contextlib
import io
import json
import math
import pathlib
import statistics
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import control_plane_bench as bench  # noqa: E402
from control_plane import audit, life, report, size  # noqa: E402
from control_plane.report import Figure, percentile  # noqa: E402


class Percentiles(unittest.TestCase):
    def test_they_are_the_nearest_rank(self):
        hundred = list(range(1, 101))
        self.assertEqual([percentile(hundred, p) for p in (0, 1, 50, 99, 100)], [1, 1, 50, 99, 100])
        self.assertEqual([percentile([4, 1, 3, 2], p) for p in (25, 50, 51, 99)], [1, 2, 3, 4])
        self.assertEqual(percentile([7], 50), 7)

    def test_a_cycle_lies_in_a_bucket(self):
        counts = size.new_counts({0.1: 5, 2.5: 5, math.inf: 5}, {0.1: 55, 2.5: 104, math.inf: 105})
        self.assertEqual([size.quantile(counts, p) for p in (50, 99, 100)], [100, 2500, math.inf])


class Figures(unittest.TestCase):
    def test_what_is_above_the_last_bucket_says_so(self):
        fast, slow = size.cycle_figures("cycle", [(100, 60), (2500, 60), (math.inf, 100)])
        self.assertEqual(slow.text(), "> 2,500 ms")
        self.assertEqual((slow.data()["value"], slow.data()["above"]), (None, 2500))
        self.assertIsNone(fast.data()["above"])
        slow.bound = 9999
        self.assertFalse(slow.met())

    def test_a_bound_is_about_the_ratio_where_there_is_a_floor(self):
        self.assertTrue(Figure("x", 60, "", floor=100, bound=0.6).met())
        self.assertFalse(Figure("x", 59, "", floor=100, bound=0.6).met())
        self.assertFalse(Figure("x", 5, "", bound=4, better="less").met())


class Writes(unittest.TestCase):
    """Of gangs of two pods: five writes each, and whoever has more is counted."""

    def event(self, resource, name, verb="create", dry=False):
        return audit.Event("system:muster:operator-0", verb, resource, "bench", name, 201, dry, 0, 1)

    def gang(self, name, statuses=2):
        return [self.event("pods", f"{name}-1-main-{i}") for i in range(2)] + \
            [self.event("events", f"{name}.17c")] + \
            [self.event("jobs/status", name, "patch")] * statuses

    def figures(self, *events):
        return life.writes_figures("gangs", [e for part in events for e in part], 3, 5,
                                   statistics.median_high)

    def test_gangs_that_have_more_writes_than_most_are_told(self):
        gangs, *_ = self.figures(self.gang("a"), self.gang("b"), self.gang("c", statuses=7))
        self.assertTrue(gangs.met())
        self.assertEqual(gangs.value, 5)
        self.assertIn("1 of 3 have more than 5", gangs.note)

    def test_dry_runs_are_a_figure_of_their_own(self):
        dry = self.event("pods", "a-1-main-0-dry", dry=True)
        for runs in (1, 2):
            gangs, _, figure = self.figures(*map(self.gang, "abc"), [dry] * runs)
            self.assertEqual((gangs.value, figure.value, figure.met()), (5, runs, runs == 1))


class Trouble(unittest.TestCase):
    """Benchmarks that fail, by what takes their place."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.output = pathlib.Path(folder.name) / "told" / "figures.json"
        self.house = mock.Mock()
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        for target, name, value in (
                (bench, "House", mock.Mock(return_value=self.house)), (bench, "not_built", list),
                (bench.signal, "signal", mock.Mock()), (report, "busy_now", lambda: 0.0),
                (bench.starts, "run", self.house.starts), (bench.life, "run", self.house.life)):
            stack.enter_context(mock.patch.object(target, name, value))
        self.house.life.side_effect = lambda _house, told, _scale: told.add(Figure("jobs", 1, ""))

    def main(self):
        """(exit code, the JSON file)."""
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = bench.main(["--output", str(self.output), "--only", "starts", "--only", "life"])
        return code, json.loads(self.output.read_text())

    def test_one_that_fails_is_cleared_away_and_the_next_one_runs(self):
        self.house.starts.side_effect = OverflowError("too slow")
        code, told = self.main()
        self.assertEqual(code, 1)
        self.assertEqual(told["failed"], {"starts": "OverflowError: too slow"})
        self.assertEqual([figure["name"] for figure in told["figures"]], ["jobs"])
        self.assertEqual([call[0] for call in self.house.mock_calls],
                         ["starts", "reset", "life", "close"])

    def test_none_runs_where_a_failed_one_could_not_be_cleared_away(self):
        self.house.starts.side_effect = OverflowError("too slow")
        self.house.reset.side_effect = ValueError("stuck")
        _, told = self.main()
        self.assertEqual(told["failed"]["cluster"], "ValueError: stuck")
        self.assertEqual([call[0] for call in self.house.mock_calls], ["starts", "reset", "close"])

    def test_a_cluster_that_does_not_start_is_told(self):
        bench.House.side_effect = AssertionError("no etcd")
        self.assertEqual(self.main()[1]["failed"], {"cluster": "AssertionError: no etcd"})

    def test_what_is_measured_is_kept_when_it_is_stopped(self):
        self.house.starts.side_effect = lambda _house, told, _scale: told.add(Figure("pods", 2, ""))
        self.house.life.side_effect = SystemExit(143)
        with self.assertRaises(SystemExit):
            self.main()
        told = json.loads(self.output.read_text())
        self.assertEqual([figure["name"] for figure in told["figures"]], ["pods"])
        self.house.close.assert_called_once_with()


if __name__ == "__main__":
    unittest.main()
