"""The control-plane benchmark; ../control_plane_bench.py is the command line."""
