"""`make demo` and its relatives; hack/demo.py is the command line."""
