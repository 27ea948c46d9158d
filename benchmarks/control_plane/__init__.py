"""The control-plane benchmark; ../control_plane_bench.py is the command line.  It is built of what the
end-to-end tests are built of."""

import pathlib
import sys

_TESTS = pathlib.Path(__file__).resolve().parents[2] / "tests"
sys.path += [str(_TESTS / "e2e"), str(_TESTS / "cluster")]
